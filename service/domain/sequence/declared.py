"""The words that `business.yaml` declares: topics, links, fields, events, segments …"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import TypeVar

from service.domain.sequence.draft import Asked, Draft
from service.domain.sequence.findings import Fault, Findings
from service.domain.sequence.heading import KEY, slug
from service.domain.sequence.keys import Keys, as_keys, as_text, attempt, inner_place
from service.domain.sequence.links import BUILT_IN, read_url
from service.domain.sequence.model import Duration, Expression, Topic
from service.domain.sequence.names import CONTACT, EVENT, RAISED, TYPES, Shape
from service.domain.sequence.spelling import did_you_mean
from service.domain.sequence.times import read_duration, read_moment
from service.domain.sequence.yaml_tree import Listing, Node, Scalar

BASES = ("consent", "client", "service")
MAX_NAME = 80

FIELD_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
_EVENT_NAME = re.compile(r"[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)*")

_Value = TypeVar("_Value")


def named(keys: Keys, key: str, reader: Callable[[str], _Value], findings: Findings) -> tuple[tuple[str, _Value], ...]:
    """A mapping of names to values that one reader understands."""
    table = keys.table(key)
    found = []
    for name in table or ():
        if table is not None and fits(table, name, KEY, findings):
            value = table.read(name, reader)
            table.missing(name, f"say what `{name}` is")
            if value is not None:
                found.append((name, value))
    return tuple(found)


def fits(keys: Keys, name: str, pattern: re.Pattern[str], findings: Findings) -> bool:
    """Whether a name is spelled as names are; a problem where it is not."""
    if pattern.fullmatch(name) and len(name) <= MAX_NAME:
        return True
    signs = "underscores" if pattern is FIELD_NAME else "hyphens"
    hint = f"small letters, digits and {signs}, beginning with a letter"
    findings.error(keys.place_of(name), "bad-name", f"`{name[:60]}` can't be a name here.", hint)
    return False


def read_topics(keys: Keys, languages: Iterable[str], findings: Findings) -> tuple[Topic, ...]:
    """`topics`: what a recipient can leave on its own."""
    table = keys.table("topics")
    topics: dict[str, Topic] = {}
    for name in table or ():
        inside = table.table(name, ("basis", *languages), f"the topic {name}") if table else None
        if table is not None and (slug(name) in topics or len(name) > MAX_NAME):
            message = f"`{name[:60]}` is too long, or too like another topic, to be told apart in a link."
            findings.error(table.place_of(name), "duplicate-topic", message, "give it another name")
        basis = inside.choice("basis", BASES, "unknown-value", "basis") if inside else None
        titles = tuple((each, inside.text(each)) for each in inside if each != "basis") if inside else ()
        topics[slug(name) or name] = Topic(name, basis or "consent", titles)
    return tuple(topics.values())


def read_links(keys: Keys, findings: Findings) -> tuple[tuple[str, str], ...]:
    """`links`: names for addresses of the web."""
    links = named(keys, "links", read_url, findings)
    table = keys.table("links")
    for name, _ in links:
        if table is not None and name in BUILT_IN:
            message = f"`link:{name}` has a meaning of its own."
            findings.error(table.place_of(name), "duplicate-key", message, "give this one another name")
    return links


def read_shape(node: Node, findings: Findings, name: str) -> Shape | None:
    """`text`, `date` …, or a list of the words that are possible."""
    if isinstance(node, Listing):
        words = [word.text for each in node.items if (word := as_text(each, findings, name)) is not None]
        if words:
            return tuple(words)
    scalar = as_text(node, findings, name)
    if scalar is not None and scalar.text not in TYPES:
        message = f"There is no type `{scalar.text[:60]}`."
        findings.error(scalar.place, "unknown-type", message, did_you_mean(scalar.text, TYPES))
    return scalar.text if scalar is not None else None


def _shapes(keys: Keys, taken: Iterable[str], findings: Findings) -> tuple[tuple[str, Shape], ...]:
    shapes: list[tuple[str, Shape]] = []
    for name in keys:
        node = keys.node(name)
        if name in taken:
            message = f"`{name}` exists already, without being declared."
            findings.error(keys.place_of(name), "duplicate-key", message, "remove it, or give it another name")
        elif not fits(keys, name, FIELD_NAME, findings):
            continue
        elif node is None:
            keys.missing(name, "say what it holds, like `text` or `date`")
        elif (shape := read_shape(node, findings, name)) is not None:
            shapes.append((name, shape))
    return tuple(shapes)


def read_fields(keys: Keys, findings: Findings) -> tuple[tuple[str, Shape], ...]:
    """`fields`: what is known about a contact beside the built-in fields."""
    table = keys.table("fields")
    return () if table is None else _shapes(table, CONTACT, findings)


def read_events(keys: Keys, findings: Findings) -> tuple[tuple[str, tuple[tuple[str, Shape], ...]], ...]:
    """`events`: what the business's other programs tell, and what comes with it."""
    table = keys.table("events")
    events = []
    for name in table or ():
        if table is None or not fits(table, name, _EVENT_NAME, findings):
            continue
        if name in RAISED:
            message = f"`{name}` is raised by the service itself."
            findings.error(table.place_of(name), "duplicate-key", message, "give yours another name")
        inside = table.table(name, what=f"the event {name}")
        events.append((name, () if inside is None else _shapes(inside, EVENT, findings)))
    return tuple(events)


def read_calendar(keys: Keys, findings: Findings) -> tuple[tuple[str, tuple[date | datetime, ...]], ...]:
    """`calendar`: days that move from year to year."""
    table = keys.table("calendar")
    days = []
    for name in table or ():
        if table is not None and fits(table, name, KEY, findings):
            read = (attempt(each, read_moment, findings) for each in table.texts(name))
            days.append((name, tuple(each for each in read if each is not None)))
    return tuple(days)


def read_segments(keys: Keys, draft: Draft) -> tuple[tuple[str, Expression], ...]:
    """`segments`: conditions with a name."""
    table = keys.table("segments")
    segments = []
    for name in table or ():
        expression = table.expression(name) if table is not None else None
        if expression is not None:
            segments.append((name, expression))
            draft.asked.append(Asked(expression))
    return tuple(segments)


def read_rhythm(
    keys: Keys, draft: Draft, findings: Findings
) -> tuple[tuple[str, tuple[tuple[str, Duration], ...]], ...]:
    """`rhythm`: how often people come, by service, until their own visits tell."""
    table = keys.table("rhythm")
    rhythms = []
    for event in table or ():
        inside = table.table(event, what=f"the rhythm of {event}") if table is not None else None
        if table is None or inside is None:
            continue
        draft.refer("event", event, table.place_of(event))
        lengths = [(service, inside.read(service, read_duration)) for service in inside]
        rhythms.append((event, tuple((service, length) for service, length in lengths if length is not None)))
    return tuple(rhythms)


def read_magnets(keys: Keys, draft: Draft, findings: Findings) -> tuple[tuple[str, str], ...]:
    """`magnets`: files that people sign up for, beside business.yaml."""
    magnets = named(keys, "magnets", read_path, findings)
    table = keys.table("magnets")
    for name, path in magnets:
        scalar = table.scalar(name) if table is not None else None
        if scalar is not None:
            draft.refer("file", path, inner_place(scalar))
    return magnets


def read_path(text: str) -> str:
    """A file beside business.yaml. Raises Fault `unknown-file`."""
    if text.startswith("/") or ":" in text or "\\" in text or ".." in text.split("/"):
        message = f"`{text[:60]}` does not lie beside business.yaml."
        raise Fault("unknown-file", message, "put the file there, and write its path like `files/checklist.pdf`")
    return text


def read_coupons(keys: Keys, findings: Findings) -> tuple[str, ...]:
    """`coupons`: their names; what they are worth is said where they will be built."""
    table = keys.table("coupons")
    for name in table or ():
        node = table.node(name) if table is not None else None
        if node is not None and not (isinstance(node, Scalar) and node.nothing):
            as_keys(node, findings, f"the coupon {name}", ())
    return tuple(table or ())
