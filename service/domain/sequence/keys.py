"""The keys of a YAML mapping: unknown ones are refused with the nearest known, values are asked for by their shape."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from service.domain.sequence.findings import Fault, Findings
from service.domain.sequence.model.expression import Expression
from service.domain.sequence.model.place import Place
from service.domain.sequence.model.words import PLACEHOLDER
from service.domain.sequence.spelling import did_you_mean
from service.domain.sequence.yaml_tree import Listing, Node, Scalar, Table

MAX_TEXT = 2_000
# Keys whose text could well go on behind a `#`; elsewhere `draft # until Monday` is a comment and no loss.
PROSE = frozenset({"title", "name", "address", "text", "button", "consent", "label", "when", "from"})

_Value = TypeVar("_Value")


class Keys:
    """One mapping that is being read. `what` names it in messages: `business.yaml`, `the form salon-checklist`."""

    def __init__(self, table: Table, findings: Findings, what: str, known: Iterable[str] | None = None) -> None:
        self.place = table.place
        self.findings = findings
        self.what = what
        self._nodes: dict[str, Node] = {}
        self._places: dict[str, Place] = {}
        names = None if known is None else tuple(known)
        for key, node in table.pairs:
            if names is not None and key.text not in names:
                message = f"There is no key `{key.text[:60]}` in {what}."
                hint = did_you_mean(key.text, names, "remove it")
                findings.error(key.place, "unknown-key", message, hint)
            elif key.text in self._nodes:
                message = f"`{key.text[:60]}` stands here twice."
                findings.error(key.place, "duplicate-key", message, "keep one of the two")
            else:
                self._nodes[key.text] = node
                self._places[key.text] = key.place

    def __contains__(self, key: str) -> bool:
        return key in self._nodes

    def __iter__(self) -> Iterator[str]:
        return iter(self._nodes)

    def place_of(self, key: str) -> Place:
        """Where the key was written; where the mapping begins if it was not."""
        return self._places.get(key, self.place)

    def inner_place_of(self, key: str) -> Place:
        """Where the text of a key begins, behind its quotation mark."""
        node = self._nodes.get(key)
        return inner_place(node) if isinstance(node, Scalar) else self.place_of(key)

    def node(self, key: str) -> Node | None:
        """The value, None where nothing was written."""
        node = self._nodes.get(key)
        return None if isinstance(node, Scalar) and node.nothing else node

    def missing(self, key: str, hint: str) -> None:
        """Tell that a key that must be there is not."""
        if key not in self._nodes or self.node(key) is None:
            place = self.place_of(key)
            self.findings.error(place, "missing-key", f"`{key}` is missing here.", hint)

    def scalar(self, key: str) -> Scalar | None:
        """The text of a key with its place; a problem where it is no text."""
        node = self.node(key)
        if node is None:
            return None
        return as_text(node, self.findings, key)

    def text(self, key: str, default: str = "") -> str:
        scalar = self.scalar(key)
        return default if scalar is None else scalar.text

    def read(self, key: str, reader: Callable[[str], _Value]) -> _Value | None:
        """The value as `reader` understands it, None and a problem where it raises Fault."""
        scalar = self.scalar(key)
        return None if scalar is None else attempt(scalar, reader, self.findings)

    def table(self, key: str, known: Iterable[str] | None = None, what: str = "") -> Keys:
        """The mapping below a key, an empty one where there is none; a problem where it is something else."""
        node = self.node(key)
        place = self.place_of(key)
        return as_keys(node or Table([], place), self.findings, what or f"`{key}`", known)

    def items(self, key: str) -> list[Node]:
        """The list below a key; a problem where it is none."""
        node = self.node(key)
        if node is None:
            return []
        if isinstance(node, Listing):
            return node.items
        message = f"`{key}` takes a list."
        self.findings.error(
            node.place, "wrong-shape", message, "write [one, two], or each on a line of its own after `- `"
        )
        return []

    def texts(self, key: str) -> list[Scalar]:
        """The texts of a list below a key."""
        found = (as_text(each, self.findings, key) for each in self.items(key))
        return [each for each in found if each is not None]

    def readings(self, key: str, reader: Callable[[str], _Value]) -> tuple[_Value, ...]:
        """The items of a list as `reader` understands them; a problem for each where it raises Fault."""
        found = (attempt(each, reader, self.findings) for each in self.texts(key))
        return tuple(each for each in found if each is not None)

    def expression(self, key: str) -> Expression | None:
        """The condition of a key."""
        scalar = self.scalar(key)
        return None if scalar is None else Expression(scalar.text.strip(), inner_place(scalar))

    def yes(self, key: str) -> bool:
        """Whether a key says yes; a problem where it says neither yes nor no."""
        scalar = self.scalar(key)
        word = "no" if scalar is None else scalar.text.casefold()
        if scalar is not None and word not in {"yes", "no", "true", "false"}:
            message = f"`{key}` is yes or no, not `{scalar.text[:60]}`."
            self.findings.error(inner_place(scalar), "unknown-value", message, "write `yes`, or leave it out")
        return word in {"yes", "true"}

    def choice(self, key: str, known: Iterable[str], code: str, what: str) -> str | None:
        """One of the known words, None and a problem where it is another."""
        scalar = self.scalar(key)
        if scalar is None:
            return None
        words = tuple(known)
        if scalar.text in words:
            return scalar.text
        message = f"There is no {what} `{scalar.text[:60]}`."
        self.findings.error(inner_place(scalar), code, message, did_you_mean(scalar.text, words))
        return None


def inner_place(scalar: Scalar) -> Place:
    """Where the text itself begins, behind its quotation mark."""
    place = scalar.place
    return Place(place.path, place.line, place.column + 1) if scalar.quoted else place


def attempt(scalar: Scalar, reader: Callable[[str], _Value], findings: Findings) -> _Value | None:
    return findings.attempt(inner_place(scalar), reader, scalar.text)


def as_keys(node: Node, findings: Findings, what: str, known: Iterable[str] | None = None) -> Keys:
    """A node as a mapping; an empty one and a problem where it is none."""
    if isinstance(node, Table):
        return Keys(node, findings, what, known)
    hint = "write each key with its value on a line of its own, indented"
    findings.error(node.place, "wrong-shape", f"{what[:1].upper()}{what[1:]} takes keys with values.", hint)
    return Keys(Table([], node.place), findings, what, known)


def as_text(node: Node, findings: Findings, key: str) -> Scalar | None:
    """A node as a text; a problem where it is none, or where YAML would lose the end of it."""
    if not isinstance(node, Scalar):
        findings.error(node.place, "wrong-shape", f"`{key}` takes one text.", "put it in quotes if it is one")
        return None
    if node.lost and (key in PROSE or not node.lost[1:2].isspace()):
        message = f"YAML takes `{node.lost[:40]}` for a comment, so the end of this text would be lost."
        findings.error(node.place, "lost-text", message, "put the text in quotes; before a comment leave two spaces")
        return None
    fault = _unfit(node.text, key)
    if fault is not None:
        findings.refuse(inner_place(node), fault)
        return None
    return node


def _unfit(text: str, key: str) -> Fault | None:
    if len(text) > MAX_TEXT:
        return Fault("too-long", f"`{key}` has more than {MAX_TEXT} characters.", "say it shorter")
    if any(ord(each) < 32 and each != "\n" for each in text):
        return Fault("forbidden-character", "A backslash makes an invisible character here.", "use single quotes")
    found = PLACEHOLDER.search(text)
    if found:
        message = "There are no braces in the front matter."
        return Fault("braces-misplaced", message, "conditions are written without them", found.start())
    return None
