"""The plain-text part, from the same markdown: it should read as if somebody had typed it.

Lines are wrapped where that is known beforehand; a person's values may make some longer. A link's address stands on
its own line behind its words, so that every mail client finds it.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from service.domain.sequence.model.expression import Expression
from service.domain.sequence.model.words import PLACEHOLDER, Body
from service.rendering.links import Links
from service.rendering.markdown import (
    BLANK,
    SENTENCE_ENDS,
    Button,
    Divider,
    Node,
    Part,
    Picture,
    Words,
    box,
    ends_sentence,
    is_button,
    link,
    read_parts,
    spoken,
)
from service.rendering.templates import authored, fill, tag

WIDTH = 76
USUAL = 14  # characters of a value, as far as one can guess
ROOM = "\ue008"  # stands in for them while lines are made; no author can write it


@dataclass(slots=True)
class Typewriter:
    """Turns parts into text. Every paragraph ends with a blank line, so that a condition can take it away whole."""

    links: Links
    expressions: Sequence[Expression] = ()

    def body(self, body: Body) -> str:
        """The template of a whole body, a blank line behind each of its paragraphs."""
        self.expressions = body.expressions
        made: list[str] = []
        for name, condition, markdown in body.blocks:
            if name == "text":
                made += [f"{self._part(part)}\n\n" for part in read_parts(markdown)]
            else:
                made.append(tag(name, condition))
        return "".join(made)

    def _part(self, part: Part) -> str:
        match part:
            case Words():
                return self._words(part)
            case Button():
                return f"{self._announced(part.label)}\n{self._address(part.href)}"
            case Picture():
                seen = self._said(wrapped(f"[{part.alt}]"))
                return f"{seen}\n{self._address(part.href)}" if part.href else seen
            case Divider():
                return "* * *"

    def _words(self, words: Words) -> str:
        match words.kind:
            case "heading" | "subheading":
                line = spoken(words.nodes)
                return f"{self._said(line)}\n{'-' * min(len(line), WIDTH)}"
            case "quote":
                quoted = "\n\n".join(self._block(block, WIDTH - 2) for block in words.nodes)
                return textwrap.indent(quoted, "> ", lambda line: True).replace("> \n", ">\n")
            case "list" | "code":
                return self._block(words.nodes[0], WIDTH)
        return self._paragraph(words.nodes, WIDTH)

    def _block(self, block: Node, width: int) -> str:
        match block.type:
            case "paragraph" | "heading":
                return self._paragraph(block.children[0].children, width)
            case "bullet_list" | "ordered_list":
                return self._list(block, width)
            case "fence" | "code_block":
                return textwrap.indent(self._said(block.content.rstrip("\n")), "    ")
            case "hr":
                return "* * *"
        return "\n\n".join(self._block(child, width) for child in block.children)

    def _list(self, block: Node, width: int) -> str:
        items = []
        for number, item in enumerate(block.children, int(block.attrs.get("start", 1))):
            mark = f"{number}. " if block.type == "ordered_list" else f"- [{box(item)}] " if box(item) else "- "
            tight = all(child.hidden for child in item.children if child.type == "paragraph")
            said = ("\n" if tight else "\n\n").join(self._block(child, width - len(mark)) for child in item.children)
            items.append(mark + textwrap.indent(said, " " * len(mark)).lstrip(" "))
        loose = any(
            child.type == "paragraph" and not child.hidden for item in block.children for child in item.children
        )
        return ("\n\n" if loose else "\n").join(items)

    def _paragraph(self, nodes: Sequence[Node], width: int) -> str:
        """The words, wrapped; then a line `words: address` for each link. A link that is a sentence stands alone."""
        prose, listed = _parted(nodes)
        lines = [self._said(wrapped(line, width)) for line in prose]
        lines += [f"{self._announced(node.children)} {self._address(link(node))}" for node in listed]
        return "\n".join(lines)

    def _announced(self, label: Sequence[Node]) -> str:
        words = spoken(label).strip()
        return self._said(words if words.endswith(SENTENCE_ENDS) else f"{words}:")

    def _address(self, href: str) -> str:
        address = self.links.template(href)
        return address.removeprefix("mailto:").partition("?")[0] if address.startswith("mailto:") else address

    def _said(self, text: str) -> str:
        return fill(authored(text), self.expressions)


def wrapped(text: str, width: int = WIDTH) -> str:
    """The text in lines of at most `width` characters; a value counts as a word of usual length."""
    roomy = PLACEHOLDER.sub(lambda match: match[0] + ROOM * (USUAL - len(match[0])), text)
    return "\n".join(textwrap.wrap(roomy, width, break_long_words=False, break_on_hyphens=False)).replace(ROOM, "")


def _parted(nodes: Sequence[Node]) -> tuple[list[str], list[Node]]:
    """The lines of prose (one but for hard breaks), and the links to list below them (buttons follow by themselves).

    A link that is the last sentence of its paragraph, or all of it, is left out of the prose: its line says it.
    """
    links = [node for node in _walk(nodes) if node.type == "link" and not is_button(node)]
    last = max((at for at, node in enumerate(nodes) if node.type == "link"), default=None)
    if last is not None and not _says(nodes[last + 1 :]):
        before = nodes[:last]
        if not _says([node for node in before if node.type != "link"]):
            return [], links
        if ends_sentence(before):
            nodes = before
    return [line for line in _lines(nodes) if line], links


def _says(nodes: Sequence[Node]) -> bool:
    return any(character.isalnum() for character in spoken(nodes))


def _walk(nodes: Sequence[Node]) -> Iterator[Node]:
    for node in nodes:
        yield node
        yield from _walk(node.children)


def _lines(nodes: Sequence[Node]) -> list[str]:
    lines = [""]
    for node in nodes:
        if node.type == "hardbreak":
            lines.append("")
        else:
            lines[-1] += " " if node.type in BLANK else spoken([node])
    return [" ".join(line.split(" ")).strip() for line in lines]
