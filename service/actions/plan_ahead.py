"""Say what publishing would do to people, by deciding for each of them what publishing would; nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from service.actions.follow import look_at, read_for, read_touches
from service.actions.lives import inside_of, read_lives
from service.actions.look_ahead import count_day, enter, follow, next_touch, opened_at_once
from service.actions.proceed import progress_of
from service.actions.replanned import Follower
from service.actions.take_in import expected, invite, is_same, read_known, rooms_today
from service.domain.departure import Leave
from service.domain.enrolment import Wait
from service.domain.outlook import Outlook
from service.domain.replan import PLANNED, WAITING, ahead, may_reopen
from service.domain.rollout import EXPECT, INTAKE, REOPEN, REPLAN, Work
from service.domain.sequence.model.library import Library
from service.domain.sequence.model.sequence import Sequence, Status
from service.domain.simulation.inside import Inside
from service.domain.simulation.life import Life
from service.domain.simulation.row import Row
from service.ports import Published
from service.store.contact import Contact
from service.store.enrolment import Draft, Enrolment
from service.store.history import Past, read_pasts, read_standings
from service.store.rollout import CONCERNS, newest_of_person

BATCH = 1000  # contacts


@dataclass(slots=True)
class _Person:
    """One contact and what is found for them. `busy`: something happens at once, so their next day is lived ahead."""

    contact: Contact
    past: Past
    followers: list[Follower] = field(default_factory=list)
    drafts: list[Draft] = field(default_factory=list)
    busy: bool = False


def plan_ahead(
    session: Session,
    old: Library | None,
    new: Library,
    work: Collection[Work],
    now: datetime,
    told: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Outlook]:
    """The outlook of each sequence that there is any `work` for.

    The session reads one snapshot and is not to be flushed. `told` hears how many people of how many were looked at.
    """
    planning = _Planning(session, old, new, work, now)
    total, done = planning.count(), 0
    for ids in planning.batches():
        planning.look(ids)
        session.expunge_all()
        done += len(ids)
        told(done, total)
    return planning.outlooks


class _Planning:
    """One plan in the making."""

    def __init__(
        self, session: Session, old: Library | None, new: Library, work: Collection[Work], now: datetime
    ) -> None:
        self.session, self.old, self.new, self.now = session, old, new, now
        self.published = Published(0, new)
        self.outlooks: dict[str, Outlook] = {each.sequence: Outlook() for each in work}
        self.keys = {what: [each.sequence for each in work if each.what == what] for what in (REPLAN, REOPEN)}
        self.expects = self._sequences(work, EXPECT)
        self.intakes = self._sequences(work, INTAKE)
        followed = (new.sequence(key) for keys in self.keys.values() for key in keys)
        self.followed = [each for each in followed if each is not None]
        self.asks_all = bool(self.expects or self.intakes)
        self.rooms = rooms_today(session, [each for each in work if each.what == INTAKE], new.business.zone, now)

    def _sequences(self, work: Collection[Work], what: str) -> list[Sequence]:
        found = (self.new.sequence(each.sequence) for each in work if each.what == what)
        return [each for each in found if each is not None]

    def count(self) -> int:
        """How many people will be looked at."""
        everybody = select(func.count()).select_from(Contact)
        inside = select(func.count(Enrolment.contact_id.distinct())).where(self._concerned())
        return self.session.scalar(everybody if self.expects or self.intakes else inside) or 0

    def batches(self) -> Iterator[list[int]]:
        """The contacts in the order of their ids."""
        last = 0
        while True:
            if self.expects or self.intakes:
                query = select(Contact.id).where(Contact.id > last).order_by(Contact.id)
            else:
                query = select(Enrolment.contact_id).distinct().where(self._concerned(), Enrolment.contact_id > last)
                query = query.order_by(Enrolment.contact_id)
            ids = list(self.session.scalars(query.limit(BATCH)))
            if not ids:
                return
            yield ids
            last = ids[-1]

    def look(self, ids: Collection[int]) -> None:
        """Count one batch of contacts."""
        contacts = self.session.scalars(select(Contact).where(Contact.id.in_(ids)).order_by(Contact.id)).all()
        pasts = read_pasts(self.session, ids) if self.asks_all else read_for(self.session, ids, self.followed)
        people = {each.id: _Person(each, pasts[each.id]) for each in contacts}
        self._follow(people)
        for sequence in self.expects:
            self._expect(people, sequence)
        for sequence in self.intakes:
            self._take_in(people, sequence)
        self._live_ahead([each for each in people.values() if each.busy])

    def _concerned(self) -> ColumnElement[bool]:
        """The enrolments whose people follow the new version, or are reopened."""
        replanned = Enrolment.sequence.in_(self.keys[REPLAN]) & Enrolment.state.in_(CONCERNS[REPLAN])
        finished = Enrolment.sequence.in_(self.keys[REOPEN]) & Enrolment.state.in_(CONCERNS[REOPEN])
        return replanned | (finished & newest_of_person())

    def _follow(self, people: Mapping[int, _Person]) -> None:
        which = (Enrolment.contact_id.in_(people), self._concerned())
        enrolments = self.session.scalars(select(Enrolment).where(*which).order_by(Enrolment.id)).all()
        touches = read_touches(self.session, [each.id for each in enrolments])
        for enrolment in enrolments:
            sequence, outlook = self.new.sequence(enrolment.sequence), self.outlooks[enrolment.sequence]
            if enrolment.state == "awaited":
                outlook.dropped += sequence is None or sequence.status is not Status.LIVE
                continue
            outlook.inside += enrolment.state == "active"
            if sequence is None:
                outlook.left["stopped"] += 1
                continue
            person = people[enrolment.contact_id]
            own = touches[enrolment.id]
            follower = look_at(self.published, sequence, enrolment, person.contact, person.past, own, self.now)
            if enrolment.state == "active" or may_reopen(sequence, follower.found):
                outlook.reopened += enrolment.state == "finished"
                self._note(person, sequence, follower)

    def _note(self, person: _Person, sequence: Sequence, follower: Follower) -> None:
        """What changes for somebody, but for what happens at once: that takes their whole life to tell."""
        found, outlook = follower.found, self.outlooks[sequence.key]
        comes = ahead(sequence, found.progress, found.facts.local(sequence), self.now)
        old = self.old.sequence(sequence.key) if self.old else None
        if old is not None:
            came = ahead(old, progress_of(follower.enrolment), found.facts.local(old), self.now)
            came = came if follower.enrolment.state == "active" else set()
            outlook.gain += bool(comes - came)
            outlook.lose += bool(came - comes)
        person.followers.append(follower)
        if isinstance(found.move, Leave):
            outlook.left[found.move.state] += 1
        elif isinstance(found.move, Wait):
            before = _next_before(follower)
            outlook.shift(before, found.move.due_at if found.move.step else before, self.now)
        else:
            person.busy = True

    def _expect(self, people: Mapping[int, _Person], sequence: Sequence) -> None:
        known, outlook = read_known(self.session, sequence.key, list(people)), self.outlooks[sequence.key]
        for person in people.values():
            own = known[person.contact.id]
            row, draft = expected(self.published, person.contact, sequence, person.past, own, self.now)
            outlook.dropped += row is not None and draft is None
            if draft is None or draft.wake_at is None:
                continue
            outlook.awaited += row is None
            outlook.moved += row is not None and not is_same(row, draft)
            outlook.awaits(draft.wake_at)

    def _take_in(self, people: Mapping[int, _Person], sequence: Sequence) -> None:
        known, outlook = read_known(self.session, sequence.key, list(people)), self.outlooks[sequence.key]
        standings = read_standings(self.session, [each.contact for each in people.values()], self.now)
        for person in people.values():
            who, past = person.contact, person.past
            draft = invite(self.published, who, sequence, past, standings[who.id], known[who.id], self.now)
            if draft is None:
                continue
            outlook.enter += 1
            room = self.rooms.get(sequence.key)
            if room is None or outlook.enter_today < room:
                outlook.enter_today += 1
                past.inside.add(sequence.key)
                person.drafts.append(draft)
                person.busy = True

    def _live_ahead(self, people: Collection[_Person]) -> None:
        """Live the next day of those for whom something happens at once."""
        pasts = {each.contact.id: each.past for each in people}
        if people and not self.asks_all:
            pasts = read_pasts(self.session, list(pasts))
        lives = read_lives(self.session, self.new, [each.contact for each in people], pasts, self.now)
        for person in people:
            life = lives[person.contact.id]
            due = {row.number for row in life.rows if row.state == PLANNED and row.due_at <= self.now}
            insides = [follow(life, each, self.now) for each in person.followers]
            entered = [enter(life, inside_of(self.new, each)) for each in person.drafts]
            lived = opened_at_once(life, [*insides, *entered])
            for follower, inside in zip(person.followers, insides, strict=True):
                if not isinstance(follower.found.move, Leave | Wait):
                    self._note_at_once(life, follower, inside, lived)
            # What was due already, and nobody had looked at yet, is none of the publication's doing.
            count_day(life, [row for row in lived if row.number not in due], self.outlooks, self.now)

    def _note_at_once(self, life: Life, follower: Follower, inside: Inside, opened: Collection[Row]) -> None:
        outlook = self.outlooks[inside.sequence.key]
        if not inside.is_under_way:
            outlook.left[inside.state] += 1
        at_once = any(row.inside is inside and row.state not in {"skipped", "expired", "cancelled"} for row in opened)
        outlook.shift(_next_before(follower), self.now if at_once else next_touch(life, inside), self.now)


def _next_before(follower: Follower) -> datetime | None:
    """When the next touch of an enrolment would have come."""
    waiting = (touch.due_at for touch in follower.touches if touch.state == PLANNED or touch.state in WAITING)
    return min(waiting, default=None)
