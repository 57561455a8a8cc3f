"""What a body's markdown holds: its links and pictures, and what mail can't show."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.token import Token

from service.domain.sequence.findings import Findings
from service.domain.sequence.manuscript import Manuscript
from service.domain.sequence.model.place import Place

_MARKDOWN = MarkdownIt("commonmark")
# Addresses are looked at as they were written: here, and not by markdown-it.
_MARKDOWN.normalizeLink = lambda url: url  # type: ignore[method-assign]
_MARKDOWN.validateLink = lambda url: True  # type: ignore[method-assign]

_WITHOUT_PICTURES = frozenset({"bullet", "ordered", "blockquote", "heading"})  # the beginnings of tokens' types
_BROKEN_LINK = re.compile(r"\][ \t]*\((?:[a-z]+:|[\w-]+\.)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Found:
    """A link or picture: its address as written, and where that stands."""

    address: str
    place: Place


@dataclass(slots=True)
class LetterReader:
    """Reads passages of markdown, one after the other; afterwards `links`, `pictures` and `asks` are filled."""

    manuscript: Manuscript
    findings: Findings
    links: list[Found] = field(default_factory=list)
    pictures: list[Found] = field(default_factory=list)
    asks: bool = False  # there is a question mark
    _text: str = ""
    _start: int = 0
    _line: int = 0  # where the block that is being looked at begins
    _seen: dict[str, int] = field(default_factory=dict)  # how far each address has been found in the passage

    def read(self, start: int, end: int) -> None:
        """Look at the passage in `text[start:end]` of the manuscript."""
        self._text, self._start, self._line = self.manuscript.text[start:end], start, 0
        self._seen.clear()
        lines = [0, *(found.end() for found in re.finditer("\n", self._text))]
        inside = 0  # lists, quotes and headlines that are open
        for token in _MARKDOWN.parse(self._text):
            inside += token.nesting * (token.type.partition("_")[0] in _WITHOUT_PICTURES)
            if token.map:
                self._line = lines[min(token.map[0], len(lines) - 1)]
            if token.type == "heading_open" and token.tag in {"h1", "h2"}:
                self._heading(token)
            elif token.type == "html_block":
                self._html(token.content)
            elif token.type == "inline":
                self.asks = self.asks or "?" in token.content
                self._inline(token.children or (), inside > 0)

    def _inline(self, tokens: Iterable[Token], inside: bool) -> None:
        for token in tokens:
            if token.type == "link_open":
                found = self._found(str(token.attrGet("href") or ""))
                self.links.append(found)
                self._title(token, found.place)
            elif token.type == "image":
                self._picture(token, inside)
            elif token.type == "html_inline":
                self._html(token.content)
            elif token.type == "text":
                self._broken_link(token.content)

    def _found(self, address: str) -> Found:
        """Where an address stands: the parser doesn't say, so the next one that reads so is taken."""
        start = max(self._line, self._seen.get(address, 0))
        for words in (f"({address}", address):
            at = self._text.find(words, start) if address else -1
            if at >= 0:
                at += len(words) - len(address)
                self._seen[address] = at + len(address)
                return Found(address, self.manuscript.place(self._start + at))
        return Found(address, self._place())

    def _place(self) -> Place:
        return self.manuscript.place(self._start + self._line)

    def _title(self, token: Token, place: Place) -> None:
        title = token.attrGet("title")
        if title not in {None, "", "button"}:
            message = f'`"{str(title)[:40]}"` behind a link has no meaning in a mail.'
            self.findings.warn(place, "link-title", message, 'write `"button"`, or nothing')

    def _picture(self, token: Token, inside: bool) -> None:
        found = self._found(str(token.attrGet("src") or ""))
        self.pictures.append(found)
        if inside:
            message = "A picture can't stand in a list, a quote or a headline."
            self.findings.error(found.place, "picture-inside", message, "give it a paragraph of its own")
        if not token.content.strip():
            message = "This picture has no words for those who don't see it."
            hint = "say in the square brackets what it shows, like `![Jana, smiling](images/jana.jpg)`"
            self.findings.error(found.place, "no-alternative-text", message, hint)

    def _heading(self, token: Token) -> None:
        if token.markup in {"=", "-"}:
            message = "The line above this row of signs becomes a headline."
            hint = "leave an empty line between the two" if token.markup == "-" else "write ### before a headline"
        else:
            message = f"`{token.markup}` is too big a headline for a letter; `##` opens a step."
            hint = "write ### before a headline, and `## ` at the very beginning of a step's line"
        self.findings.error(self._place(), "heading-too-big", message, hint)

    def _html(self, content: str) -> None:
        found = self._found(content.strip())
        message = f"`{content.strip()[:40]}` is HTML, which mail programs show as they please."
        self.findings.error(found.place, "raw-html", message, "write it in markdown; a smaller-than sign is `\\<`")

    def _broken_link(self, content: str) -> None:
        broken = _BROKEN_LINK.search(content)
        if broken:
            place = self._found(broken[0]).place
            message = "This looks like a link and is none."
            hint = "write `[words](address)` without a space between the brackets, or inside the address"
            self.findings.error(place, "broken-link", message, hint)
