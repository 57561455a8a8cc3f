"""A person and what happens to them: the contact, events and enrolments of `service.store`, kept in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from service.domain.arm import draw_arm
from service.domain.entry import Occasion, answers, begins_anew, trigger_key, why_not_enter
from service.domain.facts import Facts
from service.domain.happening import Happening, Touch
from service.domain.kind import MANNERS
from service.domain.moment import first
from service.domain.occurrence import Entered, awaited, awaits
from service.domain.schedule import Progress
from service.domain.sequence.model.business import Business
from service.domain.sequence.model.sequence import Sequence
from service.domain.sequence.model.step import Step

FINAL = frozenset({"sent", "uncertain", "failed", "skipped", "expired", "cancelled", "done"})
NOT_INSIDE = frozenset({"awaited", "declined"})


@dataclass(frozen=True)
class Incident:
    """Something that happens to the person: an event, a change of fields, or a colleague who does what is open."""

    at: datetime
    event: Happening | None = None
    change: Mapping[str, Any] = field(default_factory=dict)
    works: bool = False


@dataclass
class Inside:
    """An enrolment."""

    number: int
    sequence: Sequence
    key: str
    state: str
    progress: Progress
    wake_at: datetime | None
    began_by: str
    about: str | None
    data: dict[str, Any]
    arm: str | None
    why: str = ""


@dataclass
class Row:
    """A touch. `opened_at` is when it was let go, `at` when it left or was done."""

    inside: Inside
    step: Step
    due_at: datetime
    state: str = "planned"
    reason: str = ""
    wake_at: datetime | None = None
    expires_at: datetime | None = None
    opened_at: datetime | None = None
    at: datetime | None = None


@dataclass
class Person:
    """Somebody with a few sequences that they may be in. `outages` are times in which no worker runs."""

    business: Business
    sequences: tuple[Sequence, ...]
    zone: ZoneInfo
    now: datetime
    contact: dict[str, Any] = field(default_factory=dict)
    outages: tuple[tuple[datetime, datetime], ...] = ()
    happenings: list[Happening] = field(default_factory=list)
    insides: list[Inside] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    caught_up_at: datetime | None = None
    late: list[datetime] = field(default_factory=list)
    record: list[tuple[str, str, str, str]] = field(default_factory=list)

    def change(self, fields: Mapping[str, Any]) -> None:
        before = self.contact.get("stage")
        self.contact = self.contact | fields
        if self.contact.get("stage") != before:
            stage = str(self.contact["stage"])
            self._enrol_by(Occasion("becomes", stage, f"{stage}:{self.now.isoformat()}"))

    def hear(self, event: Happening) -> None:
        """The same event about the same thing corrects the older one."""
        same = [each for each in self.happenings if each.name == event.name]
        older = [each for each in same if event.about and each.about == event.about]
        self.happenings = [each for each in self.happenings if each not in older] + [event]
        key = event.about or event.key
        occasion = Occasion("event", event.name, key, {"event": event.as_event()}, about=key)
        if older:
            self._correct(replace(occasion, key=f"{key}#{event.key}"))
        else:
            self._enrol_by(occasion)

    def _correct(self, occasion: Occasion) -> None:
        begun = [each for each in self.insides if (each.about, each.began_by) == (occasion.about, occasion.name)]
        for inside in begun:
            inside.data = inside.data | dict(occasion.data)
        told = {each.name for each in self.happenings if each.about == occasion.about}
        for sequence in self.sequences:
            states = [each.state for each in begun if each.sequence is sequence]
            if answers(sequence, occasion) and begins_anew(sequence, states, told):
                self.enrol(sequence, occasion)

    def _enrol_by(self, occasion: Occasion) -> None:
        for sequence in self.sequences:
            if answers(sequence, occasion):
                self.enrol(sequence, occasion)

    def enrol(self, sequence: Sequence, occasion: Occasion) -> None:
        key = trigger_key(sequence, occasion)
        if any(each.sequence is sequence and each.key == key for each in self.insides):
            return
        inside = self._inside(sequence, occasion)
        moment = first(sequence, self.facts(inside).given(), self.now) if sequence.date else None
        inside.progress = replace(inside.progress, date=moment)
        if why_not_enter(sequence, self.facts(inside), self.last_entered(sequence), self.now) is None:
            self.insides.append(inside)

    def _inside(self, sequence: Sequence, occasion: Occasion) -> Inside:
        return Inside(
            number=next(self.numbers),
            sequence=sequence,
            key=trigger_key(sequence, occasion),
            state="active",
            progress=Progress(self.now),
            wake_at=self.now,
            began_by=occasion.began_by,
            about=occasion.thing,
            data=dict(occasion.data),
            arm=draw_arm(sequence, "ana"),
        )

    def last_entered(self, sequence: Sequence) -> datetime | None:
        there = [each for each in self.insides if each.sequence is sequence and each.state not in NOT_INSIDE]
        return max((each.progress.entered_at for each in there), default=None)

    def wake(self) -> None:
        for inside in self.insides:
            if inside.state == "active":
                inside.wake_at = self.now

    def expect(self) -> None:
        """When the person will enter by themselves."""
        for sequence in self.sequences:
            if not awaits(sequence):
                continue
            known = [each for each in self.insides if each.sequence is sequence]
            waiting = next((each for each in known if each.state == "awaited"), None)
            others = [each for each in known if each is not waiting]
            draft = self._inside(sequence, Occasion("date", "", ""))
            entered = [
                Entered(each.key, each.began_by, each.progress.date.at if each.progress.date else None)
                for each in others
            ]
            found = awaited(sequence, self.facts(draft), entered)
            if waiting is not None:
                self.insides.remove(waiting)
            if found is None:
                continue
            inside = self._inside(sequence, found.occasion)
            inside.state, inside.wake_at = "awaited", found.enters_at
            inside.progress = Progress(found.enters_at, date=found.date)
            self.insides.append(inside)

    def facts(self, inside: Inside) -> Facts:
        touches = tuple(
            Touch(
                row.inside.number,
                row.inside.sequence.key,
                row.step.key,
                row.state,
                MANNERS[row.step.kind].priority,
                row.at,
            )
            for row in self.rows
            if row.state in FINAL
        )
        return Facts(
            business=self.business,
            enrolment_id=inside.number,
            sequence=inside.sequence.key,
            entered_at=inside.progress.entered_at,
            now=self.now,
            zone=self.zone,
            contact=self.contact,
            event=inside.data.get("event", {}),
            happenings=tuple(each for each in self.happenings if each.at <= self.now),
            touches=touches,
            inside=frozenset(each.sequence.key for each in self.insides if each.state == "active"),
            arm=inside.arm,
            date=inside.progress.date,
            about=inside.about,
            began_by=inside.began_by,
            seed="ana",
            caught_up_at=self.caught_up_at,
        )

    def rows_of(self, inside: Inside) -> list[Row]:
        return [row for row in self.rows if row.inside is inside]

    def row_of(self, inside: Inside, step: Step, due: datetime) -> Row:
        """The touch of a step, planned where it is new."""
        row = next((row for row in self.rows_of(inside) if row.step.key == step.key), None)
        if row is None:
            row = Row(inside, step, due)
            self.rows.append(row)
        return row


def counts(row: Row) -> bool:
    """Whether a mail counts towards the caps."""
    return MANNERS[row.step.kind].priority > 0
