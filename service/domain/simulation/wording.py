"""Whether a mail could be put into words for this person: it is never sent with a gap, but held."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from service.domain.facts import Facts
from service.domain.reason import empty_address, gap
from service.domain.sequence.expression import ExpressionError, ask, lacking
from service.domain.sequence.filters import Speech
from service.domain.sequence.model.expression import Expression
from service.domain.sequence.model.step import Step
from service.domain.sequence.model.words import PLACEHOLDER, Body, Subject, Words

_EVENT_LINK = re.compile(r"\(link:event\.([a-z_][a-z0-9_]*)")


def why_wordless(step: Step, facts: Facts) -> str | None:
    """What is missing for the words of a mail, in a sentence; None where nothing is."""
    language = facts.contact.get("language") or facts.business.languages[0]
    speech = Speech(language, facts.zone, facts.business.currency, facts.now.astimezone(facts.zone).date())
    names = facts.names() | {"_speech": speech}
    try:
        return next(_gaps(_words(step, language), facts, names), None)
    except ExpressionError as error:
        return f"{facts.sequence}/{step.key} can't be put into words: {error}"


def _words(step: Step, language: str) -> Words:
    known = dict(step.translations)
    spoken = next((each for each in (language, language.partition("-")[0]) if each in known), "")
    return step.in_language(spoken)


def _gaps(words: Words, facts: Facts, names: Mapping[str, object]) -> Iterator[str]:
    lines = [_subject(words, facts.arm), *([words.preview] if words.preview else [])]
    expressions = [each for line in lines for each in _printed(line.text, line.expressions)]
    for text in _taken(words.body, names) if words.body else ():
        expressions += _printed(text, words.body.expressions if words.body else ())
        for field in _EVENT_LINK.findall(text):
            if not facts.event.get(field):
                yield empty_address(f"event.{field}")
    for expression in expressions:
        name = lacking(expression.source, names)
        if name is not None:
            yield gap(name)


def _subject(words: Words, arm: str | None) -> Subject:
    known = {each.arm: each for each in reversed(words.subjects)}
    return known.get(arm) or known.get(None) or words.subjects[0]


def _printed(text: str, expressions: tuple[Expression, ...]) -> list[Expression]:
    return [expressions[int(found[1])] for found in PLACEHOLDER.finditer(text) if int(found[1]) < len(expressions)]


def _taken(body: Body, names: Mapping[str, object]) -> Iterator[str]:
    """The texts that this person reads: of each `{% if %}` the first way that holds."""
    ways: list[tuple[bool, bool]] = []  # of each open `if`: whether it is read now, whether any way was
    for tag, condition, markdown in body.blocks:
        match tag:
            case "text":
                if all(reads for reads, _ in ways):
                    yield markdown
            case "if":
                reads = all(each for each, _ in ways) and condition is not None and ask(condition.source, names)
                ways.append((reads, reads))
            case "endif":
                ways.pop()
            case _:
                _, was = ways.pop()
                outside = all(each for each, _ in ways)
                reads = outside and not was and (condition is None or ask(condition.source, names))
                ways.append((reads, was or reads))
