"""What is known about a person, as the names and functions that merge fields and conditions may use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from service.domain.draw import code
from service.domain.duration import add
from service.domain.moment import Given, Moment
from service.domain.recall import Recall
from service.domain.records import RECORDS
from service.domain.rhythm import own_interval
from service.domain.schedule import Local, needs_rhythm
from service.domain.sequence.expression import Empty, ExpressionError, Worded, ask, function, names_in
from service.domain.sequence.model.business import Business
from service.domain.sequence.model.duration import Duration, Unit
from service.domain.sequence.model.sequence import Sequence

NOBODY: Mapping[str, Any] = {"code": None, "from": None, "friend": None, "count": 0, "reward": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts(Recall):
    """Everything a decision about one enrolment may look at.

    `event` and `form` began the enrolment. `seed` is the person's own, for whatever is drawn. `caught_up_at`: when an
    overdue touch was last let through.
    """

    business: Business
    contact: Mapping[str, Any]
    event: Mapping[str, Any] = field(default_factory=dict)
    form: Mapping[str, Any] = field(default_factory=dict)
    referral: Mapping[str, Any] = field(default_factory=lambda: NOBODY)
    date: Moment | None = None
    consented: frozenset[str] = frozenset()
    inside: frozenset[str] = frozenset()
    arm: str | None = None
    seed: str = ""
    caught_up_at: datetime | None = None
    _names: dict[str, object] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )  # once they were asked

    def holds(self, source: str) -> bool:
        """Whether a condition holds. Raises ExpressionError with a sentence where it can't be asked."""
        return ask(source, {name: self._named(name) for name in names_in(source) if name in VALUES})

    def given(self) -> Given:
        """What the sequence's date may be taken from."""
        return Given(self.business, self.zone, self.contact, self.event, self.form)

    def local(self, sequence: Sequence) -> Local:
        """What the times of the sequence's steps are reckoned with."""
        rhythm = own_interval(sequence, self.business, self.happenings) if needs_rhythm(sequence) else None
        return Local(self.zone, self.business.window, self.business.closed, rhythm, self.seed)

    def plus(self, start: datetime, length: Duration, sequence: Sequence) -> datetime:
        """A length of time later, in the person's zone and by their own rhythm."""
        in_rhythms = length.unit is Unit.RHYTHMS
        rhythm = own_interval(sequence, self.business, self.happenings) if in_rhythms else None
        return add(start, length, self.zone, rhythm=rhythm)

    def names(self) -> dict[str, object]:
        """What expressions may name: records, values and functions."""
        return {name: self._named(name) for name in VALUES}

    def _named(self, name: str) -> object:
        """One of VALUES, made when it is first asked for: a condition names two or three."""
        if name not in self._names:
            self._names[name] = VALUES[name](self)
        return self._names[name]

    def _tagged(self, tag: str) -> bool:
        return tag in (self.contact.get("tags") or ())

    def _segment(self, name: str) -> bool:
        expression = dict(self.business.segments).get(name)
        if expression is None:
            raise ExpressionError(f"there is no segment {name!r} in business.yaml")
        try:
            return self.holds(expression.source)
        except RecursionError:
            raise ExpressionError(f"segment {name!r} asks for itself") from None

    def _coupon(self, name: str) -> object:
        """A code of this enrolment's own, the same in each of its mails."""
        coupon = next((each for each in self.business.coupons if each.name == name), None)
        if coupon is None:
            raise ExpressionError(f"there is no coupon {name!r} in business.yaml")
        own = code(self.seed, "coupon", name, self.sequence, self.about or "", self.entered_at.isoformat())
        expires: date = add(self.entered_at, coupon.valid, self.zone).astimezone(self.zone).date()
        return Worded(f"{name}-{own}", {"expires": expires, "worth": coupon.worth})


def _plain(call: Callable[..., object]) -> Callable[..., object]:
    """A function of the language: something empty in, something empty out."""

    def asked(*args: object, **kwargs: object) -> object:
        empty = next((each for each in (*args, *kwargs.values()) if isinstance(each, Empty)), None)
        return empty if empty is not None else call(*args, **kwargs)

    return function(asked)


# What expressions may name, and how it is found among the facts: values first, then functions.
VALUES: Mapping[str, Callable[[Facts], object]] = {
    **RECORDS,
    "clicked": lambda facts: _plain(facts.clicked),
    "sent": lambda facts: _plain(facts.sent),
    "done": lambda facts: _plain(facts.done),
    "answer": lambda facts: _plain(facts.answer),
    "happened": lambda facts: _plain(facts.happened),
    "count": lambda facts: _plain(facts.count),
    "total": lambda facts: _plain(facts.total),
    "days_since": lambda facts: _plain(facts.days_since),
    "upcoming": lambda facts: _plain(facts.upcoming),
    "tagged": lambda facts: _plain(facts._tagged),
    "consented": lambda facts: _plain(facts.consented.__contains__),
    "inside": lambda facts: _plain(facts.inside.__contains__),
    "segment": lambda facts: _plain(facts._segment),
    "coupon": lambda facts: _plain(facts._coupon),
}
