"""A system mail in words: one question, one button, who asks. Compiled once a publication for each form and language.

Nothing in it is tracked, no word of it was typed by a visitor, and it belongs to no list that could be left.
"""

from __future__ import annotations

from collections.abc import Mapping

from jinja2 import TemplateSyntaxError

from service.domain.sequence.expression import ExpressionError
from service.domain.sequence.model.business import Business
from service.domain.sequence.model.expression import Expression
from service.domain.sequence.model.place import Place
from service.domain.sequence.model.words import placeholder
from service.domain.system_mail import SystemMail
from service.domain.token import Purpose
from service.ports import SystemLetter, Unrenderable
from service.rendering.address import mailbox
from service.rendering.compile import CompiledStep
from service.rendering.compiled import Compiled
from service.rendering.document import RULE, lines
from service.rendering.envelope import staff_fields
from service.rendering.fault import CompileError
from service.rendering.layout import ROOT, Layout
from service.rendering.links import Links
from service.rendering.slots import Slots
from service.rendering.system_wording import REMIND, WORDINGS, SystemWording
from service.rendering.templates import authored, fill, html_template, line_template, text_template
from service.rendering.text import wrapped
from service.rendering.weight import weight
from service.rendering.wording import direction

PURPOSES: dict[SystemMail, Purpose] = {
    SystemMail.CONFIRM: "confirm",
    SystemMail.ADDRESS: "address",
    SystemMail.FORGET: "forget",
}
BOUNDARY = "=_everafter_system"
LAYOUT = "mail"
FILE = Place(f"{ROOT}system/{LAYOUT}.mjml")
ENDS = "ends"  # the name under which a mail's own day stands


def compile_system(compiled: Compiled, system: SystemLetter, language: str) -> CompiledStep:
    """A system mail in a language of `WORDINGS`, ready for the names of one mail: `ends`. Raises Unrenderable."""
    key = ("system", str(system.what), f"{language}/{int(system.is_reminder)}/{system.title}")
    return compiled.keep(key, lambda: _compile(compiled, system, language))


def _compile(compiled: Compiled, system: SystemLetter, language: str) -> CompiledStep:
    business, said = compiled.business, WORDINGS[language][system.what]
    links = Links(business, Place(str(system.what)))
    address = links.token(PURPOSES[system.what])
    try:
        sender = mailbox(business.sender)
        html = _html(business, compiled.files, system, said, language, address)
        head = staff_fields(business, sender)
        return CompiledStep(
            sequence=str(system.what),
            step=LAYOUT,
            sender=sender,
            subjects={None: line_template(authored(_subject(system, said, language, business)))},
            html=html_template(html),
            text=text_template(_text(business, system, said, address)),
            links=(),
            signed=tuple(links.signed),
            leavable=False,
            boundary=BOUNDARY,
            head=f'{head}MIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n boundary="{BOUNDARY}"\r\n',
            weight=weight(html),
        )
    except (CompileError, ExpressionError, TemplateSyntaxError) as error:
        raise Unrenderable(f"the system mail {system.what} can't be put into words: {error}") from None


def prove_system(business: Business, files: Mapping[str, bytes]) -> None:
    """Set one, as `check` does before anybody is to confirm anything. Raises CompileError."""
    what = SystemMail.CONFIRM
    _html(business, files, SystemLetter(what, 0), WORDINGS["en"][what], "en", "")


def _subject(system: SystemLetter, said: SystemWording, language: str, business: Business) -> str:
    subject = said.named_subject if system.title and said.named_subject else said.subject
    filled = _filled(subject, business, system)
    return REMIND[language].format(subject=filled) if system.is_reminder else filled


def _html(
    business: Business,
    files: Mapping[str, bytes],
    system: SystemLetter,
    said: SystemWording,
    language: str,
    address: str,
) -> str:
    slots = Slots()
    layout = Layout(LAYOUT, files, FILE, "system")
    above, below = _paragraphs(business, system, said)
    plain = {
        "business": business.name,
        "title": said.title,
        "preheader": above[0],
        "button": said.button,
        "why": _filled(said.why, business, system),
        "postal": business.address,
        "phone": business.phone,
    }
    words: dict[str, object] = {name: slots.hold(_printed(text)) if text else "" for name, text in plain.items()}
    words |= {
        "above": [slots.hold(_printed(each)) for each in above],
        "below": [slots.hold(_printed(each)) for each in below],
        "address": slots.hold(address),
        "language": language,
        "direction": direction(language),
        "start": "left",
    }
    return layout.html(words, slots) + "\n"


def _text(business: Business, system: SystemLetter, said: SystemWording, address: str) -> str:
    above, below = _paragraphs(business, system, said)
    postal = "\n".join(line for line in (business.name, *business.address.strip().splitlines(), business.phone) if line)
    parts = (
        said.title,
        *map(wrapped, above),
        f"{said.button}:\n{address}",
        *map(wrapped, below),
        RULE,
        wrapped(_filled(said.why, business, system)),
        postal,
    )
    return _with_day("\n\n".join(part if part.endswith(address) else authored(part) for part in parts)) + "\n"


def _paragraphs(
    business: Business, system: SystemLetter, said: SystemWording
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What stands above the button, and below it."""
    above = (said.named, *said.above[1:]) if system.title and said.named else said.above
    return (
        tuple(_filled(each, business, system) for each in above),
        tuple(_filled(each, business, system) for each in said.below),
    )


def _filled(words: str, business: Business, system: SystemLetter) -> str:
    return words.format(business=business.name, title=system.title, day=placeholder(0))


def _printed(text: str) -> str:
    return _with_day(lines(text))


def _with_day(text: str) -> str:
    return fill(text, [Expression(f"{ENDS} | day", Place("system"))])
