"""A task's briefing as a part of a page, and single lines as they read for one person: a subject, an answer's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jinja2 import TemplateSyntaxError, UndefinedError
from jinja2.exceptions import SecurityError
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup, escape

from service.domain.sequence.answers import SCHEME
from service.domain.sequence.expression import ExpressionError
from service.domain.sequence.filters import Speech
from service.domain.sequence.findings import Fault
from service.domain.sequence.links import read_target
from service.domain.sequence.model.business import Business
from service.domain.sequence.model.expression import Expression
from service.domain.sequence.model.words import PLACEHOLDER, Body, placeholder
from service.ports import Unrenderable
from service.rendering.asked import as_asked
from service.rendering.templates import authored, line_template, printed

MISSING = "…"  # stands for a value that is not known: a page is read by a person, who can live with a gap

_MARKDOWN = MarkdownIt("commonmark", {"html": False})
_MARKDOWN.normalizeLink = lambda url: url  # type: ignore[method-assign]
_MARKDOWN.validateLink = lambda url: True  # type: ignore[method-assign]
_BROKEN = (ExpressionError, SecurityError, TemplateSyntaxError, UndefinedError, TypeError, ValueError, ArithmeticError)


def line(text: str, expressions: Sequence[Expression], names: Mapping[str, object], speech: Speech) -> str:
    """`text` with its ⟦n⟧ filled in, on one line; MISSING where a value is not known."""

    def back(number: int) -> str:
        try:
            return line_template(printed(expressions[number], flat=True)).render({**names, "_speech": speech})
        except (*_BROKEN, Unrenderable, IndexError):
            return MISSING

    return " ".join(PLACEHOLDER.sub(lambda match: back(int(match[1])), authored(text)).split())


def briefing(business: Business, body: Body | None, names: Mapping[str, object], speech: Speech) -> Markup:
    """The briefing in HTML. Links to the web stay; what only a mail can hold (answers, pictures) is its words."""
    if body is None:
        return Markup()
    try:
        asked = as_asked(body, names)
    except ExpressionError:
        asked = body
    markdown = "".join(text for name, _, text in asked.blocks if name == "text")
    tokens = _without_choices(_MARKDOWN.parse(authored(markdown)))
    for token in tokens:
        token.children = _on_a_page(token.children or [], business) if token.children else token.children
    html = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})

    def back(number: str) -> str:
        return str(escape(line(placeholder(int(number)), body.expressions, names, speech)))

    return Markup(PLACEHOLDER.sub(lambda match: back(match[1]), html))  # noqa: S704 (values are escaped, raw HTML is off)


def _without_choices(tokens: Sequence[Token]) -> list[Token]:
    """The tokens without the paragraphs that hold nothing but answers: the page offers these itself."""
    kept: list[Token] = []
    for token in tokens:
        if kept and kept[-1].type == "inline" and _only_answers(kept[-1].children or []):
            del kept[-2:]  # the paragraph's opening and its words; its end is left out with them
            continue
        kept.append(token)
    return kept


def _only_answers(tokens: Sequence[Token]) -> bool:
    said, offers, inside = "", 0, False
    for token in tokens:
        if token.type == "link_open" and str(token.attrGet("href") or "").startswith(SCHEME):
            offers, inside = offers + 1, True
        elif token.type == "link_close":
            inside = False
        elif not inside:
            said += token.content
    return bool(offers) and not any(character.isalnum() for character in said)


def _on_a_page(tokens: Sequence[Token], business: Business) -> list[Token]:
    kept: list[Token] = []
    is_open = False
    for token in tokens:
        if token.type == "link_open":
            address = _address(str(token.attrGet("href") or ""), business)
            is_open = address is not None
            if address is None:
                continue
            token.attrs = {"href": address, "rel": "noreferrer"}
        elif token.type == "link_close" and not is_open:
            continue
        kept.append(Token("text", "", 0, content=token.content) if token.type == "image" else token)
    return kept


def _address(written: str, business: Business) -> str | None:
    try:
        target = read_target(written)
    except Fault:
        return None
    if target.kind == "url":
        return target.word
    if target.kind == "mailto":
        return written
    return dict(business.links).get(target.word) if target.kind == "link" else None
