"""How heavy the HTML of a mail is: Gmail cuts what is longer than about 102 kB, the footer with it."""

from __future__ import annotations

import re

from service.rendering.templates import CLOSE, CLOSE_TAG, OPEN, OPEN_TAG

CLIPPED_BY_GMAIL = 102_000  # bytes of HTML, links rewritten

URL = 140  # bytes that one of our addresses takes, a long BASE_URL's included
VALUE = 40  # and a person's value

_PRINTED = re.compile(f"{OPEN}(.*?){CLOSE}", re.DOTALL)
_TAG = re.compile(f"{OPEN_TAG}.*?{CLOSE_TAG}", re.DOTALL)


def weight(source: str) -> int:
    """About how many bytes the HTML of a template has when it is filled; both ways of a condition count."""
    filled = _PRINTED.sub(lambda match: "x" * (URL if match[1].startswith("_") else VALUE), _TAG.sub("", source))
    return len(filled.encode("utf-8"))
