"""A sequence is published for the first time: who is here already enters, or is awaited, as the file says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.actions.enrol import COLUMNS, draft_of, set_date
from service.actions.expect import asks_the_past
from service.actions.proceed import plan_next, write_plans
from service.domain.consent import Standing, may_email
from service.domain.entry import Occasion, why_not_enter
from service.domain.intake import fitting_occasion
from service.domain.occurrence import Entered, awaited, awaits
from service.domain.rollout import INTAKE, Work
from service.domain.sequence.model.business import Business, Topic
from service.domain.sequence.model.sequence import Sequence as Journey
from service.domain.sequence.model.sequence import Status
from service.domain.window import utc
from service.ports import Published
from service.store.contact import Contact
from service.store.enrolment import Draft, Enrolment
from service.store.history import Past, facts_of, local_of, read_contacts, read_pasts, read_standings
from service.store.rollout import Rollout

NOBODY = Occasion("date", "", "")  # whoever has not entered yet


@dataclass(frozen=True, slots=True)
class Known:
    """What there is of a person in a sequence already."""

    id: int
    state: str
    entered: Entered
    wake_at: datetime | None


def has_room(rollout: Rollout, business: Business, now: datetime) -> bool:
    """Whether anybody may enter today still, by the business's days; if not, the rollout sleeps until tomorrow."""
    if rollout.per_day is None:
        return True
    today, tomorrow = day_of(now, business.zone)
    if rollout.day_began_at is None or rollout.day_began_at < today:
        rollout.day_began_at, rollout.entered_today = today, 0
    if rollout.entered_today < rollout.per_day:
        return True
    rollout.wake_at = tomorrow
    return False


def day_of(now: datetime, zone: str) -> tuple[datetime, datetime]:
    """The business's day: when it began, and when the next begins."""
    own = ZoneInfo(zone)
    today = now.astimezone(own).date()
    return utc(today, time.min, own), utc(today + timedelta(days=1), time.min, own)


def rooms_today(session: Session, work: Collection[Work], zone: str, now: datetime) -> dict[str, int | None]:
    """How many people may enter today by each intake, None where all; who entered by an earlier one counts."""
    today, _ = day_of(now, zone)
    rooms = {each.sequence: each.per_day for each in work}
    for row in session.scalars(select(Rollout).where(Rollout.sequence.in_(rooms), Rollout.what == INTAKE)):
        room = rooms[row.sequence]
        if room is not None and row.day_began_at == today:
            rooms[row.sequence] = max(0, room - row.entered_today)
    return rooms


def take_in(
    session: Session, published: Published, key: str, ids: Collection[int], now: datetime, room: int | None
) -> tuple[int, list[int]]:
    """Let people in as `existing` says, at most `room`; how many entered, and the ids that were not looked at.

    The contacts are locked; the caller commits.
    """
    sequence = published.library.sequence(key)
    if sequence is None or sequence.status is not Status.LIVE:
        return 0, []
    contacts = read_contacts(session, ids)
    pasts, known = read_pasts(session, ids), read_known(session, key, ids)
    standings = read_standings(session, list(contacts.values()), now)
    drafts: list[Draft] = []
    waiting = sorted(contacts)
    while waiting and (room is None or len(drafts) < room):
        contact = contacts[waiting.pop(0)]
        standing, past = standings[contact.id], pasts[contact.id]
        draft = invite(published, contact, sequence, past, standing, known[contact.id], now)
        if draft is not None:
            drafts.append(draft)
    _enter(session, published, contacts, drafts, now)
    return len(drafts), waiting


def invite(
    published: Published,
    contact: Contact,
    sequence: Journey,
    past: Past,
    standing: Standing,
    known: Collection[Known],
    now: datetime,
) -> Draft | None:
    """The enrolment by which somebody who is here already enters now, not stored; None where they don't.

    Whoever was inside already does not, and nobody whom we may not write to about its topic.
    """
    business = published.library.business
    topic = business.topic(sequence.topic) or Topic(sequence.topic)
    if any(each.state not in {"awaited", "declined"} for each in known) or may_email(standing, topic, now) is not None:
        return None
    draft = draft_of(published, contact, sequence, NOBODY, now)
    fitting = fitting_occasion(sequence, facts_of(business, contact, draft, past, now))
    if fitting is None:
        return None
    occasion, date = fitting
    draft = draft_of(published, contact, sequence, occasion, now)
    if date is not None:
        set_date(draft, date)
    if draft.trigger_key in {each.entered.trigger_key for each in known}:
        return None
    return None if why_not_enter(sequence, facts_of(business, contact, draft, past, now), None, now) else draft


def read_known(session: Session, sequence: str, contact_ids: Collection[int]) -> dict[int, list[Known]]:
    """The enrolments that people have in a sequence, in any state, by contact."""
    columns = (Enrolment.contact_id, Enrolment.id, Enrolment.state, Enrolment.trigger_key, Enrolment.began_by)
    query = select(*columns, Enrolment.date_at, Enrolment.wake_at)
    known: dict[int, list[Known]] = defaultdict(list)
    which = (Enrolment.contact_id.in_(contact_ids), Enrolment.sequence == sequence)
    for contact_id, id_, state, key, by, date_at, wake_at in session.execute(query.where(*which)):
        known[contact_id].append(Known(id_, state, Entered(key, by, date_at), wake_at))
    return known


def _enter(
    session: Session, published: Published, contacts: dict[int, Contact], drafts: Iterable[Draft], now: datetime
) -> None:
    business = published.library.business
    plans = {
        each.contact_id: plan_next(published, each, local_of(contacts[each.contact_id], business), now)
        for each in drafts
    }
    ids = _store(session, drafts)
    write_plans(session, [plan | {"enrolment_id": ids[who]} for who, plan in plans.items() if plan and who in ids])


def _store(session: Session, drafts: Iterable[Draft]) -> dict[int, int]:
    """The ids of the enrolments that were made, by contact."""
    rows = [{name: getattr(draft, name) for name in COLUMNS} for draft in drafts]
    if not rows:
        return {}
    made = insert(Enrolment).on_conflict_do_nothing().returning(Enrolment.contact_id, Enrolment.id)
    return dict(session.execute(made, rows).all())


def await_people(session: Session, published: Published, key: str, ids: Collection[int], now: datetime) -> None:
    """One awaited enrolment for each of these who will enter by themselves. The contacts are locked."""
    sequence = published.library.sequence(key)
    if sequence is None or sequence.status is not Status.LIVE or not awaits(sequence):
        return
    contacts = read_contacts(session, ids)
    known = read_known(session, key, ids)
    pasts = read_pasts(session, ids) if asks_the_past(sequence) else defaultdict(Past)
    gone, new = [], []
    for contact in contacts.values():
        row, draft = expected(published, contact, sequence, pasts[contact.id], known[contact.id], now)
        if row is not None and (draft is None or not is_same(row, draft)):
            gone.append(row.id)
        if draft is not None and (row is None or not is_same(row, draft)):
            new.append(draft)
    session.connection().execute(delete(Enrolment).where(Enrolment.id.in_(gone)))
    _store(session, new)


def expected(
    published: Published, contact: Contact, sequence: Journey, past: Past, known: Sequence[Known], now: datetime
) -> tuple[Known | None, Draft | None]:
    """The awaited enrolment that a person has now, and the one that they should have, not stored."""
    row = next((each for each in known if each.state == "awaited"), None)
    others = [each.entered for each in known if each is not row]
    facts = facts_of(
        published.library.business, contact, draft_of(published, contact, sequence, NOBODY, now), past, now
    )
    occurrence = awaited(sequence, facts, others)
    if occurrence is None:
        return row, None
    draft = draft_of(published, contact, sequence, occurrence.occasion, occurrence.enters_at)
    draft.state, draft.wake_at = "awaited", occurrence.enters_at
    set_date(draft, occurrence.date)
    return row, draft


def is_same(row: Known, draft: Draft) -> bool:
    """Whether somebody is awaited for the same thing at the same time already."""
    return (row.entered.trigger_key, row.entered.date_at, row.wake_at) == (
        draft.trigger_key,
        draft.date_at,
        draft.wake_at,
    )
