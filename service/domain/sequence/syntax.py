"""An expression's grammar: Jinja parses it, and its faults become sentences."""

from __future__ import annotations

import re
from functools import lru_cache

from jinja2 import TemplateSyntaxError, nodes
from jinja2.parser import Parser

from service.domain.sequence.expression import ExpressionError, Sandbox, tidy
from service.domain.sequence.findings import Fault
from service.domain.sequence.model.expression import Expression
from service.domain.sequence.model.place import Place

MAX_NESTING = 10  # brackets in brackets: Jinja's parser recurses a dozen frames for each
MAX_DEPTH = 40  # operators on operators: so does its compiler, a few frames for each

_GRAMMAR = Sandbox()
_TEXT = re.compile(r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'""", re.DOTALL)
_UNARY = re.compile(r"(?:\bnot\b\s*|[-+]\s*){4}")

# What people write who know another language, and what it is called here: (pattern, code, message, hint).
_HABITS = (
    (re.compile(r"(?<![=!<>])=(?!=)"), "one-equals", "One `=` asks nothing; a comparison has two.", "write `==`"),
    (
        re.compile(r"\b(?:AND|OR|NOT|IN|IF|ELSE|And|Or|Not|In|If|Else)\b"),
        "capital-word",
        "`{0}` is written in small letters here.",
        "write `{1}`",
    ),
    (re.compile(r"&&?"), "unknown-operator", "`{0}` has no meaning here.", "write `and`"),
    (re.compile(r"\|\|"), "unknown-operator", "`{0}` has no meaning here.", "write `or`"),
    (re.compile(r"<>"), "unknown-operator", "`{0}` has no meaning here.", "write `!=`"),
    (re.compile(r"!(?!=)"), "unknown-operator", "`{0}` has no meaning here.", "write `not`"),
    (re.compile(r"\{\{|\}\}|\{%|%\}"), "braces-misplaced", "A condition stands without braces.", "remove `{0}`"),
)


@lru_cache(maxsize=20_000)
def parse(source: str) -> nodes.Expr:
    """The expression's tree. Raises Fault with a sentence, `at` counted in `source`."""
    try:
        text = tidy(source)
    except ExpressionError as error:
        raise Fault("too-long", f"This is {error}.", "say it shorter, or make it a segment in business.yaml") from None
    masked = _TEXT.sub(lambda found: '"' + "_" * (len(found[0]) - 2) + '"', text)
    if _too_deep(masked):
        raise _entangled()
    try:
        tree = _grown(text)
    except (TemplateSyntaxError, RecursionError) as error:
        raise _explained(masked, error) from None
    if tree is None:
        raise _explained(masked, None)
    if len(text) > MAX_DEPTH and _depth(tree) > MAX_DEPTH:  # each level takes a character at least
        raise _entangled()
    return tree


def _grown(text: str) -> nodes.Expr | None:
    """The tree of an expression, as Jinja's `compile_expression` reads it; None where there is none, or more than one.

    Reading it as a template, in braces, takes half as long again, and is how a fault gets its words.
    """
    parser = Parser(_GRAMMAR, text, state="variable")
    try:
        tree = parser.parse_expression()
        if parser.stream.eos:
            tree.set_environment(_GRAMMAR)
            return tree
    except TemplateSyntaxError:
        pass
    body = _GRAMMAR.parse("{{ " + text + " }}").body
    whole = body[0] if len(body) == 1 else None
    parts = whole.nodes if isinstance(whole, nodes.Output) else []
    return None if len(parts) != 1 or isinstance(parts[0], nodes.TemplateData) else parts[0]


def place_of(expression: Expression, pattern: str) -> Place:
    """Where the first match of `pattern` (of its last group, where it has one) stands; else the beginning."""
    found = re.search(pattern, expression.source)
    return moved(expression, found.start(found.lastindex or 0) if found else 0)


def moved(expression: Expression, offset: int) -> Place:
    """Where the character at `offset` of the expression's source stands."""
    before = expression.source[:offset]
    start = expression.place
    if "\n" in before:
        return Place(start.path, start.line + before.count("\n"), offset - before.rfind("\n"))
    return Place(start.path, start.line, start.column + offset)


def _too_deep(masked: str) -> bool:
    depth = deepest = 0
    for mark in masked:
        depth += (mark in "([{") - (mark in ")]}")
        deepest = max(deepest, depth)
    return deepest > MAX_NESTING or _UNARY.search(masked) is not None


def _depth(root: nodes.Node) -> int:
    depth, level = 0, [root]
    while level:
        depth += 1
        level = [child for node in level for child in node.iter_child_nodes()]
    return depth


def _entangled() -> Fault:
    return Fault("bad-expression", "This is too entangled to be read.", "make a segment of it in business.yaml")


def _explained(masked: str, error: Exception | None) -> Fault:
    if not masked.strip():
        return Fault("bad-expression", "There is nothing to ask here.", 'like `contact.stage == "client"`')
    bare = re.sub(r'"_*"', lambda found: " " * len(found[0]), masked)
    quote = re.search("[\"']", bare)
    if quote:
        message = "A quotation mark is opened here and never closed."
        return Fault("unclosed-quote", message, 'a text stands in quotes: "like this"', quote.start())
    for pattern, code, message, hint in _HABITS:
        found = pattern.search(bare)
        if found:
            word, small = found[0], found[0].lower()
            return Fault(code, message.format(word, small), hint.format(word, small), found.start())
    return _translated(str(error.message) if isinstance(error, TemplateSyntaxError) else "")


def _translated(said: str) -> Fault:
    """Jinja's own words for a fault, in ours."""
    hint = 'like `contact.stage == "client" and contact.phone`'
    surplus = re.fullmatch(r"expected token 'end of print statement', got '(.+)'", said)
    if surplus:
        message = f"`{surplus[1]}` doesn't fit here; `and`, `==` or a quotation mark may be missing before it."
        return Fault("bad-expression", message, hint)
    stranger = re.fullmatch(r"unexpected char ('.+') at (\d+)", said)
    if stranger:
        at = max(int(stranger[2]) - len("{{ "), 0)
        return Fault("bad-expression", f"The character {stranger[1]} has no meaning here.", hint, at)
    if "end of print statement" in said:
        return Fault("bad-expression", "Something is missing at the end.", hint)
    return Fault("bad-expression", f"This can't be read: {said or 'it is too entangled'}.", hint)
