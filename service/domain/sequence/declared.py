"""The words that `business.yaml` declares: topics, links, fields, events, segments …"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, datetime
from typing import TypeVar
from urllib.parse import urlsplit

from service.domain.sequence.draft import Asked, Draft
from service.domain.sequence.findings import Fault, Findings
from service.domain.sequence.heading import KEY, slug
from service.domain.sequence.keys import Keys, as_text
from service.domain.sequence.links import BUILT_IN, read_url
from service.domain.sequence.model.business import Coupon, Topic
from service.domain.sequence.model.consent import ConsentPolicy
from service.domain.sequence.model.duration import Duration
from service.domain.sequence.model.expression import Expression
from service.domain.sequence.names import CONTACT, EVENT, RAISED, TYPES, Shape
from service.domain.sequence.spelling import did_you_mean
from service.domain.sequence.times import read_duration, read_moment, read_span
from service.domain.sequence.yaml_tree import Listing, Node

BASES = ("consent", "inquiry", "client", "service")
MAX_NAME = 80

FIELD_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
_EVENT_NAME = re.compile(r"[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)*")

_COUPON = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*")  # people type its codes
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

_Value = TypeVar("_Value")


def named(keys: Keys, reader: Callable[[str], _Value]) -> tuple[tuple[str, _Value], ...]:
    """A mapping of names to values that one reader understands."""
    found = []
    for name in keys:
        if fits(keys, name, KEY):
            keys.missing(name, f"say what `{name}` is")
            value = keys.read(name, reader)
            if value is not None:
                found.append((name, value))
    return tuple(found)


def fits(keys: Keys, name: str, pattern: re.Pattern[str]) -> bool:
    """Whether a name is spelled as names are; a problem where it is not."""
    if pattern.fullmatch(name) and len(name) <= MAX_NAME:
        return True
    signs = "underscores" if pattern is FIELD_NAME else "hyphens"
    hint = f"small letters, digits and {signs}, beginning with a letter"
    keys.findings.error(keys.place_of(name), "bad-name", f"`{name[:60]}` can't be a name here.", hint)
    return False


def _taken(keys: Keys, name: str, why: str) -> None:
    keys.findings.error(keys.place_of(name), "duplicate-key", f"`{name}` {why}.", "give this one another name")


def read_topics(keys: Keys, languages: Iterable[str], consent: ConsentPolicy) -> tuple[Topic, ...]:
    """`topics`: what a recipient can leave on its own, each with how long its basis lasts."""
    lasts = {"client": consent.client_lasts, "inquiry": consent.inquiry_lasts}
    topics: dict[str, Topic] = {}
    for name in keys:
        inside = keys.table(name, ("basis", *languages), f"the topic {name}")
        if slug(name) in topics or len(name) > MAX_NAME:
            message = f"`{name[:60]}` is too long, or too like another topic, to be told apart in a link."
            keys.findings.error(keys.place_of(name), "duplicate-topic", message, "give it another name")
        basis = inside.choice("basis", BASES, "unknown-value", "basis")
        titles = tuple((language, inside.text(language)) for language in inside if language != "basis")
        topics[slug(name) or name] = Topic(name, basis or "consent", titles, lasts.get(basis or ""))
    return tuple(topics.values())


def read_links(keys: Keys) -> tuple[tuple[str, str], ...]:
    """`links`: names for addresses of the web."""
    for name in keys:
        if name in BUILT_IN:
            _taken(keys, name, "has a meaning of its own as a link")
    return named(keys, read_url)


def read_shape(node: Node, findings: Findings, name: str) -> Shape | None:
    """`text`, `date` …, or a list of the words that are possible."""
    if isinstance(node, Listing) and node.items:
        words = (as_text(each, findings, name) for each in node.items)
        return tuple(word.text for word in words if word is not None)
    scalar = as_text(node, findings, name)
    if scalar is None:
        return None
    if scalar.text not in TYPES:
        message = f"There is no type `{scalar.text[:60]}`."
        findings.error(scalar.place, "unknown-type", message, did_you_mean(scalar.text, TYPES))
    return scalar.text


def _shapes(keys: Keys, taken: Iterable[str]) -> tuple[tuple[str, Shape], ...]:
    shapes: list[tuple[str, Shape]] = []
    for name in keys:
        node = keys.node(name)
        if name in taken:
            _taken(keys, name, "exists already, without being declared")
        elif node is None:
            keys.missing(name, "say what it holds, like `text` or `date`")
        elif fits(keys, name, FIELD_NAME) and (shape := read_shape(node, keys.findings, name)):
            shapes.append((name, shape))
    return tuple(shapes)


def read_fields(keys: Keys) -> tuple[tuple[str, Shape], ...]:
    """`fields`: what is known about a contact beside the built-in fields."""
    return _shapes(keys, CONTACT)


def read_events(keys: Keys) -> tuple[tuple[str, tuple[tuple[str, Shape], ...]], ...]:
    """`events`: what the business's other programs tell, and what comes with it."""
    for name in keys:
        if name in RAISED:
            _taken(keys, name, "is raised by the service itself")
    return tuple(
        (name, _shapes(keys.table(name, what=f"the event {name}"), EVENT))
        for name in keys
        if fits(keys, name, _EVENT_NAME)
    )


def read_calendar(keys: Keys) -> tuple[tuple[str, tuple[date | datetime, ...]], ...]:
    """`calendar`: days that move from year to year."""
    return tuple((name, keys.readings(name, read_moment)) for name in keys if fits(keys, name, KEY))


def read_segments(keys: Keys, draft: Draft) -> tuple[tuple[str, Expression], ...]:
    """`segments`: conditions with a name."""
    segments = [(name, expression) for name in keys if (expression := keys.expression(name)) is not None]
    draft.asked += [Asked(expression) for _, expression in segments]
    return tuple(segments)


def read_rhythm(keys: Keys, draft: Draft) -> tuple[tuple[str, tuple[tuple[str, Duration], ...]], ...]:
    """`rhythm`: how often people come, by service, until their own visits tell."""
    rhythms = []
    for event in keys:
        draft.refer("event", event, keys.place_of(event))
        inside = keys.table(event, what=f"the rhythm of {event}")
        lengths = [(service, inside.read(service, read_duration)) for service in inside]
        rhythms.append((event, tuple((service, length) for service, length in lengths if length is not None)))
    return tuple(rhythms)


def read_path(text: str) -> str:
    """A file beside business.yaml. Raises Fault `unknown-file`."""
    if text.startswith("/") or ":" in text or "\\" in text or ".." in text.split("/"):
        message = f"`{text[:60]}` does not lie beside business.yaml."
        raise Fault("unknown-file", message, "put the file there, and write its path like `files/checklist.pdf`")
    return text


def read_coupons(keys: Keys) -> tuple[Coupon, ...]:
    """`coupons`: by name, each with how long it is `valid` and in words what it is `worth`, if it says so."""
    coupons = []
    for name in keys:
        if not _COUPON.fullmatch(name):
            message = f"`{name[:60]}` can't be a coupon's name: people type its codes."
            hint = "letters, digits and hyphens, like `WELCOME-BACK`"
            keys.findings.error(keys.place_of(name), "bad-name", message, hint)
        inside = keys.table(name, ("valid", "worth"), f"the coupon {name}")
        valid = inside.read("valid", read_span)
        coupon = Coupon(name, worth=inside.text("worth"))
        coupons.append(replace(coupon, valid=valid) if valid else coupon)
    return tuple(coupons)


def read_webhooks(keys: Keys) -> tuple[tuple[str, str], ...]:
    """`webhooks`: names for the programs that a step's `Webhook:` calls."""
    return named(keys, read_endpoint)


def read_endpoint(text: str) -> str:
    """An address that is called in secret: https, or http on this machine. Raises Fault `not-a-link`."""
    parts = urlsplit(read_url(text))
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        raise Fault("not-a-link", "A webhook carries what is known of a person.", "its address begins with `https://`")
    if parts.username or parts.password:
        raise Fault("not-a-link", "An address with a password in it would be in git.", "webhooks are signed instead")
    return text
