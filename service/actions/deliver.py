"""Hand over what was cleared: take under a lease, commit the intent, let the bytes leave, record what came of it.

The order is the promise. The intent (`handed`) is committed before a byte leaves and can be committed once; a row in
`handed` never goes back by a timer. The outcomes of a group are committed together with the intent of the next.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import zip_longest

import structlog
from sqlalchemy import update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from service import clock
from service.actions.arbitrate import take_back
from service.actions.claim import Claim
from service.actions.lease import Lease, release
from service.actions.put_into_words import Desk, Words
from service.actions.record import Handed, complete, handed, recalled, reckon, record, record_locked
from service.actions.rule import Ruled, rule
from service.domain.throttle import Ruling
from service.fault import reach
from service.ports import Meanwhile, Message, Outcome, Published, Sent, TryLater, Uncertain
from service.store.delivery import Delivery
from service.store.driver import commit
from service.store.due import Due, read_taken
from service.store.handover import Changed, UnderWay, lock_under_way, record_and_lock, write_intent
from service.store.judged import Judged
from service.store.lasting import lasting

BUDGET = 10.0  # seconds from the intent to the first byte
FRESH = 10.0  # seconds for which words are those of the person as they are
SILENCE = 1.0  # seconds between two lines in the log of a run that goes well
PATIENCE = 20.0  # seconds for a database to come back, in which what is known of a group is not forgotten

log = structlog.get_logger()

Answer = tuple[Message, Outcome]
Tell = Callable[[Sequence[Answer]], None]


@dataclass(frozen=True, slots=True)
class Intent:
    """What a commit holds: the messages that may leave now; how many wait for the engine, because something happened to
    their enrolments that may stop them, or they are of a step that was published a moment ago; and how all stood."""

    granted: list[Message]
    waiting: int
    under_way: UnderWay


def deliver(desk: Desk, lease: Lease, stop: Callable[[], bool]) -> int:
    """Hand over groups until nothing is cleared or `stop()`; how many mails were handed over.

    The caller renews the lease while this runs.
    """
    done: list[Handed] = []
    with _telling() as tell, _kept(desk, lease, done), lasting(desk.begin) as begin:
        return _deliver(replace(desk, begin=begin), lease, stop, done, tell)


def _deliver(desk: Desk, lease: Lease, stop: Callable[[], bool], done: list[Handed], tell: Tell) -> int:
    """The same; `done` holds what came of the group before, which is not recorded yet."""
    count = 0
    claim = Claim(desk, lease)
    while not stop() and (taken := claim.take()) is not None:
        reach("after_take")
        published, worded_at = desk.published(), time.monotonic()
        words = Words(desk, lease)
        answers: list[Answer] = []
        woken = 0
        groups = _groups(taken, desk.group)
        for group, behind in zip_longest(groups, groups[1:], fillvalue=()):
            is_stale = desk.published().id != published.id or time.monotonic() > worded_at + FRESH
            if answers and (is_stale or stop() or not _goes_well(answers)):
                _give_back(desk, lease)
                break
            intent = _commit(desk, published, lease, done, group, words)
            done.clear()  # it stands in that commit
            outcomes = _send(desk, intent.granted, claim.at_once, words.ahead(behind))
            done[:] = handed(intent.under_way, outcomes)
            answers += outcomes
            woken += intent.waiting
        claim.settle(answers)
        tell(answers)
        count += len(answers)
        if woken and not answers:
            break  # the engine has to look at these first; they would only be taken again
    claim.close()
    if done:
        with desk.begin() as session:
            record(session, desk.published(), lease, done)
        reach("after_outcome")
    return count


@contextmanager
def _kept(desk: Desk, lease: Lease, done: Sequence[Handed]) -> Iterator[None]:
    """Neither a database that is away for a while nor anything else that ends a run makes uncertain what is known: it
    is recorded before the error goes on, or the lease runs out over it."""
    try:
        yield
    except Exception as error:
        log.warning("deliveries.unrecorded", count=len(done), error=type(error).__name__)
        _record_patiently(desk, lease, done)
        raise


def _record_patiently(desk: Desk, lease: Lease, done: Sequence[Handed]) -> None:
    until = time.monotonic() + PATIENCE
    while done:
        try:
            with desk.begin() as session:
                record(session, desk.published(), lease, done)
            return
        except OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(1)


def _give_back(desk: Desk, lease: Lease) -> None:
    """What was taken and not handed over is anybody's again."""
    with desk.begin() as session:
        release(session, lease)


def _groups(taken: Sequence[int], size: int) -> list[Sequence[int]]:
    """What was taken, in groups; one without any mail where there are none, in which outcomes may still be noted."""
    return [taken[start : start + size] for start in range(0, len(taken), size)] or [()]


@contextmanager
def _telling() -> Iterator[Tell]:
    """A line a second, at most, for what was sent; what was not has a line of its own where it is recorded."""
    sent, told_at = 0, time.monotonic()

    def tell(answers: Sequence[Answer] = ()) -> None:
        nonlocal sent, told_at
        sent += sum(isinstance(outcome, Sent) for _, outcome in answers)
        if sent and (not answers or time.monotonic() >= told_at + SILENCE):
            log.info("deliveries.sent", count=sent)
            sent, told_at = 0, time.monotonic()

    try:
        yield tell
    finally:
        tell()


def _goes_well(answers: Sequence[Answer]) -> bool:
    """Whether nobody asked for a pause: then the pace is asked before more leaves."""
    return not any(isinstance(outcome, TryLater | Uncertain) for _, outcome in answers)


def _commit(
    desk: Desk, published: Published, lease: Lease, done: Sequence[Handed], group: Sequence[int], words: Words
) -> Intent:
    """The outcomes of the group before and the intent of this one, in one commit."""
    messages, readers = words.of(group), words.readers(group)
    if (before := recalled(done, words.journey_at or clock.machine_now())) is not None:
        try:
            with desk.begin() as session:
                reckoned = reckon(published, before, done)
                under_way, judged = record_and_lock(session, reckoned.record, readers, lease.token)
                is_old = complete(session, published, reckoned, under_way.now)
                holds = not is_old and reckoned.weighing.isdisjoint(readers.values())
                return _intend(session, desk, published, lease, under_way, messages, judged if holds else None, is_old)
        except Changed as why:
            log.debug("deliveries.read_again", why=str(why))
    with desk.begin() as session:
        under_way = lock_under_way(session, {each.delivery_id for each in done}, group, lease.token)
        is_old = record_locked(session, published, lease, under_way, done)
        return _intend(session, desk, published, lease, under_way, messages, None, is_old)


def _send(desk: Desk, granted: Sequence[Message], at_once: int, meanwhile: Meanwhile) -> list[Answer]:
    """Let the bytes leave whose intent is committed."""
    start_by = time.monotonic() + BUDGET
    reach("after_intent")
    if not granted:
        return []
    return list(zip(granted, desk.provider.send(granted, start_by, at_once, meanwhile), strict=True))


def _intend(
    session: Session,
    desk: Desk,
    published: Published,
    lease: Lease,
    under_way: UnderWay,
    messages: Sequence[Message],
    judged: Judged | None,
    is_old: bool,
) -> Intent:
    """Ask everything once more under the contacts' locks, and commit. `judged` is what stands for or against the
    readers, where it is known; `is_old` tells that something was changed since the mails were read."""
    now = under_way.now
    dues = read_taken(session, [mail.id for mail in under_way.taken], lease.token) if is_old else under_way.dues()
    verdicts = rule(session, published, dues, now, cleared=[due.id for due in dues], judged=judged)
    worded = {message.delivery_id for message in messages}
    cleared = [due for due, verdict in verdicts if verdict.ruling is Ruling.CLEARED]
    woken = [due.id for due in cleared if _woken(due, now)]
    # Of one whose step was published a moment ago the next round has the words.
    granted = {due.id for due in cleared if due.id in worded}.difference(woken)
    changed = [each for each in verdicts if each[1].ruling is not Ruling.CLEARED]
    back = {due.id for due in dues} - granted - {due.id for due, _ in changed}
    _take_back(session, published, changed, back, now)
    if granted:
        write_intent(session, granted, lease.token, now, desk.provider.name, published.id)
    commit(session)
    left = [message for message in messages if message.delivery_id in granted]
    return Intent(left, len(woken) + len(dues) - len(verdicts), under_way)


def _take_back(
    session: Session, published: Published, changed: Sequence[Ruled], given: Collection[int], now: datetime
) -> None:
    """What may not leave after all waits or is put aside; `given` are given back for another round."""
    if changed:
        take_back(session, published, changed, now)
    if given:
        back = update(Delivery).where(Delivery.id.in_(given)).values(lease_until=None)
        session.execute(back, execution_options={"synchronize_session": False})


def _woken(due: Due, now: datetime) -> bool:
    """Whether something happened to the enrolment that the engine has not looked at: it may have a stop in it."""
    return (
        not due.occasion
        and due.enrolment_state == "active"
        and due.enrolment_wakes_at is not None
        and due.enrolment_wakes_at <= now
    )
