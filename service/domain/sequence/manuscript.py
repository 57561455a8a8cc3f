"""One file's text, and where each of its characters was written."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from service.domain.sequence.findings import Findings
from service.domain.sequence.model.place import Place

MAX_BYTES = 256 * 1024  # of a file that is written by hand

# Control characters, and the two private-use ones that PLACEHOLDER is made of.
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ue000\ue001\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Piece:
    """What stood between braces: `source` without them, `place` that of its first character.

    `tag` is true for `{% … %}`. A `broken` piece has had its problem told and is not looked at again.
    """

    source: str
    place: Place
    tag: bool = False
    broken: bool = False


class Manuscript:
    """Text to be read, of which pieces may have been cut out (see `service.domain.sequence.lexer`).

    `marks` are (offset in `text`, offset in `original`), ascending: from each on, the two run in step.
    """

    def __init__(
        self,
        path: str,
        original: str,
        text: str | None = None,
        marks: tuple[tuple[int, int], ...] = ((0, 0),),
        pieces: tuple[Piece, ...] = (),
    ) -> None:
        self.path = path
        self.text = original if text is None else text
        self.pieces = pieces
        self._here = [here for here, _ in marks]
        self._there = [there for _, there in marks]
        self._lines = [0, *(match.end() for match in re.finditer("\n", original))]

    def place(self, offset: int) -> Place:
        """Where the character at `offset` of `text` was written."""
        segment = bisect_right(self._here, offset) - 1
        written = self._there[segment] + offset - self._here[segment]
        return self.original_place(written)

    def original_place(self, offset: int) -> Place:
        """Where the character at `offset` of the file itself stands."""
        line = bisect_right(self._lines, offset)
        return Place(self.path, line, offset - self._lines[line - 1] + 1)


def decode(path: str, data: bytes, findings: Findings) -> str | None:
    """The text of a file, line ends as LF; None and a problem where it is none."""
    if len(data) > MAX_BYTES:
        message = f"The file has more than {MAX_BYTES // 1024} kB; that is no letter any more."
        findings.error(Place(path), "too-large", message, "part it into several files")
        return None
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
        place = Manuscript(path, before).place(len(before))
        findings.error(place, "not-utf-8", "This character is not UTF-8.", "save the file as UTF-8 in your editor")
        return None
    if not text.strip():
        findings.error(Place(path), "empty-file", "The file is empty.", "write something into it, or delete it")
        return None
    found = _FORBIDDEN.search(text)
    if found:
        place = Manuscript(path, text).place(found.start())
        message = f"There is an invisible character here (U+{ord(found[0]):04X}) that has no place in a text."
        findings.error(place, "forbidden-character", message, "delete it; it often comes along when text is pasted")
        return None
    return text
