"""A scenario file: one person, and what happens to them. What doesn't fit is told with `path:line:column`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from service.domain.field import BadValue, read_instant, read_zone
from service.domain.happening import Happening
from service.domain.scenario_event import OWN_WORDS, TOLD, Speaker, read_event, reader, refusing
from service.domain.sequence.findings import Fault, Findings
from service.domain.sequence.keys import Keys, as_keys, inner_place
from service.domain.sequence.manuscript import Manuscript, decode
from service.domain.sequence.model.business import Business
from service.domain.sequence.model.sequence import Sequence
from service.domain.sequence.names import CONTACT
from service.domain.sequence.spelling import did_you_mean
from service.domain.sequence.yaml_tree import read_yaml
from service.domain.window import utc

KEYS = ("contact", "events", "consents")
OF_AN_EVENT = (*TOLD, *dict.fromkeys(word for words in OWN_WORDS.values() for word in words))
MOST_EVENTS = 5_000


@dataclass(frozen=True, slots=True)
class Scenario:
    """`contact` holds fields as conditions see them; `events` are in the order of their time, which is UTC.

    `consents` are the topics agreed to from the beginning, None where the file doesn't say.
    """

    contact: Mapping[str, Any]
    zone: ZoneInfo
    events: tuple[Happening, ...] = ()
    consents: tuple[str, ...] | None = None


def read_scenario(
    path: str, data: bytes, business: Business, findings: Findings, sequences: Collection[Sequence] = ()
) -> Scenario | None:
    """The scenario in a file, None where any of it doesn't fit; each problem goes to `findings`.

    With `sequences`, what people click, answer and do must be something that these ask for.
    """
    text = decode(path, data, findings)
    table = read_yaml(Manuscript(path, text), 0, len(text), findings) if text is not None else None
    if table is None:
        return None
    keys = Keys(table, findings, "the scenario", KEYS)
    keys.missing("contact", "write `contact: {email: ana@example.org, first_name: Ana}`")
    zone, contact = _contact(keys.table("contact", (*CONTACT, *dict(business.fields))), business)
    items = keys.items("events")
    if len(items) > MOST_EVENTS:
        message = f"These are more than {MOST_EVENTS} events."
        findings.error(keys.place_of("events"), "too-long", message, "leave some out")
    speaker = Speaker(business, zone, {sequence.key: sequence for sequence in sequences})
    inside = (as_keys(each, findings, "an event", OF_AN_EVENT) for each in items[:MOST_EVENTS])
    events = [event for each in inside if (event := read_event(each, speaker)) is not None]
    consents = _consents(keys, business)
    if findings.faulty(path):
        return None
    return Scenario(contact, zone, tuple(sorted(events, key=lambda each: each.at)), consents)


def _contact(keys: Keys, business: Business) -> tuple[ZoneInfo, dict[str, Any]]:
    zone = ZoneInfo(keys.read("timezone", refusing(read_zone)) or business.zone)
    shapes = CONTACT | dict(business.fields)
    contact: dict[str, Any] = dict.fromkeys(shapes) | {"stage": "lead", "tags": []}
    keys.missing("email", "like `email: ana@example.org`; nothing is sent there")
    speaker = Speaker(business, zone, {})
    for name in keys:
        if name == "tags":
            contact[name] = [each.text for each in keys.texts(name)]
        elif name == "client_since":
            contact[name] = keys.read(name, lambda text: _day(text, zone))
        else:
            contact[name] = keys.read(name, reader(shapes[name], speaker))
    return zone, contact


def _consents(keys: Keys, business: Business) -> tuple[str, ...] | None:
    if "consents" not in keys:
        return None
    names = [topic.name for topic in business.topics]
    found = keys.texts("consents")
    for each in found:
        if each.text not in names:
            message = f"There is no topic `{each.text[:60]}`."
            keys.findings.error(inner_place(each), "unknown-topic", message, did_you_mean(each.text, names))
    return tuple(each.text for each in found)


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
