"""Pictures that are published with the file that shows them.

Their address is made of their content (`/files/SHA256/NAME`), so it can be kept for ever and never goes stale.
"""

from __future__ import annotations

import hashlib
import posixpath
import struct
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from service.domain.sequence.model import Place
from service.rendering.fault import CompileError

WIDEST = 600  # CSS pixels: the column of the layouts
SHOWN_BY_MAIL_CLIENTS = {".png", ".jpg", ".jpeg", ".gif"}


def published_path(source: str, place: Place, files: Mapping[str, bytes]) -> str | None:
    """The path in `files` of a relative picture; None for one elsewhere (`https://…`). Raises CompileError."""
    if urlsplit(source).scheme in {"http", "https"}:
        return None
    path = posixpath.normpath(posixpath.join(posixpath.dirname(place.path), source))
    suffix = posixpath.splitext(path)[1].lower()
    if suffix not in SHOWN_BY_MAIL_CLIENTS:
        hint = "save it as .jpg, .png or .gif"
        raise CompileError(place, "picture-type", f"{source!r} is no picture that mail clients show.", hint)
    if path not in files:
        raise CompileError(place, "no-picture", f"There is no picture {path}.", "put the file there")
    return path


def address_path(path: str, content: bytes) -> str:
    """`/files/<SHA-256 in hexadecimal>/<name>`, to stand behind BASE_URL."""
    return f"/files/{hashlib.sha256(content).hexdigest()}/{quote(posixpath.basename(path))}"


def shown_width(content: bytes) -> int:
    """How many CSS pixels wide to show it: its own width, at most the column's; the column's where it is unknown."""
    width = _width(content)
    return min(width, WIDEST) if width else WIDEST


def _width(content: bytes) -> int | None:
    """The width in pixels that a PNG, GIF or JPEG file states."""
    if content.startswith(b"\x89PNG\r\n\x1a\n") and len(content) >= 24:
        return int.from_bytes(content[16:20], "big")
    if content[:6] in {b"GIF87a", b"GIF89a"} and len(content) >= 10:
        return int.from_bytes(content[6:8], "little")
    return _jpeg_width(content) if content.startswith(b"\xff\xd8") else None


def _jpeg_width(content: bytes) -> int | None:
    """Walks the segments to the frame header, SOF0 to SOF15 (ITU-T T.81, B.2.2)."""
    at = 2
    while at + 9 < len(content) and content[at] == 0xFF:
        marker, length = content[at + 1], struct.unpack(">H", content[at + 2 : at + 4])[0]
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            return int(struct.unpack(">H", content[at + 7 : at + 9])[0])
        at += 2 + length
    return None
