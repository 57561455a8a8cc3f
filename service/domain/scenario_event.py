"""One event of a scenario file: what happened when, as production would have been told of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from service.domain.contact import BadAddress, read_address
from service.domain.event import events_of
from service.domain.field import BadValue, in_utc, read_instant, read_value
from service.domain.happening import Happening
from service.domain.pause import CHOICES
from service.domain.sequence.answers import answers_of
from service.domain.sequence.findings import Fault
from service.domain.sequence.keys import Keys
from service.domain.sequence.model.business import Business
from service.domain.sequence.model.sequence import Sequence
from service.domain.sequence.names import CONTACT, RAISED, Shape
from service.domain.sequence.spelling import did_you_mean
from service.domain.task import END, GO_ON

TOLD = ("at", "name", "about", "key", "value", "currency", "data")  # what every event may say
# What those that the service sees itself say, as words of their own; `open`, by a person, and `task.skipped` are a
# scenario's alone.
OWN_WORDS: dict[str, tuple[str, ...]] = {
    "signup": ("form",),
    "open": ("sequence", "step"),
    "click": ("sequence", "step", "topic"),
    "answer": ("sequence", "step", "note"),
    "reply": ("sequence", "step"),
    "unsubscribed": ("topic",),
    "less-often": ("wish",),
    "pause": ("days",),
    "task.done": ("sequence", "step", "note"),
    "task.skipped": ("sequence", "step", "note"),
}
NEEDED = {
    "signup": ("form",),
    "open": ("sequence", "step"),
    "click": ("sequence", "step"),
    "answer": ("sequence", "step", "value"),
    "pause": ("days",),
    "task.done": ("sequence",),
    "task.skipped": ("sequence", "step"),
}
WORDED = frozenset({"answer", "task.done"})  # their `value` is a word, where other events have an amount
YES = {"yes": True, "true": True, "no": False, "false": False}


@dataclass(frozen=True, slots=True)
class Speaker:
    """Whose events these are. `sequences`: what clicks, answers and tasks may belong to; empty where nobody asks."""

    business: Business
    zone: ZoneInfo
    sequences: Mapping[str, Sequence]

    def shapes(self) -> dict[str, dict[str, Shape]]:
        """All events that may happen, each with what its `data` may hold."""
        contact = {name: shape for name, shape in CONTACT.items() if name != "tags"} | dict(self.business.fields)
        return (
            events_of(self.business)
            | RAISED
            | {"signup": contact, "task.done": contact}
            | {"open": {}, "task.skipped": {}}
        )


def read_event(keys: Keys, speaker: Speaker) -> Happening | None:
    """One event, None and a problem where it doesn't fit. Its `key` is empty where none was written."""
    for need, hint in (("at", "like `at: 2026-01-05 12:00`, in the person's own time"), ("name", "like `name: reply`")):
        keys.missing(need, hint)
    at = keys.read("at", refusing(lambda text: in_utc(read_instant(text), speaker.zone)))
    name, shapes = keys.text("name"), speaker.shapes()
    if name and name not in shapes:
        hint = did_you_mean(name, shapes, "declare it under `events` in business.yaml")
        keys.findings.error(keys.inner_place_of("name"), "unknown-event", f"There is no event `{name[:60]}`.", hint)
    if at is None or name not in shapes:
        return None
    _refuse_others(keys, name)
    _refuse_unknown(keys, name, speaker)
    data: dict[str, Any] = {each: keys.text(each) for each in OWN_WORDS.get(name, ()) if each in keys}
    told = keys.table("data", what=f"the data of {name}")
    for each in told:
        data[each] = told.read(each, reader(_shape(told, each, name, shapes[name]), speaker))
    value = None
    if name in WORDED:
        data["value"] = keys.text("value")
    else:
        value = keys.read("value", _amount)
    if "currency" in keys:
        data["currency"] = keys.text("currency")
    return Happening(name, at, data, value, about=keys.text("about") or None, key=keys.text("key"))


def _shape(told: Keys, field: str, name: str, shapes: Mapping[str, Shape]) -> Shape:
    """What a field of the data holds; one that fills in something about the person has to be known."""
    if name in {"signup", "task.done"} and field not in shapes:
        hint = did_you_mean(field, shapes, "declare it under `fields` in business.yaml")
        message = f"There is no field `{field[:60]}` that this could fill in."
        told.findings.error(told.place_of(field), "unknown-field", message, hint)
    return shapes.get(field, "text")


def _refuse_others(keys: Keys, name: str) -> None:
    """Keys that say nothing about an event of this name, and those without which it says nothing."""
    own = OWN_WORDS.get(name, ())
    for key in keys:
        if key not in TOLD and key not in own:
            hint = did_you_mean(key, own, "remove it, or write it into `data`")
            keys.findings.error(keys.place_of(key), "unknown-key", f"`{key}` says nothing about {name}.", hint)
    for key in NEEDED.get(name, ()):
        keys.missing(key, f"{name} needs it: write `{key}: …`")


def _refuse_unknown(keys: Keys, name: str, speaker: Speaker) -> None:
    """Forms, topics, sequences, steps and answers that nobody has written."""
    business, sequences = speaker.business, speaker.sequences
    if not sequences:
        return
    _known(keys, "form", [form.slug for form in business.forms])
    _known(keys, "topic", [topic.name for topic in business.topics])
    _known(keys, "sequence", sequences)
    _known(keys, "wish", ("yes", "no"))
    _known(keys, "days", ("0", *map(str, CHOICES)))
    sequence = sequences.get(keys.text("sequence"))
    if sequence is None or not keys.text("step"):
        if sequence is not None and name == "task.done":
            _known(keys, "value", (GO_ON, END))
        return
    tasks = name.startswith("task.")
    fitting = [step.key for step in sequence.steps if (step.task is not None if tasks else step.is_email)]
    _known(keys, "step", fitting if name != "reply" else [step.key for step in sequence.steps])
    step = sequence.step(keys.text("step"))
    if step is not None and name in WORDED and keys.text("value"):
        _known(keys, "value", [offer.value for offer in answers_of(step, business.languages[0])])


def _known(keys: Keys, key: str, words: Iterable[str]) -> None:
    known = list(words)
    if key in keys and keys.text(key) and keys.text(key) not in known:
        message = f"There is no {key} `{keys.text(key)[:60]}` here."
        hint = did_you_mean(keys.text(key), known, "" if known else "leave it out")
        keys.findings.error(keys.inner_place_of(key), f"unknown-{key}", message, hint)


def reader(shape: Shape | str, speaker: Speaker) -> Callable[[str], object]:
    """Reads a field's text as its shape has it, empty as None."""

    def read(text: str) -> object:
        if not text.strip():
            return None
        if shape == "email":
            return read_address(text).email
        value: object = text
        if shape == "yes-no":
            value = YES.get(text.casefold(), text)
        elif shape == "number":
            value = _number(text)
        return read_value(shape, value, speaker.business, speaker.zone)

    return refusing(read)


def refusing(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """The same reader, whose complaints are faults of the text."""

    def reading(text: str) -> Any:
        try:
            return read(text)
        except (BadValue, BadAddress) as error:
            raise Fault("bad-value", str(error)) from None

    return reading


def _number(text: str) -> int | float:
    try:
        return int(text) if text.strip().lstrip("-").isdecimal() else float(text)
    except ValueError:
        raise BadValue("This should be a number.") from None


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text.strip())
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite():
        raise Fault("bad-value", "This should be an amount, like 48.00.")
    return amount
