"""The Jinja templates that one person's values are filled into: HTML, plain text, and lines of a header.

HTML and text are templates of the finished quoted-printable: what is equal for everybody is encoded once, and a
value when it is printed, between soft line breaks. Encoding whole mails would be the larger half of rendering.

Their delimiters are private-use characters that no author can write, so whatever else stands in a text, braces
included, is text. Values are data: in HTML they are escaped and keep their line breaks, elsewhere they lose every
control character; something empty is never printed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from jinja2 import Template, Undefined, pass_context
from jinja2.runtime import Context
from jinja2.utils import missing
from markdown_it.common.normalize_url import normalizeLink
from markupsafe import escape

from service.domain.reason import empty_address, gap
from service.domain.sequence.expression import Sandbox, tidy
from service.domain.sequence.filters import PLAIN, Speech, spell
from service.domain.sequence.findings import Fault
from service.domain.sequence.links import read_url
from service.domain.sequence.model.expression import Expression
from service.domain.sequence.model.words import PLACEHOLDER
from service.ports import Unrenderable
from service.rendering.mime import quoted_printable

OPEN, CLOSE = "\ue002", "\ue003"
OPEN_TAG, CLOSE_TAG = "\ue004", "\ue005"
OPEN_COMMENT, CLOSE_COMMENT = "\ue006", "\ue007"

_OURS = re.compile("[\ue000-\ue007]")
_DELIMITERS = re.compile("[\ue002-\ue008]")
_LINE_BREAKS = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
# Controls, halves of surrogate pairs, private-use characters and the marks that turn the direction of what follows.
_NO_TEXT = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\ue000-\ue0ff\u202a-\u202e\u2066-\u2069\ufeff]")


def authored(text: str) -> str:
    """An author's words without the characters that mean something to a template (an entity may have made them)."""
    return _DELIMITERS.sub("", text)


def printed(expression: Expression, flat: bool = False) -> str:
    """The template's words for the value of an expression; `flat` where no line may break, as in an attribute."""
    source = _OURS.sub("", tidy(expression.source))
    return f"{OPEN}({source})|_flat{CLOSE}" if flat else f"{OPEN}({source}){CLOSE}"


def variable(name: str) -> str:
    """The template's words for one of our own values, like `_open`."""
    return f"{OPEN}{name}{CLOSE}"


def address_of(expression: Expression) -> str:
    """The template's words for a value that is an address of the web; anything else holds the mail."""
    return f"{OPEN}({tidy(expression.source)})|_address{CLOSE}"


def tag(name: str, expression: Expression | None = None) -> str:
    """`if`, `elif` (with their condition), `else` or `endif`."""
    source = f" ({_OURS.sub('', tidy(expression.source))})" if expression else ""
    return f"{OPEN_TAG}{name}{source}{CLOSE_TAG}"


def fill(text: str, expressions: Sequence[Expression], flat: bool = False) -> str:
    """`text` with its ⟦n⟧ put back as the printing of `expressions[n]`."""

    def back(match: re.Match[str]) -> str:
        number = int(match[1])
        return printed(expressions[number], flat) if number < len(expressions) else ""

    return PLACEHOLDER.sub(back, text)


def words(value: object, speech: Speech = PLAIN) -> str:
    """A value as text for people: line breaks are `\\n`, other controls are gone.

    Raises Unrenderable where it is empty, ValueError or ExpressionError where it is nothing that can be printed.
    """
    if isinstance(value, Undefined):
        raise Unrenderable(gap(_name(value)))
    text = spell(value, speech)
    if text.isprintable():
        return text
    return _NO_TEXT.sub(" ", _LINE_BREAKS.sub("\n", text))


def _name(empty: Undefined) -> str:
    return getattr(empty, "_undefined_name", None) or "a value"


def one_line(text: str) -> str:
    """`text` with every run of blanks and line breaks as one blank."""
    return " ".join(text.split())


class Encoded(str):
    """One of our own addresses, in quoted-printable already: it stands in both parts, and needs no escaping."""

    __slots__ = ()


class Setting(Context):
    """What all templates of one mail are filled in from; none of them changes any of the names.

    `own` are ours. Those of the letter, `said`, stand behind them, and are asked for once the first template names one.
    """

    def __init__(self, own: dict[str, object], said: Mapping[str, object]) -> None:
        super().__init__(_LINE, own, None, {})
        self._said = said

    def resolve_or_missing(self, key: str) -> Any:
        known = self.parent
        if key not in known:
            known[key] = self._said.get(key, missing)
        return known[key]


def fill_in(template: Template, names: Setting) -> str:
    """What `template.render` gives, without a context of its own for each of a mail's templates."""
    return "".join(template.root_render_func(names))


@pass_context
def _flat(context: Context, value: object) -> str:
    return one_line(_said(context, value))


@pass_context
def _address(context: Context, value: object) -> str:
    if isinstance(value, Undefined):
        return _missing(context, empty_address(_name(value)))
    try:
        return normalizeLink(read_url(one_line(words(value))))
    except Fault:
        return _missing(context, f"a link leads to {str(value)[:60]!r}, which is no address of the web")


@pass_context
def _in_text(context: Context, value: object) -> str:
    return value if type(value) is Encoded else _text_of(_said(context, value))


@pass_context
def _in_html(context: Context, value: object) -> str:
    return value if type(value) is Encoded else _html_of(_said(context, value))


@lru_cache(maxsize=1024)  # many people share a first name
def _text_of(said: str) -> str:
    return quoted_printable(_crlf(said))


@lru_cache(maxsize=1024)
def _html_of(said: str) -> str:
    return quoted_printable(str(escape(said)).replace("\n", "<br>"))


def _said(context: Context, value: object) -> str:
    if type(value) is str and value.isprintable():  # as nearly all that is printed
        return value
    try:
        return words(value, context.get("_speech", PLAIN))
    except Unrenderable as error:
        return _missing(context, str(error))


def _missing(context: Context, why: str) -> str:
    """Holds the mail; in a proof, whose names hold a list `_gaps`, it is noted there and said at its place."""
    gaps = context.get("_gaps")
    if not isinstance(gaps, list):
        raise Unrenderable(why)
    gaps.append(why)
    return f"⚠ {why.partition(' and the text has')[0]} ⚠"


def _crlf(text: str) -> str:
    return text.replace("\n", "\r\n") if "\n" in text else text


def _environment(finalize: object) -> Sandbox:
    environment = Sandbox(
        autoescape=False,  # `_in_html` escapes all that it prints
        finalize=finalize,
        keep_trailing_newline=True,
        newline_sequence="\r\n",
        variable_start_string=OPEN,
        variable_end_string=CLOSE,
        block_start_string=OPEN_TAG,
        block_end_string=CLOSE_TAG,
        comment_start_string=OPEN_COMMENT,
        comment_end_string=CLOSE_COMMENT,
    )
    environment.filters |= {"_flat": _flat, "_address": _address}
    return environment


_HTML = _environment(_in_html)
_TEXT = _environment(_in_text)
_LINE = _environment(_flat)
_DYNAMIC = re.compile(f"({OPEN}.*?{CLOSE}|{OPEN_TAG}.*?{CLOSE_TAG})", re.DOTALL)


def html_template(source: str) -> Template:
    """Renders to quoted-printable HTML. `source` ends in a line break."""
    return _HTML.from_string(_encoded(source))


def text_template(source: str) -> Template:
    """Renders to quoted-printable plain text. `source` ends in a line break."""
    return _TEXT.from_string(_encoded(source))


def line_template(source: str) -> Template:
    """Renders to one line of text, for a header field."""
    return _LINE.from_string(source)


def speak(source: str, speech: Speech, **values: object) -> str:
    """What an expression of ours prints, like `due | day`."""
    return line_template(f"{OPEN}{source}{CLOSE}").render(values | {"_speech": speech})


def _encoded(source: str) -> str:
    """The template with everything but its expressions and tags in quoted-printable."""
    pieces = _DYNAMIC.split(_crlf(source))
    return "".join(piece if number % 2 else piece and quoted_printable(piece) for number, piece in enumerate(pieces))
