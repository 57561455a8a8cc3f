"""A scenario file: one person, and what happens to them. What doesn't fit is told with `path:line:column`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from service.domain.contact import BadAddress, read_address
from service.domain.event import events_of
from service.domain.field import BadValue, in_utc, read_instant, read_value, read_zone
from service.domain.happening import Happening
from service.domain.sequence.findings import Fault, Findings
from service.domain.sequence.keys import Keys, as_keys
from service.domain.sequence.manuscript import Manuscript, decode
from service.domain.sequence.model import Business
from service.domain.sequence.names import CONTACT, RAISED, Shape
from service.domain.sequence.spelling import did_you_mean
from service.domain.sequence.yaml_tree import read_yaml
from service.domain.window import utc

KEYS = ("contact", "events")
# What every event may say, and what those that the service raises itself say beside it, as words of their own.
OF_EVENTS = ("at", "name", "about", "key", "value", "currency", "data")
OF_RAISED = ("form", "sequence", "step", "note", "topic")
MOST_EVENTS = 5_000
YES = {"yes": True, "true": True, "no": False, "false": False}


@dataclass(frozen=True, slots=True)
class Scenario:
    """`contact` holds fields as conditions see them; `events` are in the order of their time, which is UTC."""

    contact: Mapping[str, Any]
    zone: ZoneInfo
    events: tuple[Happening, ...] = ()


def read_scenario(path: str, data: bytes, business: Business, findings: Findings) -> Scenario | None:
    """The scenario in a file, None where any of it doesn't fit; each problem goes to `findings`."""
    text = decode(path, data, findings)
    table = read_yaml(Manuscript(path, text), 0, len(text), findings) if text is not None else None
    if table is None:
        return None
    keys = Keys(table, findings, "the scenario", KEYS)
    keys.missing("contact", "write `contact: {email: ana@example.org, first_name: Ana}`")
    zone, contact = _contact(keys.table("contact", (*CONTACT, *dict(business.fields))), business)
    items = keys.items("events")
    if len(items) > MOST_EVENTS:
        findings.error(
            keys.place_of("events"), "too-long", f"These are more than {MOST_EVENTS} events.", "leave some out"
        )
    inside = (as_keys(each, findings, "an event", (*OF_EVENTS, *OF_RAISED)) for each in items[:MOST_EVENTS])
    events = [event for each in inside if (event := _event(each, business, zone)) is not None]
    if findings.faulty(path):
        return None
    return Scenario(contact, zone, tuple(sorted(events, key=lambda each: each.at)))


def _contact(keys: Keys, business: Business) -> tuple[ZoneInfo, dict[str, Any]]:
    zone = ZoneInfo(keys.read("timezone", _refusing(read_zone)) or business.zone)
    shapes = CONTACT | dict(business.fields)
    contact: dict[str, Any] = dict.fromkeys(shapes) | {"stage": "lead", "tags": []}
    keys.missing("email", "like `email: ana@example.org`; nothing is sent there")
    for name in keys:
        if name == "tags":
            contact[name] = [each.text for each in keys.texts(name)]
        elif name == "client_since":
            contact[name] = keys.read(name, lambda text: _day(text, zone))
        else:
            contact[name] = keys.read(name, _reader(shapes[name], business, zone))
    return zone, contact


def _event(keys: Keys, business: Business, zone: ZoneInfo) -> Happening | None:
    keys.missing("at", "like `at: 2026-01-05 12:00`, in the person's own time")
    keys.missing("name", "like `name: visit.completed`")
    at = keys.read("at", _refusing(lambda text: in_utc(read_instant(text), zone)))
    name = keys.text("name")
    shapes = events_of(business) | RAISED
    if name and name not in shapes:
        hint = did_you_mean(name, shapes, "declare it under `events` in business.yaml")
        keys.findings.error(keys.inner_place_of("name"), "unknown-event", f"There is no event `{name[:60]}`.", hint)
    if at is None or name not in shapes:
        return None
    told = keys.table("data", what=f"the data of {name}")
    data: dict[str, Any] = {each: keys.text(each) for each in OF_RAISED if each in keys}
    for each in told:
        data[each] = told.read(each, _reader(shapes[name].get(each, "text"), business, zone))
    value = None
    if name == "answer":
        data["value"] = keys.text("value")  # a word, where other events have an amount
    else:
        value = keys.read("value", _amount)
    if "currency" in keys:
        data["currency"] = keys.text("currency")
    about = keys.text("about") or None
    return Happening(name, at, data, value, about=about, key=keys.text("key") or about or at.isoformat())


def _reader(shape: Shape | str, business: Business, zone: ZoneInfo) -> Callable[[str], object]:
    """Reads a field's text as its shape has it, empty as None."""

    def read(text: str) -> object:
        if not text.strip():
            return None
        if shape == "email":
            return read_address(text).email
        if shape == "yes-no":
            return read_value(shape, YES.get(text.casefold(), text), business, zone)
        if shape == "number":
            return read_value(shape, _number(text), business, zone)
        return read_value(shape, text, business, zone)

    return _refusing(read)


def _refusing(read: Callable[[str], Any]) -> Callable[[str], Any]:
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


def _day(text: str, zone: ZoneInfo) -> datetime:
    """A day is its midnight."""
    try:
        return utc(date.fromisoformat(text.strip()), time.min, zone)
    except ValueError:
        pass
    try:
        return read_instant(text).astimezone(UTC)
    except BadValue as error:
        raise Fault("bad-value", str(error)) from None
