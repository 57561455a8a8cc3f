"""What a simulation knows: one person, what happened, the sequences they are in, and every touch.

It stands where the database stands for the real thing. Nothing is decided here; who decides are the same functions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from service.domain.consent import CLIENTS, Standing, Suppressed
from service.domain.facts import NOBODY, Facts
from service.domain.happening import Happening, Touch
from service.domain.kind import MANNERS
from service.domain.moment import Moment
from service.domain.schedule import Local, Progress
from service.domain.sequence.model import Business, Library, Sequence, Step
from service.domain.simulation.burden import Burden
from service.domain.simulation.hold import Hold
from service.domain.task import Times

UNDER_WAY = frozenset({"active", "awaited"})
PLANNED = "planned"
WAITING = frozenset({"due", "held", "cleared"})  # a mail that may leave, and may be taken back
UNSENT = WAITING | {PLANNED}


@dataclass(slots=True, eq=False)
class Inside:
    """The person's way through one sequence. `number` tells it from others, in the order in which they began."""

    number: int
    sequence: Sequence
    trigger_key: str
    began_by: str
    about: str | None
    progress: Progress
    data: Mapping[str, Any]
    arm: str | None
    state: str = "active"
    wake_at: datetime | None = None
    why: str | None = None
    paused_at: datetime | None = None

    @property
    def is_under_way(self) -> bool:
        return self.state in UNDER_WAY

    def set_date(self, moment: Moment | None) -> None:
        self.progress = replace(self.progress, date=moment)

    def pause(self, at: datetime | None) -> None:
        """A reply waits for a person; None: no more."""
        self.paused_at = at
        self.progress = replace(self.progress, paused=at is not None)


@dataclass(slots=True, eq=False)
class Row:
    """One touch. `at` is when a mail left, or a task or action was done; `occasion` above 0 is a mail sent again.

    `holds` are the verdicts that held it, without those that only repeat the one before.
    """

    number: int
    inside: Inside
    step: Step
    due_at: datetime
    occasion: int = 0
    state: str = PLANNED
    rule: str = ""
    reason: str = ""
    wake_at: datetime | None = None
    expires_at: datetime | None = None
    at: datetime | None = None
    holds: list[Hold] = field(default_factory=list)

    @property
    def priority(self) -> int:
        return MANNERS[self.step.kind].priority

    def turn(self, state: str, rule: str, reason: str, wake_at: datetime | None = None) -> None:
        """The touch is in another state, with the reason for it."""
        self.state, self.rule, self.reason, self.wake_at = state, rule, reason, wake_at

    def hold(self, rule: str, reason: str, until: datetime | None, now: datetime) -> None:
        """It waits, which is remembered where it is anything new."""
        self.turn("held", rule, reason, until)
        hold = Hold(now, rule, reason, until)
        if not self.holds or not hold.repeats(self.holds[-1]):
            self.holds.append(hold)


@dataclass(slots=True, eq=False)
class Job:
    """What somebody has to do: a touch, or (without a row) an answer to a reply.

    `settled_at` is when it will be settled, by the scenario's `word` on it, or, without one, because that is assumed.
    """

    number: int
    inside: Inside
    row: Row | None
    assignee: str
    times: Times
    settled_at: datetime
    word: Happening | None = None
    is_open: bool = True
    is_reminded: bool = False
    is_over: bool = False  # its settling was looked at


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
    consented: set[str] = field(default_factory=set)
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
        return Standing(tuple(self.suppressed), frozenset(self.consented), self.contact.get("stage") in CLIENTS)

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
        """`referral.…`: the friends that the person brought, as the events tell of them."""
        told = [each for each in self.happenings if each.name.startswith("referral.")]
        if not told:
            return NOBODY
        rewards = [each.data.get("reward") for each in told if each.name == "referral.rewarded"]
        count = len({each.about for each in told if each.name == "referral.qualified"})
        reward = rewards[-1] if rewards else None
        return {**NOBODY, "friend": told[-1].data.get("friend"), "count": count, "reward": reward}

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
            consented=frozenset(self.consented),
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
