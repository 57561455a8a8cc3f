"""The answers that a step offers: `[I love it](answer:happy)` in a mail asks, in a briefing it is an outcome."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

from service.domain.sequence.model.expression import Expression
from service.domain.sequence.model.step import Step
from service.domain.sequence.model.words import Body

SCHEME = "answer:"

_MARKDOWN = MarkdownIt("commonmark")
# Addresses are read as they were written.
_MARKDOWN.normalizeLink = lambda url: url  # type: ignore[method-assign]
_MARKDOWN.validateLink = lambda url: True  # type: ignore[method-assign]


@dataclass(frozen=True, slots=True)
class Offer:
    """One answer: its value (a slug), and the words that stand for it, with ⟦n⟧ for `expressions[n]` as in `Body`."""

    value: str
    words: str
    expressions: tuple[Expression, ...] = ()


def answers_of(step: Step, language: str) -> tuple[Offer, ...]:
    """The answers of a step in the order of its text, in the words of a language.

    Values are the same in all languages: what a translation leaves out is added in the file's own words.
    """
    is_task = step.task is not None
    offers = {each.value: each for each in _of_body(step.body, is_task)}
    offers |= {each.value: each for each in _of_body(step.in_language(language).body, is_task)}
    return tuple(offers.values())


@lru_cache(maxsize=2048)
def _of_body(body: Body | None, joined: bool) -> tuple[Offer, ...]:
    if body is None:
        return ()
    texts = [markdown for tag, _, markdown in body.blocks if tag == "text"]
    found: dict[str, Offer] = {}
    for markdown in ["".join(texts)] if joined else texts:
        for token in _MARKDOWN.parse(markdown):
            for value, words in _of_line(token.children or []):
                found.setdefault(value, Offer(value, words, body.expressions))
    return tuple(found.values())


def _of_line(tokens: list[Token]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    value: str | None = None
    words = ""
    for token in tokens:
        if token.type == "link_open":
            address = str(token.attrGet("href") or "")
            value, words = address.removeprefix(SCHEME) if address.startswith(SCHEME) else None, ""
        elif token.type == "link_close" and value is not None:
            found.append((value, " ".join(words.split()) or value))
            value = None
        elif token.type in {"softbreak", "hardbreak"}:
            words += " "
        else:
            words += token.content
    return found
