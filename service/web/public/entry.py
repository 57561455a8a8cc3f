"""What a visitor sent: the fields of a form or a JSON object, whatever it was packed in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import parse_qsl

from flask import Request
from werkzeug.exceptions import UnsupportedMediaType

MOST_FIELDS = 200
URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
ESCAPE = b"\\u"  # by which JSON may also hold what is no text: half of a pair of surrogates


class Unreadable(Exception):  # noqa: N818 (what it says)
    """A body that can't be read at all; the message is a sentence for whoever sent it."""


def read_entry(request: Request) -> Mapping[str, object]:
    """The fields, each with its last value: texts from a form, from JSON whatever it holds. Files are left out.

    Raises Unreadable, UnsupportedMediaType, and what a body raises that is too large or was cut (`WholeRequest`).
    """
    if request.mimetype == MULTIPART:
        return {name: values[-1] for name, values in request.form.lists()}
    body = request.get_data(cache=False)
    if request.is_json:
        return _read_json(body)
    if request.mimetype == URLENCODED or not body:
        return _read_urlencoded(body)
    raise UnsupportedMediaType


def _read_json(body: bytes) -> Mapping[str, object]:
    try:
        entry = json.loads(body.decode("utf-8"))
        if ESCAPE in body:
            json.dumps(entry, ensure_ascii=False).encode("utf-8")
    except UnicodeDecodeError:
        raise Unreadable("This is not UTF-8, and JSON must be.") from None
    except UnicodeEncodeError:
        raise Unreadable("This holds half of a character, which is no text.") from None
    except (ValueError, RecursionError):
        raise Unreadable("This is not JSON.") from None
    if not isinstance(entry, dict):
        raise Unreadable('Send one JSON object, like {"email": "ana@example.org"}.')
    return entry


def _read_urlencoded(body: bytes) -> Mapping[str, object]:
    try:
        return dict(
            parse_qsl(body.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
        )
    except UnicodeDecodeError:
        raise Unreadable("This is not UTF-8; send the form with accept-charset=utf-8.") from None
    except ValueError:
        raise Unreadable(f"These are too many fields; at most {MOST_FIELDS} are read.") from None
