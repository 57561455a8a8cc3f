"""Markdown as the parts a mail is made of: words, buttons, pictures, dividers.

CommonMark without raw HTML. A link titled `"button"` is a button; where it stands inside a sentence, the sentence
keeps it as a link and the button follows. A picture is always a part of its own. A paragraph that begins with a
dash is a signature: `— Mia`. A list's item that begins with `[ ]` has a box to tick.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

Node = SyntaxTreeNode
BLANK = {"softbreak", "hardbreak"}
SENTENCE_ENDS = (".", "!", "?", ":", "…")

_BOX = re.compile(r"\[([ xX])\]\s+")

_COMMONMARK = MarkdownIt("commonmark", {"html": False})
# Addresses are read as they were written, by service.domain.sequence.links; markdown-it has no say in them.
_COMMONMARK.normalizeLink = lambda url: url  # type: ignore[method-assign]
_COMMONMARK.validateLink = lambda url: True  # type: ignore[method-assign]


@dataclass(frozen=True, slots=True)
class Words:
    """Running text: `kind` says which sort, `nodes` are inline nodes for paragraph, heading, subheading and
    signature, blocks for list and quote, the block itself for code."""

    kind: Literal["paragraph", "heading", "subheading", "signature", "list", "quote", "code"]
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Button:
    label: tuple[Node, ...]
    href: str


@dataclass(frozen=True, slots=True)
class Picture:
    source: str
    alt: str  # with its ⟦n⟧
    href: str | None = None


@dataclass(frozen=True, slots=True)
class Divider:
    pass


Part = Words | Button | Picture | Divider


def read_parts(markdown: str) -> list[Part]:
    """The parts of a markdown text, in order."""
    tokens = _COMMONMARK.parse(markdown)
    _mark_boxes(tokens)
    return [part for block in SyntaxTreeNode(tokens).children for part in _of_block(block)]


def box(item: Node) -> str:
    """What stands in the box of a list's item, a blank or an x; empty where the item has none."""
    return str(item.meta.get("box", ""))


def _mark_boxes(tokens: Sequence[Token]) -> None:
    """`- [ ] folder` is a box to tick: it is taken out of the words, and noted with the item."""
    for item, _, inline in zip(tokens, tokens[1:], tokens[2:], strict=False):
        first = inline.children[0] if inline.type == "inline" and inline.children else None
        found = _BOX.match(first.content) if first and first.type == "text" and item.type == "list_item_open" else None
        if first and found:
            item.meta["box"] = found[1].lower()
            first.content = first.content[found.end() :]


def _of_block(block: Node) -> Iterator[Part]:
    match block.type:
        case "paragraph":
            yield from _of_paragraph(tuple(block.children[0].children))
        case "heading":
            yield Words("heading" if block.tag in {"h1", "h2", "h3"} else "subheading", _inline(block))
        case "bullet_list" | "ordered_list":
            yield Words("list", (block,))
        case "blockquote":
            yield Words("quote", tuple(block.children))
        case "hr":
            yield Divider()
        case _:  # fence, code_block
            yield Words("code", (block,))


def _inline(block: Node) -> tuple[Node, ...]:
    return tuple(block.children[0].children)


def _of_paragraph(nodes: tuple[Node, ...]) -> Iterator[Part]:
    for run in _parted_by_pictures(nodes):
        if isinstance(run, Picture):
            yield run
            continue
        if not any(map(is_button, run)):
            yield _paragraph(run)
        elif _is_sentence(run):
            yield _paragraph(_without_closing_button(run))
            yield from (Button(tuple(node.children), link(node)) for node in run if is_button(node))
        else:
            yield from _one_by_one(run)


def _paragraph(nodes: Sequence[Node]) -> Words:
    return Words("signature" if _begins_with_dash(nodes) else "paragraph", tuple(nodes))


def _without_closing_button(nodes: list[Node]) -> list[Node]:
    """The sentence without a button behind its full stop, which follows by itself."""
    last = max(at for at, node in enumerate(nodes) if is_button(node))
    before, after = nodes[:last], nodes[last + 1 :]
    closes = ends_sentence(before) and not _is_sentence(after) and not any(node.type == "link" for node in after)
    return next(_trimmed(before)) if closes else nodes


def _one_by_one(nodes: Sequence[Node]) -> Iterator[Part]:
    """Buttons and links with nothing but signs between them: each stands on its own."""
    for node in nodes:
        if is_button(node):
            yield Button(tuple(node.children), link(node))
        elif node.type == "link":
            yield Words("paragraph", (node,))


def _parted_by_pictures(nodes: Sequence[Node]) -> Iterator[Picture | list[Node]]:
    run: list[Node] = []
    for node in nodes:
        picture = _picture(node)
        if picture is None:
            run.append(node)
            continue
        yield from _trimmed(run)
        run = []
        yield picture
    yield from _trimmed(run)


def _picture(node: Node) -> Picture | None:
    if node.type == "image":
        return Picture(str(node.attrs["src"]), spoken(node.children))
    if node.type == "link" and len(node.children) == 1 and node.children[0].type == "image":
        image = node.children[0]
        return Picture(str(image.attrs["src"]), spoken(image.children), link(node))
    return None


def _trimmed(run: list[Node]) -> Iterator[list[Node]]:
    """The run without line breaks at its ends; nothing where nothing is left."""
    while run and _is_blank(run[0]):
        run = run[1:]
    while run and _is_blank(run[-1]):
        run = run[:-1]
    if run:
        yield run


def _is_blank(node: Node) -> bool:
    return node.type in BLANK or (node.type == "text" and not node.content.strip())


def is_button(node: Node) -> bool:
    return node.type == "link" and str(node.attrs.get("title", "")).strip().lower() == "button"


def link(node: Node) -> str:
    return str(node.attrs["href"])


def _is_sentence(nodes: Sequence[Node]) -> bool:
    """Whether anything is said outside of links: then the buttons' words belong to it."""
    return any(character.isalnum() for node in nodes if node.type != "link" for character in spoken([node]))


def ends_sentence(nodes: Sequence[Node]) -> bool:
    """Whether these words end with a full stop or the like, so that what follows stands on its own."""
    return spoken(nodes).rstrip().endswith(SENTENCE_ENDS)


def _begins_with_dash(nodes: Sequence[Node]) -> bool:
    first = nodes[0]
    return first.type == "text" and first.content.lstrip().startswith(("— ", "– "))


def spoken(nodes: Sequence[Node]) -> str:
    """The words of inline nodes without any mark-up, ⟦n⟧ left as it is; line breaks are blanks."""
    return "".join(
        " " if node.type in BLANK else node.content if node.type in {"text", "code_inline"} else spoken(node.children)
        for node in nodes
    )
