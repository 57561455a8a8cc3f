"""What conditions may ask about a person's past, as seen from one enrolment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from service.domain.happening import RESPONSES, Happening, Touch, bookings
from service.domain.moment import read_moment
from service.domain.sequence.expression import Empty, ExpressionError
from service.domain.window import utc

UNITS = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(days=7),
    "month": timedelta(days=30),
    "year": timedelta(days=365),
}
LEFT = frozenset({"sent", "uncertain"})  # states of a mail that left, or may have


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """A person's past. Instants in UTC; `zone` is the person's own; `sequence` and `enrolment_id` who is asking.

    `began_by` is the name of the event that began the enrolment, `about` the thing that it spoke of.
    """

    enrolment_id: int
    sequence: str
    entered_at: datetime
    now: datetime
    zone: ZoneInfo
    happenings: tuple[Happening, ...] = ()
    touches: tuple[Touch, ...] = ()
    about: str | None = None
    began_by: str | None = None

    def since_entering(self, name: str) -> Iterable[Happening]:
        """The events of a name since the person entered, but for the one that let them in, and what corrects it."""
        return (
            each
            for each in self.happenings
            if each.name == name and each.at >= self.entered_at and not (name == self.began_by and self._let_in(each))
        )

    def _let_in(self, event: Happening) -> bool:
        if self.about is None:  # a signup is about nothing
            return event.at == self.entered_at
        return self.about in {event.about, event.key}

    def unanswered(self) -> int:
        """Mails of this enrolment in a row without a click, answer, reply or booking; service mail doesn't count."""
        answers = [each.at for each in self.happenings if each.name in RESPONSES]
        last = max(answers, default=None)
        return sum(1 for at in self.mails() if last is None or at > last)

    def mails(self) -> list[datetime]:
        """When the mails of this enrolment left (those that may have left included), service mail apart."""
        return [
            touch.at
            for touch in self.touches
            if touch.enrolment_id == self.enrolment_id and touch.at and touch.state in LEFT and touch.priority
        ]

    def clicked(self, step: str) -> bool:
        """Whether a person followed a link of a step's mail."""
        return any(True for _ in self._of_step("click", step))

    def answer(self, step: str) -> object:
        """The newest answer to a step's question, or the outcome a colleague chose for a task; empty without one."""
        given = [*self._of_step("answer", step), *self._of_step("task.done", step)]
        newest = max(reversed(given), key=lambda each: each.at, default=None)
        value = newest.data.get("value") if newest else None
        return value or Empty(name=f"answer({step!r})")

    def _of_step(self, name: str, step: str) -> Iterable[Happening]:
        of = self._address(step)
        return (
            each
            for each in self.happenings
            if each.name == name
            and (each.data.get("sequence"), each.data.get("step")) == of
            # Two enrolments of one sequence may run side by side: only its own speak to each.
            and (of[0] != self.sequence or each.enrolment_id in {None, self.enrolment_id})
        )

    def _address(self, name: str) -> tuple[str, str]:
        sequence, slash, step = name.rpartition("/")
        return (sequence, step) if slash else (self.sequence, name)

    def sent(self, step: str, within: str | None = None) -> bool:
        """Whether a step's mail left; the name of a whole sequence means any mail of it."""
        return self._behind(step, LEFT, within)

    def done(self, step: str) -> bool:
        """Whether a step was done: its mail left, its task was done by somebody, its action was carried out."""
        return self._behind(step, LEFT | {"done"}, None)

    def _behind(self, name: str, states: frozenset[str], within: str | None) -> bool:
        of = self._address(name)
        return any(
            ((touch.sequence, touch.step) == of or touch.sequence == name)
            and (touch.sequence != self.sequence or touch.enrolment_id == self.enrolment_id)
            and touch.state in states
            and touch.at is not None
            and (within is None or touch.at >= self.now - span(within))
            for touch in self.touches
        )

    def happened(self, name: str, within: str | None = None) -> bool:
        """Whether an event happened since entering, or within a length of time."""
        found = self._within(name, within) if within else self.since_entering(name)
        return any(True for _ in found)

    def _within(self, name: str, within: str | None) -> list[Happening]:
        since = self.now - span(within) if within else None
        return [each for each in self.happenings if each.name == name and (since is None or each.at >= since)]

    def count(self, name: str, within: str | None = None) -> int:
        """How often an event happened, ever or within a length of time."""
        return len(self._within(name, within))

    def total(self, name: str, within: str | None = None) -> Decimal:
        """The sum of the values that came with an event."""
        return sum((each.value or Decimal(0) for each in self._within(name, within)), Decimal(0))

    def days_since(self, what: object, within: str | None = None) -> object:
        """Whole days since an event's last time, or since a day or an instant of a field."""
        moment = read_moment(what, self.zone)
        if moment is not None and moment.is_day:
            return (self.now.astimezone(self.zone).date() - moment.at.astimezone(self.zone).date()).days
        last = (each.at for each in self._within(str(what), within))
        at = moment.at if moment is not None else max(last, default=None)
        return Empty(name=f"days_since({what!r})") if at is None else (self.now - at) // timedelta(days=1)

    def upcoming(self, what: str) -> bool:
        """Whether a booking of `what` (`appointment`) lies ahead: not cancelled, not missed, not yet over."""
        return lies_ahead(self.happenings, what, self.zone, self.now)


def lies_ahead(happenings: tuple[Happening, ...], what: str, zone: ZoneInfo, now: datetime) -> bool:
    """Whether a booking of `what` lies ahead. One that came without its time counts until it is cancelled or over."""
    return any(at is None or at >= now for at in (_starts(each, zone) for each in bookings(happenings, what)))


def _starts(booking: Happening, zone: ZoneInfo) -> datetime | None:
    moment = read_moment(booking.data.get("starts"), zone)
    if moment is None:
        return None
    if not moment.is_day:
        return moment.at
    return utc(moment.at.astimezone(zone).date(), time.max, zone)


def span(text: Any) -> timedelta:
    """`"30 days"` as a length of time; months are 30 days here. Raises ExpressionError on anything else."""
    amount, _, unit = str(text).strip().partition(" ")
    length = UNITS.get(unit.strip().removesuffix("s"))
    if length is None or not amount.isdecimal():
        raise ExpressionError(f"{text!r} is not a length of time like “30 days”")
    return length * int(amount)
