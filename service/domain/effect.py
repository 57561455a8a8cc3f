"""What a step does besides writing: set a field, tag, call another service, let into a sequence or out of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from service.domain.facts import Facts
from service.domain.field import BadValue, read_value, read_zone
from service.domain.moment import read_moment
from service.domain.sequence.expression import ExpressionError, Record, value_of
from service.domain.sequence.model.step import Action, Step
from service.domain.sequence.names import CONTACT

# A visit, a purchase, an agreement make a client; leaving makes a former one.
STAGE_AFTER = {
    "agreement.signed": "client",
    "visit.completed": "client",
    "purchase": "client",
    "client.left": "former",
}
DEALS = frozenset(name for name, stage in STAGE_AFTER.items() if stage == "client")


@dataclass(frozen=True, slots=True)
class SetField:
    """`contact.name` becomes `value`; None empties it."""

    name: str
    value: object


@dataclass(frozen=True, slots=True)
class Retag:
    add: tuple[str, ...]
    remove: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CallWebhook:
    name: str


@dataclass(frozen=True, slots=True)
class EnrolIn:
    sequence: str


@dataclass(frozen=True, slots=True)
class LeaveOf:
    """One sequence, or with None all others."""

    sequence: str | None


Effect = SetField | Retag | CallWebhook | EnrolIn | LeaveOf


def kept(value: object, *, own: bool) -> object:
    """A value as a field keeps it, ready for JSON; the built-in fields (not `own`) hold texts. None where empty."""
    if isinstance(value, date):
        value = value.isoformat()
    if isinstance(value, Decimal):
        value = int(value) if value == value.to_integral_value() else float(value)
    return value if own or value is None else str(value)


def retagged(tags: Iterable[str], effect: Retag) -> list[str]:
    """The tags somebody has after it."""
    left = [tag for tag in tags if tag not in effect.remove]
    return [*left, *(tag for tag in effect.add if tag not in left)]


def effects(step: Step, facts: Facts) -> tuple[Effect, ...]:
    """What the step's riding actions do to this person, in their order. Raises ExpressionError."""
    return tuple(_effect(action, facts) for action in step.actions)


def _effect(action: Action, facts: Facts) -> Effect:
    match action.verb:
        case "set":
            target, _, source = action.text.partition("=")
            value = value_of(source.strip(), facts.names())
            name = target.strip().removeprefix("contact.")
            return SetField(name, _fitting(name, str(value) if isinstance(value, Record) else value, facts))
        case "tag":
            words = [word.strip() for word in action.text.split(",")]
            return Retag(tuple(_signed(words, "+")), tuple(_signed(words, "-")))
        case "webhook":
            return CallWebhook(action.text.strip())
        case "enrol":
            return EnrolIn(action.text.strip())
    name = action.text.strip()
    return LeaveOf(None if name == "all" else name)


def _fitting(name: str, value: object, facts: Facts) -> object:
    """The value as its field holds it. Raises ExpressionError where it can't: nobody is to stumble on it later."""
    if value is None or value == "":
        if name == "stage":
            raise ExpressionError("`contact.stage` can't be empty")
        return None
    shape = dict(facts.business.fields).get(name) or CONTACT.get(name, "text")
    moment = read_moment(value, facts.zone) if shape in {"date", "month-day"} else None
    if moment is not None:  # an instant is meant as its day; `client_since` is an instant itself
        value = moment.at if name == "client_since" else moment.at.astimezone(facts.zone).date()
        shape = "time" if name == "client_since" else shape
    plain = kept(value, own=shape != "text")
    try:
        return read_zone(plain) if name == "timezone" else read_value(shape, plain, facts.business, facts.zone)
    except BadValue as error:
        raise ExpressionError(f"`contact.{name}` can't hold this ({str(error).removesuffix('.')})") from None


def _signed(words: Iterable[str], sign: str) -> Iterable[str]:
    return (word[1:].strip() for word in words if word.startswith(sign))
