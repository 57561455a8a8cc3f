"""The JSON of a request, before anybody looks at its meaning: what may stand in it, how much, how deep."""

from __future__ import annotations

import math
from collections.abc import Iterator

from flask import abort, request
from werkzeug.exceptions import BadRequest

from service.domain.redaction import without_addresses
from service.web.api.refusal import MOST, Wrong, invalid, pointer, refuse

LARGEST = 1_000_000  # bytes
DEEPEST = 32  # levels
WIDEST = 2**63  # of a whole number

NO_ADDRESS = (
    "No address of a person belongs into a URL, which proxies and browsers keep. Look somebody up by "
    "POST /api/v1/contacts/search or /api/v1/suppressions/search, with `email` in the body."
)

Way = tuple["Way", str | int] | None  # to a value, from its own place upwards: spelled out only where it is needed


def read_body() -> None:
    """Read the body once; `request.get_json()` has it from then on. Refuses what is no JSON, or can't be stored."""
    request.max_content_length = LARGEST
    if not request.is_json:
        refuse("not-json", "Send a JSON body, and say so: Content-Type: application/json.")
    request.get_data()
    try:
        tree = request.get_json()
    except RecursionError:
        refuse("unreadable", f"The body is nested too deeply; at most {DEEPEST} levels are read.")
    except BadRequest:
        refuse("unreadable", "The body is no JSON in UTF-8.")
    _refuse_all(Wrong(detail=sentence, code="unstorable", pointer=where) for where, sentence in _faults(tree))


def refuse_nul() -> None:
    """PostgreSQL stores no U+0000, so nothing that holds one can be looked for."""
    _refuse_all(
        Wrong(detail="This holds a NUL character.", code="unstorable", parameter=name)
        for name, value in request.args.items(multi=True)
        if "\0" in name + value
    )


def refuse_addresses() -> None:
    """Whoever asks about somebody by address does so in a body: a URL is written down on its way."""
    _refuse_all(
        Wrong(detail=NO_ADDRESS, code="address-in-url", parameter=without_addresses(name))
        for name, value in request.args.items(multi=True)
        if name == "email" or without_addresses(name + value) != name + value
    )


def _refuse_all(found: Iterator[Wrong]) -> None:
    wrongs = [wrong for wrong, _ in zip(found, range(MOST), strict=False)]
    if wrongs:
        abort(invalid(wrongs))


def _faults(tree: object) -> Iterator[tuple[str, str]]:
    """Where something stands that can't be stored, and why. Without recursion: the tree is a stranger's."""
    waiting: list[tuple[Way, int, object]] = [(None, 0, tree)]
    while waiting:
        way, depth, value = waiting.pop()
        sentence = _fault(value, depth)
        if sentence is not None:
            yield _pointed(way), sentence
        elif isinstance(value, dict):
            for name, each in value.items():
                waiting.append(((way, name), depth + 1, each))
                if _fault(name, 0) is not None:
                    yield _pointed((way, name)), "The name of this field can't be stored."
        elif isinstance(value, list):
            waiting += [((way, number), depth + 1, each) for number, each in enumerate(value)]


def _pointed(way: Way) -> str:
    path: list[str | int] = []
    while way is not None:
        way, last = way
        path.append(last)
    return pointer(reversed(path))


def _fault(value: object, depth: int) -> str | None:
    if depth > DEEPEST:
        return f"This is nested too deeply; at most {DEEPEST} levels are read."
    if isinstance(value, str):
        if "\0" in value:
            return "This holds a NUL character."
        # Half of a character (a lone UTF-16 surrogate) is no text.
        return None if value.isascii() or _is_text(value) else "This is no valid Unicode."
    if isinstance(value, float) and not math.isfinite(value):
        return "This is no number that JSON knows, or too large a one."
    if isinstance(value, int) and abs(value) >= WIDEST:
        return "This number is too large."
    return None


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
