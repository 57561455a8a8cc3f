"""Riding actions: how `Set: contact.stage = "client"` and `Tag: +vip, -cold` read, and what a field can hold."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo

from jinja2 import nodes

from service.domain.field import BadValue, read_value
from service.domain.sequence.draft import Assigned
from service.domain.sequence.findings import Fault, Findings
from service.domain.sequence.meaning import check_expression
from service.domain.sequence.model.expression import Expression
from service.domain.sequence.model.place import Place
from service.domain.sequence.names import FUNCTIONS, Scope, Shape
from service.domain.sequence.presence import spelled
from service.domain.sequence.spelling import did_you_mean
from service.domain.sequence.syntax import place_of

# Fields that are not set by an expression, and what to write instead.
_OTHERWISE = {
    "email": "people change their address themselves",
    "tags": "write `Tag: +vip` or `Tag: -vip`",
}
_LIKE = 'write it like `Set: contact.stage = "former"`'
_TARGET = re.compile(r"\s*contact\.(\w+)\s*")
_TAG = re.compile(r"[+-] ?[^\s,+][^\s,]{0,59}")

# What a value is, as far as that can be told without a person: a word, a number, a day, or yes and no.
_FAMILY = {"number": "a number", "money": "a number", "yes-no": "yes or no", "date": "a day", "time": "a day"}
_TRUTHS = frozenset({"clicked", "sent", "done", "happened", "upcoming", "tagged", "consented", "inside", "segment"})
_NUMBERS = frozenset({"count", "total", "days_since"})


def read_set(text: str, place: Place, step: str) -> Assigned:
    """`contact.stage = "client"`, of which the value is still to be looked at. Raises Fault `bad-set`."""
    target, equals, source = text.partition("=")
    if not equals or source.startswith("="):
        raise Fault("bad-set", "`Set` needs one `=` between a field and its value.", _LIKE)
    named = _TARGET.fullmatch(target)
    if named is None:
        raise Fault("bad-set", f"Only a contact's fields can be set, and `{target.strip()[:60]}` is none.", _LIKE)
    if not source.strip():
        raise Fault("bad-set", "There is no value behind the `=`.", _LIKE, len(text))
    at = len(target) + 1 + len(source) - len(source.lstrip())
    value = Expression(source.strip(), Place(place.path, place.line, place.column + at))
    return Assigned(named[1], value, step, Place(place.path, place.line, place.column + named.start(1)))


def read_tags(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """`+vip, -cold`: the tags to add, and those to take away. Raises Fault `bad-tag`."""
    added: list[str] = []
    taken: list[str] = []
    at = 0
    for part in text.split(","):
        word = part.strip()
        if not _TAG.fullmatch(word):
            message = f"`{word[:60]}` doesn't say whether the tag comes or goes."
            hint = f"write `+{word}` or `-{word}`" if re.fullmatch(r"[\w.-]+", word) else "write it like `+vip, -cold`"
            raise Fault("bad-tag", message, hint, at + len(part) - len(part.lstrip()))
        (added if word[0] == "+" else taken).append(word[1:].strip())
        at += len(part) + 1
    return tuple(added), tuple(taken)


def check_set(assigned: Assigned, scope: Scope, findings: Findings) -> None:
    """A problem where the field doesn't exist, or can't hold such a value."""
    name, known = assigned.field, scope.shelf.contact
    tree = check_expression(assigned.value, scope, findings, condition=False)
    if name in _OTHERWISE:
        message = f"`contact.{name}` can't be set here."
        findings.error(assigned.place, "bad-set", message, _OTHERWISE[name])
    elif name not in known:
        hint = did_you_mean(name, known, "declare it under `fields` in business.yaml")
        findings.error(assigned.place, "unknown-field", f"`contact` has no field `{name}`.", hint)
    elif isinstance(tree, nodes.Const):
        _check_constant(assigned, known[name], tree.value, scope, findings)
    elif tree is not None and (given := _family(tree, scope)) is not None:
        wanted = _named(known[name])
        if not _holds(known[name], wanted, given):
            message = f"`contact.{name}` holds {wanted}, and this is {given}."
            findings.error(assigned.value.place, "wrong-type", message, "set another field, or another value")


def _check_constant(assigned: Assigned, shape: Shape, value: object, scope: Scope, findings: Findings) -> None:
    if value is None:
        return
    try:
        read_value(shape, value, scope.shelf.business, ZoneInfo("UTC"))
    except BadValue as error:
        place = place_of(assigned.value, r"[^\"'“”„‘’]")
        if isinstance(shape, tuple):
            message = f"`contact.{assigned.field}` is never `{str(value)[:60]}`."
            findings.error(place, "unknown-value", message, did_you_mean(str(value), shape))
        else:
            message = f"`contact.{assigned.field}` can't be set to this. {error}"
            findings.error(place, "wrong-type", message)


def _holds(shape: Shape, wanted: str, given: str) -> bool:
    if given == "a text":  # it may well read as a day; a number it is only where money is meant
        return wanted != "yes or no" and shape != "number"
    return wanted == given or (wanted == "a text" and given == "a day")


def _family(tree: nodes.Expr, scope: Scope) -> str | None:
    """What a value surely is; None where that depends."""
    if isinstance(tree, nodes.Compare | nodes.Not):
        return "yes or no"
    if isinstance(tree, nodes.Call) and isinstance(tree.node, nodes.Name) and tree.node.name in FUNCTIONS:
        name = tree.node.name
        return "yes or no" if name in _TRUTHS else "a number" if name in _NUMBERS else "a text"
    name = spelled(tree)
    record, _, field = name.partition(".")
    shape = {"contact": scope.shelf.contact, "event": scope.event or {}, "form": scope.form}.get(record, {}).get(field)
    if name in {"today", "date"}:
        return "a day"
    return None if shape is None else _named(shape)


def _named(shape: Shape) -> str:
    return _FAMILY.get(shape, "a text") if isinstance(shape, str) else "a text"
