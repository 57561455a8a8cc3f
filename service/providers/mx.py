"""Which mailbox group a domain belongs to, by its mail servers: looked up once a day, never for long."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import idna
import structlog
from dns.exception import DNSException
from dns.resolver import NXDOMAIN, NoAnswer, Resolver
from redis import Redis
from redis.exceptions import RedisError

from service.domain.mailbox_group import group_of, known_group

LOOKUP = 2.0  # seconds for one domain
DEADLINE = 3.0  # seconds for all domains of one group of mails
AT_ONCE = 8
REST = 30.0  # seconds without lookups after no name server answered, and without Valkey after it didn't
KEPT = 86_400  # seconds
KEPT_UNSURE = 600  # seconds for which a domain that could not be looked up is its own group
MOST = 20_000  # domains that one process remembers

log = structlog.get_logger()


class MailboxGroups:
    """Groups by domain: by table, from memory, from Valkey, by DNS; whatever fails, a domain is its own group."""

    def __init__(self, redis: Redis, resolver: Resolver | None) -> None:
        """Without a resolver nothing is looked up."""
        self._redis, self._resolver = redis, resolver
        self._memory: OrderedDict[str, tuple[str, float]] = OrderedDict()
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="mx") if resolver else None
        self._dns_rests_until = self._valkey_rests_until = 0.0

    def of(self, domains: Collection[str]) -> dict[str, str]:
        """The group of each domain, within seconds. Never raises."""
        groups: dict[str, str] = {}
        unknown: list[str] = []
        now = time.monotonic()
        for domain in set(domains):
            kept = self._memory.get(domain)
            group = known_group(domain) or (kept[0] if kept and kept[1] > now else None)
            groups[domain] = group or domain
            if group is None:
                unknown.append(domain)
        if unknown and self._resolver is not None:
            told = self._from_valkey(unknown)
            groups |= told | self._from_dns([domain for domain in unknown if domain not in told])
        return groups

    def _from_valkey(self, domains: list[str]) -> dict[str, str]:
        if time.monotonic() < self._valkey_rests_until:
            return {}
        try:
            found: Any = self._redis.mget([f"mx:{domain}" for domain in domains])
        except RedisError:
            self._valkey_rests_until = time.monotonic() + REST
            return {}
        known = {domain: group.decode() for domain, group in zip(domains, found, strict=True) if group}
        for domain, group in known.items():
            self._remember(domain, group, KEPT / 24)
        return known

    def _from_dns(self, domains: list[str]) -> dict[str, str]:
        if not domains or self._pool is None or time.monotonic() < self._dns_rests_until:
            return {}
        asked = {self._pool.submit(self._look_up, domain): domain for domain in domains}
        done, late = wait(asked, DEADLINE)
        for each in late:
            each.cancel()
        found = {asked[each]: each.result() for each in done}
        if not any(sure for _, sure in found.values()):
            log.warning("mx.without_dns", domains=len(domains))
            self._dns_rests_until = time.monotonic() + REST
        for domain, (group, sure) in found.items():
            self._remember(domain, group, KEPT if sure else KEPT_UNSURE)
        self._share({domain: group for domain, (group, sure) in found.items() if sure})
        return {domain: group for domain, (group, _) in found.items()}

    def _look_up(self, domain: str) -> tuple[str, bool]:
        """A domain's group, and whether the DNS said so."""
        assert self._resolver is not None
        try:
            name = domain if domain.isascii() else idna.encode(domain, uts46=True).decode()
            answer: Any = self._resolver.resolve(name, "MX", lifetime=LOOKUP)
        except (NXDOMAIN, NoAnswer):
            return group_of(domain), True
        except (DNSException, UnicodeError, OSError):
            return group_of(domain), False
        records = sorted(answer, key=lambda record: (record.preference, record.exchange))
        servers = [
            host for each in records if (host := each.exchange.to_text(omit_final_dot=True)) not in {"", ".", "@"}
        ]
        return group_of(domain, servers), True

    def _share(self, groups: dict[str, str]) -> None:
        if not groups or time.monotonic() < self._valkey_rests_until:
            return
        try:
            with self._redis.pipeline(transaction=False) as pipe:
                for domain, group in groups.items():
                    pipe.set(f"mx:{domain}", group, ex=KEPT)
                pipe.execute()
        except RedisError:
            self._valkey_rests_until = time.monotonic() + REST

    def _remember(self, domain: str, group: str, seconds: float) -> None:
        self._memory[domain] = (group, time.monotonic() + seconds)
        self._memory.move_to_end(domain)
        if len(self._memory) > MOST:
            self._memory.popitem(last=False)

    def close(self) -> None:
        """End without waiting for lookups under way; none takes longer than LOOKUP."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
