"""A verdict for every mail that is due: what stands against it at all, and then whose turn it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from service.domain import clearance
from service.domain.bar import COLD
from service.domain.departure import GONE
from service.domain.reason import REMOVED
from service.domain.rhythm import due_between
from service.domain.sequence.model.business import Topic
from service.domain.sequence.model.library import Library
from service.domain.sequence.model.sequence import Sequence as Journey
from service.domain.sequence.model.sequence import Status
from service.domain.sequence.model.step import Step
from service.domain.sequence.vocabulary import Kind
from service.domain.system_mail import TOPIC, is_system
from service.domain.throttle import Breaker, Candidate, Person, Ruling, Verdict
from service.domain.throttle import arbitrate as decide
from service.domain.window import Window
from service.ports import Published
from service.store.breaker import breaker_now
from service.store.decision import Decided
from service.store.due import Due, read_ahead, read_counted
from service.store.history import seed_of, zone_of
from service.store.judged import Judged, read_bookings, read_judged
from service.store.pressure import level_of
from service.store.publication import is_in_force
from service.store.task import REFERRAL, REPLY

WINDOWLESS = Window.any()
NEVER = (None, None)  # from when until when somebody is due for a visit who has booked one


@dataclass(frozen=True, slots=True)
class Written:
    """A step as it is written now, with all of its mail that is the same for everybody."""

    sequence: Journey
    step: Step
    topic: Topic
    like: Candidate
    is_paused: bool
    is_offer: bool


Ruled = tuple[Due, Verdict]
Rival = tuple[Due, Written | None]  # a mail that waits for its turn alone; None for one to a colleague


@dataclass(slots=True)
class Desk:
    """What a batch is ruled by: the library, each of its steps looked up once, and the people."""

    library: Library
    now: datetime
    breaker: Breaker
    judged: Judged
    _written: dict[tuple[str, str], Written | None] = field(default_factory=dict)

    def written(self, sequence: str, step: str) -> Written | None:
        """None where it was taken out of its file."""
        key = (sequence, step)
        if key not in self._written:
            self._written[key] = _look_up(self.library, sequence, step, self.now)
        return self._written[key]


def rule(
    session: Session,
    published: Published,
    dues: Sequence[Due],
    now: datetime,
    cleared: Collection[int] = (),
    judged: Judged | None = None,
) -> list[Ruled]:
    """A verdict for each, but for those that only a newer publication knows. Consent and suppression are asked first,
    then window, caps, pressure and the rest of pace.

    Their contacts are locked. `cleared` are those among them that were cleared before, and count towards no cap of
    their own; `judged` is what stands for or against the contacts, where it was read already.
    """
    policy = published.library.business.throttle
    judged = judged or read_judged(session, {due.contact_id for due in dues}, now)
    desk = Desk(published.library, now, breaker_now(session, policy.breaker, now), judged)
    verdicts: list[Ruled] = []
    rivals: dict[int, list[Rival]] = defaultdict(list)
    for due in dues:
        written = desk.written(due.sequence, due.step)
        barred = _bar(desk, due, written) or _hold(desk, due, written)
        if barred is not None:
            verdicts.append((due, barred))
        else:
            rivals[due.contact_id].append((due, written if due.staff_to is None else None))
    persons = _persons(session, desk, rivals, cleared)
    for contact_id, own in rivals.items():
        seed = seed_of(judged.people[contact_id])
        candidates = [_candidate(*rival, seed, now) for rival in own]
        ruled = decide(candidates, persons[contact_id], policy, now, desk.breaker)
        verdicts += [(due, ruled[due.id]) for due, _ in own]
    return _known_here(session, published, verdicts)


def _known_here(session: Session, published: Published, verdicts: list[Ruled]) -> list[Ruled]:
    """Without those of a step that a newer publication has; they are left to whoever has read that one."""
    if all(verdict.rule != GONE for _, verdict in verdicts) or is_in_force(session, published.id):
        return verdicts
    return [each for each in verdicts if each[1].rule != GONE]


def decided(due: Due, verdict: Verdict, *, is_told: bool = True) -> Decided:
    """A verdict as it is written down. Mail to a colleague is none of the person's."""
    return {
        "delivery_id": due.id,
        "contact_id": due.contact_id,
        "rule": verdict.rule,
        "verdict": verdict.ruling,
        "inputs": verdict.inputs,
        "until": verdict.until,
        "sentence": verdict.reason,
        "is_told": is_told and due.staff_to is None,
    }


def _look_up(library: Library, sequence_key: str, step_key: str, now: datetime) -> Written | None:
    sequence = library.sequence(sequence_key)
    step = sequence.step(step_key) if sequence else None
    if sequence is None or step is None:
        return None
    like = clearance.candidate(0, sequence, step, now, library.business)
    topic = clearance.topic_of(library.business, sequence)
    return Written(sequence, step, topic, like, sequence.status is Status.PAUSED, step.kind is Kind.OFFER)


def _bar(desk: Desk, due: Due, written: Written | None) -> Verdict | None:
    """Why this mail may not be sent at all, whatever its turn.

    A system mail belongs to no file, nor does a task that a reply opened, or one about a referral. What stands against
    the contact's own mailbox says nothing of another one: a colleague's, or one that they ask us to write to.
    """
    is_own = is_system(due.sequence)
    if written is None and not is_own and due.step != REPLY and due.sequence != REFERRAL:
        return Verdict(Ruling.EXPIRED, GONE, REMOVED)
    if due.enrolment_state != "active" and (is_own or not due.occasion):
        return clearance.left(due.why)
    topic = TOPIC if is_own else written.topic if written is not None else None
    if topic is None or due.staff_to is not None:
        return None
    standing, reader = desk.judged.standings[due.contact_id], desk.judged.people[due.contact_id]
    return clearance.barred(standing, topic, reader.first_name, desk.now)


def _hold(desk: Desk, due: Due, written: Written | None) -> Verdict | None:
    """What has to be settled before it may leave."""
    if due.staff_to is not None or is_system(due.sequence):
        return None
    waits = None
    if due.paused_at is not None and not due.occasion:
        waits = clearance.held_by_reply(due.paused_at, desk.judged.people[due.contact_id].first_name)
    if waits is None and written is not None and written.is_paused:
        waits = clearance.held_by_pause(written.sequence, due.expires_at, desk.now)
    if waits is None and due.contact_id in desk.judged.complaints:
        raised = desk.judged.complaints[due.contact_id]
        waits = clearance.held_by_complaint(raised, due.priority, due.expires_at, desk.now)
    reader = desk.judged.people[due.contact_id]
    if waits is None and written is not None and reader.paused_until is not None:
        zone = zone_of(reader, desk.library.business)
        waits = clearance.held_by_wish(reader.paused_until, written.topic, due.priority, due.expires_at, desk.now, zone)
    return waits


def _candidate(due: Due, written: Written | None, seed: str, now: datetime) -> Candidate:
    ends = due.expires_at or now
    if written is None:
        return Candidate(due.id, 0, ends, WINDOWLESS, Kind.SERVICE, closed_days=False)
    like = written.like
    drawn = clearance.draws_from(seed, due.sequence, due.step)
    return Candidate(
        due.id, like.priority, ends, like.window, like.kind, like.closed_days, drawn, due.due_at, like.asks_to_stay
    )


def _persons(
    session: Session, desk: Desk, rivals: Mapping[int, Sequence[Rival]], cleared: Collection[int]
) -> dict[int, Person]:
    """All that pace asks about the people with something that competes."""
    business, now = desk.library.business, desk.now
    policy = business.throttle
    zones = {contact_id: zone_of(desk.judged.people[contact_id], business) for contact_id in rivals}
    capped, cold, offered = _classes(rivals)
    counted = read_counted(session, capped, cleared, now) if capped else {}
    ahead = _warm_ahead(session, desk, cold, policy.look_ahead) if cold else {}
    spans = _due_spans(session, desk, {contact_id: zones[contact_id] for contact_id in offered})
    closed = frozenset(business.closed)  # looked into for each of their mails
    persons = {}
    for contact_id, zone in zones.items():
        someone = desk.judged.people[contact_id]
        due_from, due_until = spans.get(contact_id) or NEVER
        persons[contact_id] = Person(
            counted.get(contact_id, ()),
            level_of(someone.pressure, someone.pressure_at, policy.pressure, now),
            someone.less_often,
            due_from,
            due_until,
            ahead.get(contact_id),
            someone.sunset_at,
            zone,
            closed,
        )
    return persons


def _classes(rivals: Mapping[int, Iterable[Rival]]) -> tuple[set[int], set[int], set[int]]:
    """Who has mail among what competes that caps are asked for (all but service mail), mail that gives way to a warmer
    one, and an offer."""
    capped, cold, offered = set(), set(), set()
    for contact_id, own in rivals.items():
        for due, written in own:
            if due.priority > 0:
                capped.add(contact_id)
            if due.priority >= COLD:
                cold.add(contact_id)
            if written is not None and written.is_offer:
                offered.add(contact_id)
    return capped, cold, offered


def _warm_ahead(session: Session, desk: Desk, contact_ids: Collection[int], within: timedelta) -> dict[int, datetime]:
    """When the soonest mail of P1 to P3 falls due that is planned, for those who have one soon."""
    soonest: dict[int, datetime] = {}
    for each in read_ahead(session, contact_ids, desk.now, desk.now + within):
        written = desk.written(each.sequence, each.step)
        if written is not None and written.step.is_email:
            soonest.setdefault(each.contact_id, each.due_at)
    return soonest


def _due_spans(
    session: Session, desk: Desk, zones: Mapping[int, ZoneInfo]
) -> dict[int, tuple[datetime, datetime | None] | None]:
    """From when until when each is due for a visit, by their own rhythm; their zones are given."""
    business = desk.library.business
    if not zones or not business.rhythm:
        return {}
    policy = business.throttle.pressure
    told = read_bookings(session, zones, business.rhythm[0][0])
    return {each: due_between(business, told.get(each, ()), policy, zone, desk.now) for each, zone in zones.items()}
