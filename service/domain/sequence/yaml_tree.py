"""YAML as a tree of texts with their places.

Every scalar stays the text it was written as, so `on`, `yes`, `09:00` and `2026-12-03` are words here and whoever asks
for a day reads a day. Anchors, tags and deep nesting, which a salon never needs, are refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
)

from service.domain.sequence.findings import Fault, Findings
from service.domain.sequence.manuscript import Manuscript
from service.domain.sequence.model.place import Place

MAX_DEPTH = 8
MAX_NODES = 5_000  # ruamel.yaml takes about a tenth of a millisecond for each


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text. `lost` is what YAML took for a comment though it looks like the text's end (`We are #1`)."""

    text: str
    place: Place
    quoted: bool = False
    lost: str = ""

    @property
    def nothing(self) -> bool:
        """Nothing was written: `key:`, `~` or `null`."""
        return not self.quoted and self.text in {"", "~", "null"}


@dataclass(frozen=True, slots=True)
class Listing:
    items: list[Node]
    place: Place


@dataclass(frozen=True, slots=True)
class Table:
    """Keys and values in the order they were written; a key may come twice, which its reader refuses."""

    pairs: list[tuple[Scalar, Node]]
    place: Place


Node = Scalar | Listing | Table

_QUOTE = "put the whole text in quotes: \"…\", or '…' when it holds double ones"
_ALIGN = "indent it with spaces, exactly as far as the lines beside it"
_CLOSE = "close it, or put the whole text in quotes"

# What ruamel.yaml says, and what it means to somebody who writes letters; the first that fits is told. The last word
# says whether the place of interest is where the thing began.
_MEANINGS = (
    ("'\\t' that cannot start", "This line begins with a tab, which YAML doesn't take.", _ALIGN, False),
    ("cannot start any token", "A text can't begin with this character.", _QUOTE, False),
    ("mapping values are not allowed", "A colon followed by a space begins a new key in YAML.", _QUOTE, False),
    ("while scanning a quoted scalar", "A quotation mark is opened here and never closed.", _CLOSE, True),
    ("escape", "In double quotes a backslash has a meaning of its own.", "write it twice, or use single quotes", False),
    ("flow sequence", "A list is opened with `[` and not closed with `]`.", _CLOSE, True),
    ("flow mapping", "Braces are opened with `{` and not closed with `}`.", _CLOSE, True),
    ("expected ',' or ']'", "A list is opened with `[` and not closed with `]`.", _CLOSE, True),
    ("<stream end>", "A `[` or `{` is opened and not closed.", _CLOSE, False),
    ("found '<scalar>'", "The text goes on behind its closing quotation mark.", _QUOTE, False),
    ("expected <block end>", "This line is not aligned with the ones above it.", _ALIGN, False),
    ("could not find expected ':'", "This line has no colon.", "each line is `key: value`", True),
    ("<document start>", "This line doesn't belong to anything above it.", _ALIGN, False),
)


def read_yaml(manuscript: Manuscript, start: int, end: int, findings: Findings) -> Table | None:
    """The mapping that `text[start:end]` holds; None and a problem where there is none."""
    grower = _Grower(manuscript, start, end)
    try:
        root = grower.grow()
    except Fault as fault:
        findings.error(manuscript.place(start + fault.at), fault.code, fault.message, fault.hint)
        return None
    if isinstance(root, Table):
        return root
    message = "There should be keys with values here."
    findings.error(manuscript.place(start), "yaml", message, "like `title: The five-minute checklist`")
    return None


class _Grower:
    """Grows the tree out of ruamel's events, without recursion: nesting can't exhaust the stack."""

    def __init__(self, manuscript: Manuscript, start: int, end: int) -> None:
        self.manuscript = manuscript
        self.start = start
        self.source = manuscript.text[start:end]
        self.open: list[Listing | Table] = []
        self.keys: list[Scalar | None] = []  # of each open table, the key that waits for its value
        self.root: Node | None = None
        self.count = 0

    def grow(self) -> Node | None:
        documents = 0
        for event in self._events():
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    message = "Here a second YAML document begins, after a line of `---` or `...`."
                    raise Fault("yaml", message, "remove that line", event.start_mark.index)
            elif isinstance(event, NodeEvent):
                self._take(event)
            elif isinstance(event, MappingEndEvent | SequenceEndEvent):
                self.open.pop()
                self.keys.pop()
        return self.root

    def _events(self) -> Iterator[Event]:
        """ruamel's events; whatever its scanner stumbles over is a Fault."""
        try:
            yield from YAML(typ="safe", pure=True).parse(self.source)
        except MarkedYAMLError as error:
            raise _explained(error, len(self.source)) from None
        except (
            YAMLError,
            ValueError,
            ArithmeticError,
            LookupError,
            AttributeError,
            TypeError,
            AssertionError,
        ) as error:
            # Its scanner is not proof against every byte: an escape like \UFFFFFFFF ends in a ValueError.
            raise Fault("yaml", f"YAML can't read this: {str(error)[:200]}.", _QUOTE) from None

    def _take(self, event: NodeEvent) -> None:
        at = event.start_mark.index
        self.count += 1
        if self.count > MAX_NODES:
            raise Fault("yaml", f"There are more than {MAX_NODES} entries here.", "", at)
        if isinstance(event, AliasEvent) or event.anchor is not None:
            raise Fault("yaml-feature", "A text can't begin with `&` or `*`, which YAML reads otherwise.", _QUOTE, at)
        if getattr(event, "tag", None) is not None:
            raise Fault("yaml-feature", "A text can't begin with `!`, which YAML reads otherwise.", _QUOTE, at)
        place = self.manuscript.place(self.start + at)
        if isinstance(event, ScalarEvent):
            self._put(Scalar(event.value, place, event.style is not None, self._lost(event)), at)
            return
        if len(self.open) >= MAX_DEPTH:
            raise Fault("yaml", "This is nested too deeply.", "", at)
        node: Listing | Table = Table([], place) if isinstance(event, MappingStartEvent) else Listing([], place)
        self._put(node, at)
        self.open.append(node)
        self.keys.append(None)

    def _put(self, node: Node, at: int) -> None:
        if not self.open:
            self.root = node
            return
        inside = self.open[-1]
        if isinstance(inside, Listing):
            inside.items.append(node)
        elif (key := self.keys[-1]) is not None:
            inside.pairs.append((key, node))
            self.keys[-1] = None
        elif isinstance(node, Scalar):
            self.keys[-1] = node
        else:
            raise Fault("yaml", "A key has to be a word.", _QUOTE, at)

    def _lost(self, event: ScalarEvent) -> str:
        """The end of a text that YAML takes for a comment: after one blank, or right before a word."""
        if event.style is not None:
            return ""
        rest = re.compile(r"[^\n]*").match(self.source, event.end_mark.index)
        comment = re.match(r"([ \t]+)(#(.).*)", rest[0]) if rest else None
        if comment is None or (len(comment[1]) > 1 and comment[3] in " \t-=#"):
            return ""
        return comment[2]


def _explained(error: MarkedYAMLError, length: int) -> Fault:
    said = f"{error.context or ''} {error.problem or ''}".strip()
    for words, meaning, hint, from_the_start in _MEANINGS:
        if words in said:
            mark = error.context_mark if from_the_start and error.context_mark else error.problem_mark
            return Fault("yaml", meaning, hint, min(mark.index, length) if mark else 0)
    mark = error.problem_mark or error.context_mark
    return Fault("yaml", f"YAML can't read this: {said}.", _QUOTE, min(mark.index, length) if mark else 0)
