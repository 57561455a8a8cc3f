"""Take what is cleared, only as far as the pace towards the world allows: what is too much waits in its group's queue.

Domains are looked up, and buckets asked, between transactions. A group that was calm a second ago is not asked again,
so where nothing is limited pacing costs nothing.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import replace
from email.utils import parseaddr
from zoneinfo import ZoneInfo

from service import clock
from service.actions.lease import LEASE, Lease, Taken, take
from service.actions.put_into_words import Desk
from service.domain.bucket import Answers, Ask, Grant, Limit, strike_of
from service.domain.pacing import Pacing, limit_in_all, limit_of, warm_up_day
from service.domain.pacing_wait import wait_of
from service.ports import Message, Outcome, Pacer, Sent, TryLater
from service.store.journey import journey_now
from service.store.queue import MOST, call_up, let_go_expired, queue_up, read_queues

CALM = 1.0  # seconds for which a group that takes everything is not asked again, and queues are not looked at
AHEAD = 4  # groups that are taken, and put into words, together; each is handed over by an intent of its own
ALL = ""  # the bucket of all mail together
UNASKED = Grant(0, 0)


class Claim:
    """One run's claims. `take` until it gives nothing, `settle` what came of it, `close` at the end."""

    def __init__(self, desk: Desk, lease: Lease) -> None:
        self._desk, self._lease = desk, lease
        self._group_of: dict[int, str] = {}  # what was taken and is paced
        self._calm: dict[str, float] = {}
        self._limits: dict[str, Limit] = {}
        self._grants: dict[str, Grant] = {}
        self._queued: frozenset[str] = frozenset()
        self._seated = False
        self._after = ""
        self._looked = self._attended = float("-inf")

    def take(self) -> tuple[int, ...] | None:
        """The mails to hand over next, taken under the lease; none where all that was taken has to wait.

        None where nothing is left that may leave now.
        """
        self._lease.ids, pacer = (), self._desk.pacer
        if pacer is None:
            with self._desk.begin() as session:
                take(session, self._lease, AHEAD * self._desk.group)
            return self._lease.ids or None
        self._begin()
        room = self._room(pacer)
        if not room:
            return None
        self._call_queues(pacer, room)
        fresh = self._take_fresh(pacer, room - len(self._lease.ids))
        self._give_back(pacer, ALL, room - len(self._lease.ids))
        return self._lease.ids if fresh or self._lease.ids else None

    def settle(self, answered: Iterable[tuple[Message, Outcome]]) -> None:
        """Tell what came of what was taken; what was not handed over is given back."""
        pacer = self._desk.pacer
        if pacer is None:
            return
        answers: dict[str, list[float]] = defaultdict(lambda: [0, 0, 0.0, 0.0])
        handed: set[int] = set()
        for message, outcome in answered:
            group = self._group_of.get(message.delivery_id)
            if group is None:
                continue
            handed.add(message.delivery_id)
            _count(answers, group, outcome)
        for delivery_id, group in self._group_of.items():
            if delivery_id not in handed:
                answers[group][1] += 1
                answers[ALL][1] += 1
        self._group_of = {}
        told = {group: Answers(int(a[0]), int(a[1]), a[2], a[3]) for group, a in answers.items()}
        told = {group: each for group, each in told.items() if self._matters(group, each)}
        for group in told:
            self._calm.pop(group, None)
        pacer.settle(self._sender, told)

    @property
    def at_once(self) -> int:
        """How many hand-overs at the same time a seat stands for; 0: any number."""
        return 1 if self._seated else 0

    def close(self) -> None:
        """Give the seat up."""
        if self._desk.pacer is not None and self._seated:
            self._desk.pacer.leave()

    def _begin(self) -> None:
        business = self._desk.published().library.business
        self._zone = ZoneInfo(business.zone)
        self._now = clock.machine_now().astimezone(self._zone)
        self._pacing: Pacing = business.pacing
        self._sender = parseaddr(business.sender)[1].rpartition("@")[2].casefold()
        self._limits = {}

    def _room(self, pacer: Pacer) -> int:
        """How many may leave now, whoever they are for; drawn already."""
        now = time.monotonic()
        if self._pacing.connections or now - self._attended >= CALM:
            self._attended = now
            if not pacer.attend(self._pacing.connections):
                return 0
            self._seated = self._pacing.connections > 0
        limit = self._limits[ALL] = limit_in_all(self._pacing, self._now)
        if limit.open and self._is_calm(ALL):
            return AHEAD * self._desk.group
        (grant,) = pacer.draw(self._sender, [Ask(ALL, limit, 0, self._desk.group)])
        self._note(ALL, limit, grant)
        return grant.other

    def _call_queues(self, pacer: Pacer, room: int) -> None:
        """Take from the queues of groups that may get more again."""
        now = time.monotonic()
        if now - self._looked < CALM:
            return
        self._looked = now
        with self._desk.begin() as session:
            let_go_expired(session, journey_now(session))
            queues = read_queues(session, room, self._after)
        self._after = queues[-1].group if len(queues) == MOST else ""  # or from the first group on again
        self._queued = frozenset(queue.group for queue in queues)
        asks = [Ask(queue.group, self._limit(queue.group), queue.service, queue.other) for queue in queues]
        for ask, grant in zip(asks, pacer.draw(self._sender, asks), strict=True):
            self._note(ask.group, ask.limit, grant)
            drawn = grant.service + grant.other
            count = min(drawn, room - len(self._lease.ids))
            called = self._call(ask.group, count) if count else []
            self._give_back(pacer, ask.group, drawn - len(called))

    def _call(self, group: str, count: int) -> list[int]:
        engaged_first = self._limit(group).soft and self._limit(group).quota >= 0
        with self._desk.begin() as session:
            called = call_up(session, group, count, self._lease.token, LEASE, engaged_first=engaged_first)
        self._lease.ids += tuple(called)
        self._group_of |= dict.fromkeys(called, group)
        return called

    def _take_fresh(self, pacer: Pacer, room: int) -> list[Taken]:
        """Take what has not waited yet; what finds its group's bucket empty begins to."""
        if room <= 0:
            return []
        before = self._lease.ids
        with self._desk.begin() as session:
            fresh = take(session, self._lease, room)
            now = journey_now(session)
        if not fresh:
            return []
        groups = pacer.groups({each.domain.casefold() for each in fresh})
        asking: dict[str, list[Taken]] = defaultdict(list)
        for each in fresh:
            if each.expires_at is None or each.expires_at > now:  # else it is only taken to be told so
                asking[groups[each.domain.casefold()]].append(each)
        waiting = self._without_token(pacer, asking)
        if waiting:
            self._queue(waiting, before + tuple(each.id for each in fresh))
        return fresh

    def _without_token(self, pacer: Pacer, asking: dict[str, list[Taken]]) -> dict[int, str]:
        """Who has to wait, and for which group; the others are noted as paced."""
        asks: list[Ask] = []
        for group, mails in asking.items():
            limit = self._limit(group)
            if limit.open and group not in self._queued and self._is_calm(group):
                self._group_of |= {each.id: group for each in mails}
                continue
            service = sum(each.priority == 0 for each in mails)
            behind = group in self._queued  # others were there before
            asks.append(Ask(group, limit, service, 0 if behind else len(mails) - service))
        waiting: dict[int, str] = {}
        for ask, grant in zip(asks, pacer.draw(self._sender, asks), strict=True):
            self._note(ask.group, ask.limit, grant)
            urgent, others = _by_class(asking[ask.group])
            for each in urgent[: grant.service] + others[: grant.other]:
                self._group_of[each.id] = ask.group
            waiting |= {each.id: ask.group for each in urgent[grant.service :] + others[grant.other :]}
        return waiting

    def _queue(self, waiting: dict[int, str], taken: Collection[int]) -> None:
        day = warm_up_day(self._pacing, self._now.date())
        waits = {
            group: wait_of(group, self._limit(group), self._grants.get(group, UNASKED), day, self._now)
            for group in set(waiting.values())
        }
        with self._desk.begin() as session:
            now = journey_now(session)
            apart = now - self._now
            told = {group: replace(wait, until=wait.until + apart) for group, wait in waits.items()}
            rows = {each: told[group] for each, group in waiting.items()}
            queue_up(session, self._lease.token, rows, now, self._zone.key)
        self._lease.ids = tuple(each for each in taken if each not in waiting)
        self._queued |= set(waiting.values())

    def _limit(self, group: str) -> Limit:
        if group not in self._limits:
            self._limits[group] = limit_of(self._pacing, group, self._now)
        return self._limits[group]

    def _is_calm(self, group: str) -> bool:
        return self._calm.get(group, 0.0) > time.monotonic()

    def _note(self, group: str, limit: Limit, grant: Grant) -> None:
        self._grants[group] = grant
        if limit.open and not grant.watched:
            self._calm[group] = time.monotonic() + CALM

    def _give_back(self, pacer: Pacer, group: str, unused: int) -> None:
        if unused > 0 and not self._limits.get(group, Limit()).open:
            pacer.settle(self._sender, {group: Answers(unused=unused)})

    def _matters(self, group: str, answers: Answers) -> bool:
        """Whether a bucket wants to hear this: where there is none, good news is no news."""
        limited = not self._limits.get(group, Limit()).open
        return bool(
            answers.strikes
            or (answers.unused and limited)
            or (answers.taken and self._grants.get(group, UNASKED).watched)
        )


def _by_class(mails: Iterable[Taken]) -> tuple[list[Taken], list[Taken]]:
    """Service mail, which people wait for, and other, the most urgent first."""
    ordered = sorted(mails, key=lambda each: (each.priority, each.id))
    return [each for each in ordered if each.priority == 0], [each for each in ordered if each.priority > 0]


def _count(answers: dict[str, list[float]], group: str, outcome: Outcome) -> None:
    """Add what one outcome says of its group, and of the service that all mail goes through."""
    match outcome:
        case Sent():
            answers[group][0] += 1
            answers[ALL][0] += 1
        case TryLater(code=code, in_all=in_all) if in_all or code == "429":
            answers[ALL][2] += 1.0
            answers[ALL][3] = max(answers[ALL][3], outcome.after or 0.0)
        case TryLater(code=code):
            strikes = strike_of(code, outcome.reason)
            answers[group][2] += strikes
            if strikes:
                answers[group][3] = max(answers[group][3], outcome.after or 0.0)
