"""What is known about a person, as the names and functions that merge fields and conditions may use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from email.utils import parseaddr
from typing import Any
from zoneinfo import ZoneInfo

from service.domain.sequence.expression import Empty, ExpressionError, Record, ask, function
from service.domain.sequence.model import Business

UNITS = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(days=7),
    "month": timedelta(days=30),
    "year": timedelta(days=365),
}

# What ends a row of unanswered mails, and wakes a waiting step: a person did something.
RESPONSES = frozenset({"click", "answer", "reply", "appointment.booked"})


@dataclass(frozen=True, slots=True)
class Happening:
    """An event about the person: `click` and the like that the service saw itself, or one the business sent."""

    name: str
    at: datetime
    data: Mapping[str, Any] = field(default_factory=dict)
    value: Decimal | None = None
    enrolment_id: int | None = None


@dataclass(frozen=True, slots=True)
class Touch:
    """A step that is behind the person: `state` is `sent`, `uncertain`, `skipped` …; `at` when it left."""

    enrolment_id: int
    sequence: str
    step: str
    state: str
    priority: int
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything a decision about one enrolment may look at. Instants in UTC; `zone` is the person's own."""

    business: Business
    enrolment_id: int
    sequence: str
    entered_at: datetime
    now: datetime
    zone: ZoneInfo
    contact: Mapping[str, Any]
    event: Mapping[str, Any] = field(default_factory=dict)
    form: Mapping[str, Any] = field(default_factory=dict)
    happenings: tuple[Happening, ...] = ()
    touches: tuple[Touch, ...] = ()
    consented: frozenset[str] = frozenset()
    inside: frozenset[str] = frozenset()
    arm: str | None = None

    def holds(self, source: str) -> bool:
        """Whether a condition holds. Raises ExpressionError with a sentence where it can't be asked."""
        return ask(source, self.names())

    def names(self) -> dict[str, object]:
        """The names and functions of the language, bound to this person."""
        sender, mailbox = parseaddr(self.business.sender)
        business = {
            "name": self.business.name,
            "from": sender or mailbox,
            "address": self.business.address,
            "phone": self.business.phone,
        }
        calls: dict[str, Callable[..., object]] = {
            "clicked": self._clicked,
            "sent": self._sent,
            "done": self._done,
            "happened": self._happened,
            "count": self._count,
            "total": self._total,
            "days_since": self._days_since,
            "tagged": lambda tag: tag in (self.contact.get("tags") or ()),
            "consented": lambda topic: topic in self.consented,
            "inside": lambda sequence: sequence in self.inside,
            "segment": self._segment,
        }
        return {
            "contact": Record("contact", self.contact),
            "business": Record("business", business),
            "event": Record("event", self.event),
            "form": Record("form", self.form),
            "today": self.now.astimezone(self.zone).date(),
            "arm": self.arm,
        } | {name: function(_plain(call)) for name, call in calls.items()}

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
            if touch.enrolment_id == self.enrolment_id
            and touch.at
            and touch.state in {"sent", "uncertain"}
            and touch.priority
        ]

    def _of(self, name: str) -> tuple[str, str]:
        sequence, slash, step = name.rpartition("/")
        return (sequence, step) if slash else (self.sequence, name)

    def _clicked(self, step: str) -> bool:
        of = self._of(step)
        return any(
            each.name == "click"
            and (each.data.get("sequence"), each.data.get("step")) == of
            and self._mine(each, of[0])
            for each in self.happenings
        )

    def _mine(self, each: Happening, sequence: str) -> bool:
        """Of this enrolment where it speaks of this sequence: two of them may run side by side."""
        return sequence != self.sequence or each.enrolment_id in {None, self.enrolment_id}

    def _sent(self, step: str, within: str | None = None) -> bool:
        return self._behind(step, {"sent", "uncertain"}, within)

    def _done(self, step: str) -> bool:
        return self._behind(step, {"sent", "uncertain", "done"}, None)

    def _behind(self, name: str, states: set[str], within: str | None) -> bool:
        of = self._of(name)
        # `sent("third-visit", within=…)` may also name a whole sequence.
        return any(
            ((touch.sequence, touch.step) == of or touch.sequence == name)
            and (touch.sequence != self.sequence or touch.enrolment_id == self.enrolment_id)
            and touch.state in states
            and touch.at is not None
            and (within is None or touch.at >= self.now - span(within))
            for touch in self.touches
        )

    def _happened(self, name: str, within: str | None = None) -> bool:
        since = self.now - span(within) if within else self.entered_at
        return any(each.name == name and each.at >= since for each in self.happenings)

    def _within(self, name: str, within: str | None) -> list[Happening]:
        since = self.now - span(within) if within else None
        return [each for each in self.happenings if each.name == name and (since is None or each.at >= since)]

    def _count(self, name: str, within: str | None = None) -> int:
        return len(self._within(name, within))

    def _total(self, name: str, within: str | None = None) -> Decimal:
        return sum((each.value or Decimal(0) for each in self._within(name, within)), Decimal(0))

    def _days_since(self, what: object, within: str | None = None) -> object:
        if isinstance(what, datetime):
            at: datetime | None = what
        else:
            at = max((each.at for each in self._within(str(what), within)), default=None)
        return Empty(name=f"days_since({what!r})") if at is None else (self.now - at) // timedelta(days=1)

    def _segment(self, name: str) -> bool:
        expression = dict(self.business.segments).get(name)
        if expression is None:
            raise ExpressionError(f"there is no segment {name!r} in business.yaml")
        return self.holds(expression.source)


def _plain(call: Callable[..., object]) -> Callable[..., object]:
    """A function of the language: something empty in, something empty out."""

    def asked(*args: object, **kwargs: object) -> object:
        empty = next((each for each in (*args, *kwargs.values()) if isinstance(each, Empty)), None)
        return empty if empty is not None else call(*args, **kwargs)

    return asked


def span(text: str) -> timedelta:
    """`"30 days"` as a length of time; months are 30 days here. Raises ExpressionError on anything else."""
    amount, _, unit = text.strip().partition(" ")
    length = UNITS.get(unit.strip().removesuffix("s"))
    if length is None or not amount.isdecimal():
        raise ExpressionError(f"{text!r} is not a length of time like “30 days”")
    return length * int(amount)
