"""Pictures that are published with the file that shows them.

Their address is made of their content (`/files/SHA256/NAME`), so it can be kept for ever and never goes stale.
"""

from __future__ import annotations

import hashlib
import posixpath
import struct
from collections.abc import Mapping
from urllib.parse import quote

from service.domain.sequence.findings import Fault
from service.domain.sequence.links import beside, read_picture
from service.domain.sequence.model.place import Place
from service.rendering.fault import CompileError

WIDEST = 600  # CSS pixels: the column of the layouts


def published_path(source: str, place: Place, files: Mapping[str, bytes]) -> str | None:
    """The path in `files` of a picture beside the step's file; None for one on the web. Raises CompileError."""
    try:
        name = read_picture(source)
    except Fault as fault:
        raise CompileError(place, fault.code, fault.message, fault.hint) from None
    if name is None:
        return None
    path = beside(place.path, name)
    if path is None or path not in files:
        raise CompileError(place, "unknown-file", f"There is no picture `{source}`.", "put it beside this file")
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
