"""What a simulation knows: one person, what happened, the sequences they are in, and every touch.

It stands where the database stands for the real thing. Nothing is decided here; who decides are the same functions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from service.domain.consent import Standing, Suppressed, standing_of
from service.domain.facts import NOBODY, Facts
from service.domain.happening import Happening, Touch
from service.domain.schedule import Local
from service.domain.sequence.model.business import Business
from service.domain.sequence.model.library import Library
from service.domain.sequence.model.step import Step
from service.domain.simulation.burden import Burden
from service.domain.simulation.inside import Inside
from service.domain.simulation.job import Job
from service.domain.simulation.row import Row


@dataclass(frozen=True, slots=True)
class Note:
    """What happened between the touches, in a sentence."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Past:
    """What conditions may ask about, as it was when a decision began."""

    happenings: tuple[Happening, ...]
    touches: tuple[Touch, ...]
    inside: frozenset[str]


@dataclass(slots=True, eq=False)
class Life:
    """One person's life. `seed` is what is drawn from for them; `words` what the scenario says about tasks to come."""

    library: Library
    contact: dict[str, Any]
    seed: str
    now: datetime
    consented: dict[str, datetime | None] = field(default_factory=dict)  # until when
    suppressed: list[Suppressed] = field(default_factory=list)
    happenings: list[Happening] = field(default_factory=list)
    told: set[tuple[str, str]] = field(default_factory=set)  # names and keys of events
    insides: list[Inside] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    words: list[Happening] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    burden: Burden = field(default_factory=Burden)
    caught_up_at: datetime | None = None
    dealt_at: datetime | None = None  # their last visit or purchase
    paused_until: datetime | None = None  # no marketing before, by their own wish
    mail_to_colleagues: bool = False  # one is due, so all that waits for a slot is looked at with it
    _count: int = 0
    _enrolled: int = 0

    @property
    def business(self) -> Business:
        return self.library.business

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.contact.get("timezone") or self.business.zone)

    @property
    def own_zone(self) -> ZoneInfo:
        """The business's: tasks are due in it."""
        return ZoneInfo(self.business.zone)

    @property
    def first_name(self) -> str | None:
        return self.contact.get("first_name")

    def count(self) -> int:
        """The next number: everything is told apart by when it came about."""
        self._count += 1
        return self._count

    def take_in(self, inside: Inside) -> None:
        """Keep an enrolment, with a number of its own."""
        self._enrolled += 1
        inside.number = self._enrolled
        self.insides.append(inside)

    def note(self, text: str) -> None:
        self.notes.append(Note(self.now, text))

    def local(self) -> Local:
        """What times are reckoned with, but for the person's rhythm."""
        return Local(self.zone, self.business.window, self.business.closed, seed=self.seed)

    def standing(self) -> Standing:
        since = self.contact.get("client_since")
        at = since if isinstance(since, datetime) else None  # of an invented person it is a day
        return standing_of(self.suppressed, self.consented, self.contact.get("stage"), at, self.dealt_at)

    def rows_of(self, inside: Inside) -> Iterator[Row]:
        return (row for row in self.rows if row.inside is inside)

    def find(self, inside: Inside, step: Step) -> Row | None:
        """The touch itself of a step."""
        return next((row for row in self.rows_of(inside) if row.step.key == step.key and not row.occasion), None)

    def add(self, inside: Inside, step: Step, due_at: datetime, occasion: int = 0) -> Row:
        row = Row(self.count(), inside, step, due_at, occasion)
        self.rows.append(row)
        return row

    def past(self) -> Past:
        touches = (
            Touch(row.inside.number, row.inside.sequence.key, row.step.key, row.state, row.priority, row.at)
            for row in self.rows
            if row.at is not None  # nobody asks about what did not leave
        )
        active = frozenset(each.sequence.key for each in self.insides if each.state == "active")
        return Past(tuple(self.happenings), tuple(touches), active)

    def referral(self) -> Mapping[str, Any]:
        """`referral.…`: the friends that the person brought, and who brought them, as the events tell of it."""
        told = [each for each in self.happenings if each.name.startswith("referral.")]
        if not told:
            return NOBODY
        own = [each for each in told if each.name == "referral.welcomed"]
        friends = [each.data.get("friend") for each in told if each not in own]
        rewards = [each.data.get("reward") for each in told if each in own or each.name == "referral.rewarded"]
        count = len({each.about for each in told if each.name == "referral.qualified"})
        reward = rewards[-1] if rewards else None
        return {
            **NOBODY,
            "from": own[-1].data.get("from") if own else None,
            "friend": friends[-1] if friends else None,
            "count": count,
            "reward": reward,
        }

    def facts(self, inside: Inside, past: Past | None = None) -> Facts:
        """Everything that a decision about one enrolment may look at."""
        past = past or self.past()
        return Facts(
            business=self.business,
            enrolment_id=inside.number,
            sequence=inside.sequence.key,
            entered_at=inside.progress.entered_at,
            now=self.now,
            zone=self.zone,
            contact=dict(self.contact),
            event=inside.data.get("event", {}),
            form=inside.data.get("form", {}),
            happenings=past.happenings,
            touches=past.touches,
            consented=frozenset(name for name, ends in self.consented.items() if ends is None or self.now < ends),
            inside=past.inside,
            arm=inside.arm,
            referral=self.referral(),
            date=inside.progress.date,
            about=inside.about,
            began_by=inside.began_by,
            seed=self.seed,
            caught_up_at=self.caught_up_at,
        )

    def wake(self) -> None:
        """Something happened that may end what the person is in: it is looked at now."""
        for inside in self.insides:
            if inside.state == "active":
                inside.wake_at = self.now
