"""The calendar of a simulated life: every touch with its time, state and reason, and what happened in between."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

from service.domain.sequence.model.step import Step
from service.domain.simulation.hold import Hold
from service.domain.simulation.job import Job
from service.domain.simulation.life import Life, Note
from service.domain.simulation.row import PLANNED, Row

REACHED = frozenset({"sent", "done"})
STATES = {"due": "held", "cleared": "held", "open": "held"}  # what has not come to its end when the calendar does
WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Touch:
    """One touch. `at` (UTC) is when it left or was done, or would have been due; `local` the same where the person is.

    `kind` is email, task, set, tag, webhook, enrol or leave, `state` sent, done, skipped, held, expired or cancelled,
    `mail_class` the mail's kind. `number` is the row's own, `rule` what decided it, `holds` why it had to wait before.
    `what` is what a colleague has to do, `cost` what that costs.
    """

    at: datetime
    local: datetime
    sequence: str
    step: str
    kind: str
    state: str
    reason: str
    mail_class: str
    transactional: bool
    enrolment: int
    number: int = 0
    rule: str = ""
    holds: tuple[Hold, ...] = ()
    what: str = ""
    who: str = ""
    cost: Decimal | None = None

    @property
    def has_reached(self) -> bool:
        """Whether the person noticed it: a mail, or something a colleague did."""
        return self.state in REACHED and self.kind in {"email", "task"}

    def waits(self) -> Iterator[Touch]:
        """The same as it stood each time that it had to wait, but for its own window. What still waits, or expired by
        it, says so itself."""
        held = self.holds[:-1] if self.state == "held" else self.holds
        for hold in held if self.state != "expired" else ():
            if hold.rule != "window":
                local = hold.at.astimezone(self.local.tzinfo)
                yield replace(self, at=hold.at, local=local, state="held", rule=hold.rule, reason=hold.reason)


@dataclass(frozen=True, slots=True)
class Calendar:
    """All touches and events of a life between `start` and `until`, in the order of their time."""

    email: str
    zone: ZoneInfo
    start: datetime
    until: datetime
    touches: tuple[Touch, ...]
    notes: tuple[Note, ...]
    assumed: tuple[str, ...] = ()

    def only(self, sequences: Collection[str]) -> Calendar:
        """The touches of these sequences alone; the others were lived all the same."""
        return replace(self, touches=tuple(touch for touch in self.touches if touch.sequence in sequences))

    def longest_silence(self) -> tuple[datetime, datetime] | None:
        """The longest time without a touch that reached the person, after the first one."""
        at = [*(touch.at for touch in self.touches if touch.has_reached), self.until]
        return max(pairwise(at), key=lambda pair: pair[1] - pair[0], default=None)

    def busiest_week(self) -> tuple[datetime, int]:
        """The seven days with the most touches that reached the person: when they begin, and how many."""
        at = [touch.at for touch in self.touches if touch.has_reached]
        counts = [(sum(1 for each in at if first <= each < first + WEEK), first) for first in at]
        count, first = max(counts, key=lambda each: each[0], default=(0, self.start))
        return first, count


def kind_of(step: Step) -> str:
    """What sort of touch it is: email, task, or what an action does."""
    if step.is_email:
        return "email"
    return "task" if step.task is not None else step.actions[0].verb


def touches_of(life: Life, start: datetime, until: datetime) -> tuple[Touch, ...]:
    """What has become of every touch, but for those that are not due yet."""
    jobs = {job.row.number: job for job in life.jobs if job.row is not None}
    found = (touch_of(row, jobs.get(row.number), life.zone) for row in life.rows if row.state != PLANNED)
    inside = [each for each in found if start <= each.at < until or (each.state == "held" and each.at >= start)]
    return tuple(sorted(inside, key=lambda each: each.at))


def touch_of(row: Row, job: Job | None, zone: ZoneInfo) -> Touch:
    """One touch as it is told; `job` is what somebody has to do for it."""
    step, at = row.step, row.at or (row.wake_at if row.state == "held" else None) or row.due_at
    return Touch(
        at=at,
        local=at.astimezone(zone),
        sequence=row.inside.sequence.key,
        step=step.key,
        kind=kind_of(step),
        state=STATES.get(row.state, row.state),
        reason=row.reason,
        mail_class=step.kind.value,
        transactional=row.priority == 0 and step.is_email,
        enrolment=row.inside.number,
        number=row.number,
        rule=row.rule,
        holds=tuple(row.holds),
        what=step.task.what if step.task else "",
        who=job.assignee if job else "",
        cost=step.task.cost if step.task else None,
    )


def between(notes: Iterable[Note], start: datetime, until: datetime) -> tuple[Note, ...]:
    return tuple(note for note in notes if start <= note.at < until)
