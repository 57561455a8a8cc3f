"""What runs inside Valkey: the arithmetic of `service.domain.pacing`, atomic, with the server's own time.

A bucket is a hash that expires two days after it was last written, with nothing in it that is not worth forgetting by
then. A group without limits that takes all our mail has none, and asking for it writes nothing.
"""

from __future__ import annotations

from service.domain.bucket import BURST, FORGIVES, LONGEST_PAUSE, LOWEST, MAJOR, PAUSE, RECOVERY, UNLIMITED_SLOWED

KEPT = 172_800  # seconds
DRAW_ARGUMENTS = 8
SETTLE_ARGUMENTS = 4

_SHARED = f"""
local BURST, SLOWED, LOWEST, RECOVERY = {BURST}, {UNLIMITED_SLOWED}, {LOWEST}, {RECOVERY!r}
local FORGIVES, MAJOR, PAUSE, LONGEST, KEPT = {FORGIVES!r}, {MAJOR}, {PAUSE}, {LONGEST_PAUSE}, {KEPT}
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local NAMES = {{'tokens', 'at', 'day', 'count', 'factor', 'until', 'strikes'}}
local FRESH = {{1, 0, 0, 0, 1, 0, 0}}

local function read(key)
  local found, bucket = redis.call('HMGET', key, unpack(NAMES)), {{}}
  for i, name in ipairs(NAMES) do bucket[name] = tonumber(found[i] or FRESH[i]) end
  return bucket, found[1] ~= false
end

local function write(key, bucket)
  local pairs_ = {{}}
  for i, name in ipairs(NAMES) do
    pairs_[2 * i - 1], pairs_[2 * i] = name, string.format('%.17g', bucket[name])
  end
  redis.call('HSET', key, unpack(pairs_))
  redis.call('EXPIRE', key, KEPT)
end
"""

# For each key: rate, burst, day, allowed, soft, service, other, whether anything is limited.
# Returns for each: service, other, left, factor, pause, watched.
DRAW = (
    _SHARED
    + """
local granted = {}
for i, key in ipairs(KEYS) do
  local a = {}
  for j = 1, 8 do a[j] = tonumber(ARGV[(i - 1) * 8 + j]) end
  local rate, burst, day, allowed, soft, service, other = unpack(a, 1, 7)
  local b, known = read(key)
  local base = rate
  if base == 0 and b.factor < 1 then base = SLOWED end
  local effective = b.factor * base
  if day > b.day then b.day, b.count = day, 0 end
  if b.at > 0 then b.tokens = b.tokens + effective * math.max(0, now - b.at) end
  local most = BURST * effective
  if rate > 0 then most = math.min(burst, most) end
  b.tokens, b.at = math.min(b.tokens, math.max(1, most)), math.max(now, b.at)
  if b['until'] > now then
    service, other = 0, 0
  else
    if effective > 0 then
      local whole = math.max(0, math.floor(b.tokens))
      service = math.min(service, whole)
      other = math.min(other, whole - service)
    end
    if allowed >= 0 then
      local room = math.max(0, allowed - b.count)
      if soft == 0 then service = math.min(service, room) end
      other = math.min(other, math.max(0, room - service))
    end
    if effective > 0 then b.tokens = b.tokens - service - other end
    b.count = b.count + service + other
  end
  local watched = b.factor < 1 or b['until'] > 0 or b.strikes > 0
  if a[8] == 1 or watched then write(key, b) elseif known then redis.call('DEL', key) end
  local pause = string.format('%.17g', math.max(0, b['until'] - now))
  granted[i] = {service, other, b.count, string.format('%.17g', b.factor), pause, watched and 1 or 0}
end
return granted
"""
)

# For each key: taken, unused, strikes, after. Returns how many keys there are.
SETTLE = (
    _SHARED
    + """
for i, key in ipairs(KEYS) do
  local a = {}
  for j = 1, 4 do a[j] = tonumber(ARGV[(i - 1) * 4 + j]) end
  local taken, unused, strikes, after = unpack(a, 1, 4)
  local b, known = read(key)
  b.tokens, b.count = b.tokens + unused, math.max(0, b.count - unused)
  if b['until'] > now then
    if after > 0 then b['until'] = math.max(b['until'], now + after) end
  else
    b.factor = math.min(1, b.factor + RECOVERY * taken)
    b.strikes = math.max(0, b.strikes - FORGIVES * taken) + strikes
    b['until'] = 0
    if b.strikes >= MAJOR - 1e-9 then
      b.factor = math.max(LOWEST, b.factor / 2)
      local pause = math.min(LONGEST, PAUSE * 0.5 / b.factor)
      if after > 0 then pause = after end
      b.strikes, b['until'], b.tokens = 0, now + pause, math.min(b.tokens, 1)
    end
  end
  if known or strikes > 0 or unused < 0 then write(key, b) end
end
return #KEYS
"""
)

# KEYS: members, seats. ARGV: who, seconds a member is remembered, seats (0: any number), seconds a seat is held.
# Returns how many members there are, and whether this one may sit down.
ATTEND = """
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local who, kept, seats, held = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - kept)
redis.call('ZADD', KEYS[1], now, who)
redis.call('EXPIRE', KEYS[1], kept)
local seated = 1
if seats > 0 then
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - held)
  if redis.call('ZSCORE', KEYS[2], who) or redis.call('ZCARD', KEYS[2]) < seats then
    redis.call('ZADD', KEYS[2], now, who)
    redis.call('EXPIRE', KEYS[2], held)
  else
    seated = 0
  end
end
return {redis.call('ZCARD', KEYS[1]), seated}
"""
