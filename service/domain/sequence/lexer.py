"""Cuts `{{ … }}`, `{% … %}` and `<!-- … -->` out of a text, before YAML and markdown see it.

Quotes inside the braces are minded, curly ones too, so `{{ "}}" }}` is one merge field. What was cut out leaves a
placeholder (a comment: nothing), and the manuscript still knows where every character was written.
"""

from __future__ import annotations

import re

from service.domain.sequence.expression import CURLY_QUOTES, MAX_SOURCE
from service.domain.sequence.findings import Findings
from service.domain.sequence.manuscript import Manuscript, Piece
from service.domain.sequence.model.words import placeholder

_OPENING = re.compile(r"<!--|\{\{|\{%|\{#")
_CLOSING = {"{{": "}}", "{%": "%}"}
_INSIDE = re.compile(r"""["'“”„‘’]|\}\}|%\}|\n[ \t]*\n""")
_ROOM = MAX_SOURCE + 100  # characters that are searched for closing braces


def cut(path: str, original: str, findings: Findings) -> Manuscript:
    """The manuscript with its pieces cut out; ⟦n⟧ in its text stands for `pieces[n]`."""
    return _Cutter(path, original, findings).cut()


class _Cutter:
    def __init__(self, path: str, original: str, findings: Findings) -> None:
        self.path = path
        self.original = original
        self.findings = findings
        self.written = Manuscript(path, original)
        self.kept: list[str] = []
        self.length = 0
        self.marks: list[tuple[int, int]] = [(0, 0)]
        self.pieces: list[Piece] = []
        self.done = 0  # how far into the original everything is kept or cut

    def cut(self) -> Manuscript:
        position = 0
        while opening := _OPENING.search(self.original, position):
            if opening[0] == "<!--":
                position = self._comment(opening.start())
            elif opening[0] == "{#":
                position = self._jinja_comment(opening.start())
            else:
                position = self._braces(opening.start(), opening[0])
        self._keep(len(self.original))
        return Manuscript(self.path, self.original, "".join(self.kept), tuple(self.marks), tuple(self.pieces))

    def _keep(self, end: int) -> None:
        """Keep the original up to `end` as it is."""
        self._write(self.original[self.done : end])
        self.done = end

    def _write(self, text: str) -> None:
        self.kept.append(text)
        self.length += len(text)

    def _leave_out(self, start: int, end: int, instead: str = "") -> int:
        self._keep(start)
        self._write(instead)
        self.done = end
        self.marks.append((self.length, end))
        return end

    def _comment(self, start: int) -> int:
        close = self.original.find("-->", start + 4)
        if close < 0:
            place = self.written.place(start)
            message = "This comment is never closed, so everything below it would be lost."
            self.findings.error(place, "unclosed-comment", message, "write --> where it ends")
            return self._leave_out(start, start + 4)
        end = close + 3
        line_start = max(self.original.rfind("\n", 0, start) + 1, self.done)
        line_end = self.original.find("\n", end)
        line_end = len(self.original) if line_end < 0 else line_end
        if self.original[end:line_end].strip(" \t"):
            return self._leave_out(start, end)
        if self.original[line_start:start].strip(" \t"):
            # Blanks before a comment that ends a line would become markdown's line break.
            spaces = len(self.original[line_start:start]) - len(self.original[line_start:start].rstrip(" \t"))
            return self._leave_out(start - spaces, end)
        return self._leave_out(line_start, min(line_end + 1, len(self.original)))

    def _jinja_comment(self, start: int) -> int:
        message = "`{#` has no meaning here."
        self.findings.error(self.written.place(start), "unknown-braces", message, "a comment is <!-- like this -->")
        return start + 2

    def _braces(self, start: int, opening: str) -> int:
        close = self._find_close(start + 2, _CLOSING[opening])
        broken = close is None
        if close is None:
            close = self._recover(start, opening)
            if close is None:
                return start + 2
        inner = self.original[start + 2 : close]
        source = inner.strip().strip("-+").strip() if opening == "{%" else inner.strip()
        place = self.written.place(start + 2 + max(inner.find(source), 0) if source else start)
        if not source and not broken:
            message = f"There is nothing between `{opening}` and `{_CLOSING[opening]}`."
            self.findings.error(place, "empty-braces", message, "name what stands here, like {{ business.name }}")
            broken = True
        self.pieces.append(Piece(source, place, opening == "{%", broken))
        return self._leave_out(start, close + 2, placeholder(len(self.pieces) - 1))

    def _find_close(self, start: int, closing: str) -> int | None:
        quote = ""
        for found in _INSIDE.finditer(self.original, start, start + _ROOM):
            mark = found[0].translate(CURLY_QUOTES)
            if mark in {'"', "'"}:
                quote = mark if not quote else "" if mark == quote else quote
            elif mark.startswith("\n"):
                return None
            elif mark == closing and not quote:
                return found.start()
        return None

    def _recover(self, start: int, opening: str) -> int | None:
        """Tell what is wrong with braces that don't close; where they seem to end on their line, or None."""
        line_end = self.original.find("\n", start)
        closing = _CLOSING[opening]
        close = self.original.find(closing, start + 2, line_end if line_end >= 0 else None)
        place = self.written.place(start)
        if close < 0:
            message = f"`{opening}` is never closed."
            self.findings.error(place, "unclosed-braces", message, f"write {closing} where it ends")
            return None
        if close - start > MAX_SOURCE:
            message = f"This is longer than the {MAX_SOURCE} characters that are read between braces."
            self.findings.error(place, "too-long", message, "say it shorter, or make it a segment in business.yaml")
        else:
            message = "A quotation mark is opened here and never closed."
            self.findings.error(place, "unclosed-quote", message, 'text between braces stands in quotes: "like this"')
        return close
