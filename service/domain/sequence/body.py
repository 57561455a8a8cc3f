"""A step's body: `{% if %}` cuts it into blocks, and every merge field learns which conditions hold where it stands."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from service.domain.sequence.findings import Findings
from service.domain.sequence.manuscript import Manuscript, Piece
from service.domain.sequence.model.expression import Expression
from service.domain.sequence.model.place import Place
from service.domain.sequence.model.words import PLACEHOLDER, Body, placeholder
from service.domain.sequence.spelling import nearest
from service.domain.sequence.syntax import moved

MAX_DEPTH = 5  # ifs within ifs
TAGS = ("if", "elif", "else", "endif")

Given = tuple[tuple[Expression, bool], ...]


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of markdown between two tags: its offsets in the manuscript."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Field:
    """A merge field, and the conditions that hold (or don't) where it stands."""

    expression: Expression
    given: Given


@dataclass(slots=True)
class _Branch:
    """An open if: the conditions of its branches so far, the last one being read."""

    place: Place
    conditions: list[Expression] = field(default_factory=list)
    closed: bool = False  # its else has come

    def given(self) -> Given:
        *earlier, last = self.conditions
        past = tuple((each, False) for each in earlier)
        return (*past, (last, not self.closed))


@dataclass(slots=True)
class BodyReader:
    """Reads one body; afterwards `passages`, `fields` and `conditions` are there for the checks."""

    manuscript: Manuscript
    findings: Findings
    inline: bool  # tags may stand inside a line: in a task's briefing
    passages: list[Passage] = field(default_factory=list)
    fields: list[Field] = field(default_factory=list)
    conditions: list[Expression] = field(default_factory=list)
    _blocks: list[tuple[str, Expression | None, str]] = field(default_factory=list)
    _open: list[_Branch] = field(default_factory=list)

    def read(self, start: int, end: int) -> Body | None:
        """The body in `text[start:end]`; None where there is none."""
        text = self.manuscript.text
        if not text[start:end].strip():
            return None
        begin = start
        for found in PLACEHOLDER.finditer(text, start, end):
            piece = self.manuscript.pieces[int(found[1])]
            if piece.tag:
                self._passage(begin, found.start())
                self._tag(piece, found.start(), found.end())
                begin = found.end()
        self._passage(begin, end)
        for branch in self._open:
            self.findings.error(
                branch.place, "unbalanced-if", "This `if` is never closed.", "write {% endif %} below it"
            )
        line = self.manuscript.place(start + len(text[start:end]) - len(text[start:end].lstrip())).line
        return Body(tuple(self._blocks), tuple(each.expression for each in self.fields), line)

    def _passage(self, start: int, end: int) -> None:
        text = self.manuscript.text[start:end]
        if not text.strip():
            if self.inline and text:
                self._blocks.append(("text", None, text))
            return
        self.passages.append(Passage(start, end))
        given = tuple(each for branch in self._open if branch.conditions for each in branch.given())
        self._blocks.append(("text", None, self._renumbered(text, given)))

    def _renumbered(self, text: str, given: Given) -> str:
        def renumber(found: re.Match[str]) -> str:
            expression = expression_of(self.manuscript.pieces[int(found[1])])
            self.fields.append(Field(expression, given))
            return placeholder(len(self.fields) - 1)

        return PLACEHOLDER.sub(renumber, text)

    def _tag(self, piece: Piece, start: int, end: int) -> None:
        if piece.broken:
            return
        word, _, rest = piece.source.partition(" ")
        if word not in TAGS:
            self._unknown_tag(piece, word)
            return
        if not self.inline and not self._alone(start, end):
            message = f"`{{% {word} %}}` has to stand on a line of its own, around whole paragraphs."
            hint = 'inside a line write {{ "this" if contact.phone else "that" }}'
            self.findings.error(piece.place, "if-not-alone", message, hint)
        condition = self._condition(piece, word, rest.strip())
        if condition is not None:
            self.conditions.append(condition)
        self._blocks.append((word, condition, ""))
        self._balance(piece, word, condition)

    def _unknown_tag(self, piece: Piece, word: str) -> None:
        near = nearest(word, TAGS, cutoff=0.7)
        hint = f"did you mean `{near}`?" if near else "only if, elif, else and endif are known; there are no loops"
        if piece.source.startswith("else if"):
            hint = "did you mean `elif`?"
        message = f"`{{% {word[:20]} %}}` is not part of the language."
        self.findings.error(piece.place, "unknown-tag", message, hint)

    def _condition(self, piece: Piece, word: str, rest: str) -> Expression | None:
        asks = word in {"if", "elif"}
        if word == "else" and re.match(r"if\b", rest):
            self.findings.error(piece.place, "unknown-tag", "`else if` is written in one word.", "write `elif`")
        elif asks and not rest:
            message = f"`{{% {word} %}}` asks nothing."
            self.findings.error(piece.place, "bad-expression", message, f"like `{{% {word} contact.phone %}}`")
        elif rest and not asks:
            message = f"`{word}` stands alone; `{rest[:40]}` has no meaning here."
            self.findings.error(piece.place, "unknown-tag", message, f"write {{% {word} %}}")
        if not asks or not rest:
            return None
        return Expression(rest, moved(Expression(piece.source, piece.place), piece.source.index(rest)))

    def _alone(self, start: int, end: int) -> bool:
        text = self.manuscript.text
        line_start = text.rfind("\n", 0, start) + 1
        line_end = text.find("\n", end)
        return not (text[line_start:start] + text[end : line_end if line_end >= 0 else None]).strip()

    def _balance(self, piece: Piece, word: str, condition: Expression | None) -> None:
        if word == "if":
            if len(self._open) == MAX_DEPTH:
                message = f"More than {MAX_DEPTH} ifs stand within one another."
                self.findings.error(piece.place, "unbalanced-if", message, "make it two steps with an `If:` each")
            self._open.append(_Branch(piece.place, [condition] if condition else []))
        elif not self._open:
            message = f"There is no `if` above this `{word}`."
            self.findings.error(piece.place, "unbalanced-if", message, "write {% if … %} where it begins")
        elif word == "endif":
            self._open.pop()
        elif self._open[-1].closed:
            message = f"`{word}` comes after `else`, which is always the last."
            self.findings.error(piece.place, "unbalanced-if", message, "move it up")
        elif word == "else":
            self._open[-1].closed = True
        elif condition is not None:
            self._open[-1].conditions.append(condition)


def expression_of(piece: Piece) -> Expression:
    """A merge field's expression; a broken one, whose problem has been told, prints nothing."""
    return Expression('""' if piece.broken or piece.tag else piece.source, piece.place)
