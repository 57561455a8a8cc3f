"""Take what is cleared, only as far as the pace towards the world allows: what is too much waits in a queue, of its
mailbox group or of all mail together, and says why.

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

from sqlalchemy.orm import Session

from service import clock
from service.actions.heard import ALL, heard
from service.actions.lease import LEASE, LEAST, Lease, Taken, take
from service.actions.line import Line
from service.actions.put_into_words import Desk
from service.domain.bucket import Answers, Ask, Grant, Limit
from service.domain.pacing import Pacing, limit_in_all, limit_of, warm_up_day
from service.domain.pacing_wait import wait_of
from service.ports import Message, Outcome, Pacer
from service.store.journey import journey_now
from service.store.queue import MOST, call_up, let_back, let_go_expired, queue_up, read_queues

CALM = 1.0  # seconds for which a group that takes everything is not asked again, and queues are not looked at
AHEAD = 8  # groups that are taken, and put into words, together; each is handed over by an intent of its own
SERVICE = 0  # the class of mail that people wait for
UNASKED = Grant(0, 0)


class Claim:
    """One run's claims. `take` until it gives nothing, `settle` what came of it, `close` at the end."""

    def __init__(self, desk: Desk, lease: Lease) -> None:
        self._desk, self._lease = desk, lease
        self._line = Line()
        self._group_of: dict[int, str] = {}  # what was taken and is paced
        self._calm: dict[str, float] = {}
        self._limits: dict[str, Limit] = {}
        self._grants: dict[str, Grant] = {}
        self._queued: frozenset[str] = frozenset()
        self._seated = False
        self._others_wait = True  # for all mail together, as far as this run knows
        self._after = ""
        self._looked = self._attended = float("-inf")

    def take(self) -> tuple[int, ...] | None:
        """The mails to hand over next, taken under the lease; none where all that was taken has to wait.

        None where nothing is left that may leave now.
        """
        self._lease.ids, pacer = (), self._desk.pacer
        if pacer is None:
            with self._desk.begin() as session:
                self._line.take(session, self._lease, AHEAD * self._desk.group)
            return self._lease.ids or None
        self._begin()
        if not self._sit_down(pacer):
            return None  # those who sit hand over what is cleared
        room = self._room(pacer)
        if not room:
            return self._wait_for_all()
        fresh = []
        if not self._limits[ALL].open:  # then queues could take all the room, day after day
            fresh = self._take_fresh(pacer, room, least=SERVICE)
        self._call_queues(pacer, room)
        fresh += self._take_fresh(pacer, room - len(self._lease.ids))
        self._give_back(pacer, ALL, room - len(self._lease.ids))
        return self._lease.ids if fresh or self._lease.ids else None

    def settle(self, answered: Iterable[tuple[Message, Outcome]]) -> None:
        """Tell what came of what was taken; what was not handed over is given back."""
        pacer = self._desk.pacer
        if pacer is None:
            return
        told = {group: each for group, each in heard(answered, self._group_of).items() if self._matters(group, each)}
        self._group_of = {}
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

    def _sit_down(self, pacer: Pacer) -> bool:
        """Whether this run may hand over beside the others."""
        now = time.monotonic()
        if self._pacing.connections or now - self._attended >= CALM:
            self._attended = now
            if not pacer.attend(self._pacing.connections):
                return False
            self._seated = self._pacing.connections > 0
        return True

    def _room(self, pacer: Pacer) -> int:
        """How many may leave now, whoever they are for; drawn already."""
        limit = self._limits[ALL] = limit_in_all(self._pacing, self._now)
        if limit.open and self._is_calm(ALL):
            return AHEAD * self._desk.group
        (grant,) = pacer.draw(self._sender, [Ask(ALL, limit, 0, self._desk.group)])
        self._note(ALL, limit, grant)
        return grant.other

    def _call_queues(self, pacer: Pacer, room: int) -> None:
        """Take from the queues of groups that may get more again."""
        now = time.monotonic()
        if now - self._looked < CALM or room <= len(self._lease.ids):
            return
        self._looked = now
        self._others_wait = True  # where another run let them wait
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

    def _take_fresh(self, pacer: Pacer, room: int, least: int = LEAST) -> list[Taken]:
        """Take what has not waited yet, down to class `least`; what finds its group's bucket empty begins to."""
        if room <= 0:
            return []
        before = self._lease.ids
        with self._desk.begin() as session:
            if self._others_wait:
                self._let_back(session, room)
            if least < LEAST:
                fresh = take(session, self._lease, room, least)
            else:
                fresh = self._line.take(session, self._lease, room)
        if not fresh:
            return []
        groups = pacer.groups({each.domain.casefold() for each in fresh})
        asking: dict[str, list[Taken]] = defaultdict(list)
        for each in fresh:
            if not each.is_over:
                asking[groups[each.domain.casefold()]].append(each)
        waiting = self._without_token(pacer, asking)
        if waiting:
            self._queue(waiting, before + tuple(each.id for each in fresh))
        return fresh

    def _let_back(self, session: Session, room: int) -> None:
        back = let_back(session, room)
        self._others_wait = back == room
        if back:
            self._line.begin_anew()

    def _wait_for_all(self) -> tuple[int, ...] | None:
        """Let a part of what is cleared begin to wait until all mail together may leave again; what expired in that
        time is taken to be told so."""
        with self._desk.begin() as session:
            let_go_expired(session, journey_now(session))
            fresh = self._line.take(session, self._lease, AHEAD * self._desk.group)
        waiting = {each.id: ALL for each in fresh if not each.is_over}
        if waiting:
            self._queue(waiting, self._lease.ids)
            self._others_wait = True
        return self._lease.ids if fresh else None

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
            group: wait_of(group, self._limits[group], self._grants.get(group, UNASKED), day, self._now)
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
