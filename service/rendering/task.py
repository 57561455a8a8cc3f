"""The mail to a colleague about a task: whom it is for, what, by when, the briefing, a button for each way it may end.

It has no footer of marketing and nothing in it is tracked. It is compiled for the one mail: conditions may stand
inside a briefing's sentences, so they are asked before its markdown is read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from jinja2 import TemplateSyntaxError

from service.domain.sequence.expression import ExpressionError
from service.domain.sequence.filters import Speech
from service.domain.sequence.model.business import Business
from service.domain.sequence.model.place import Place
from service.domain.sequence.model.sequence import Sequence
from service.domain.sequence.model.step import Step, TaskField
from service.domain.sequence.model.words import Body
from service.ports import Letter, StaffLetter, Unrenderable
from service.rendering.address import mailbox
from service.rendering.asked import as_asked
from service.rendering.compile import CompiledStep
from service.rendering.compiled import Compiled
from service.rendering.document import RULE, lines
from service.rendering.envelope import staff_fields
from service.rendering.fault import CompileError
from service.rendering.html import Typesetter
from service.rendering.layout import Layout
from service.rendering.links import StaffLinks
from service.rendering.slots import Slots
from service.rendering.templates import authored, html_template, line_template, speak, text_template, words
from service.rendering.text import Typewriter, wrapped
from service.rendering.weight import weight
from service.rendering.wording import StaffWording, direction, staff_wording

SOON = timedelta(hours=20)  # nearer than this, the time of day matters too
BOUNDARY = "=_everafter_task"
NAME = ("first_name", "last_name")
_OUTCOME = re.compile(r"\]\((answer:[a-z0-9-]+)\)")


def compile_task(compiled: Compiled, letter: Letter, speech: Speech) -> CompiledStep:
    """The mail of `letter.staff`, ready for the letter's names; `speech` is that of the colleague.

    Raises Unrenderable with the reason in a sentence.
    """
    assert letter.staff is not None
    sequence = compiled.library.sequence(letter.sequence)
    step = sequence.step(letter.step) if sequence else None
    try:
        card = _card(compiled.business, sequence, step, letter, letter.staff, speech)
        return _compiled(compiled, letter, step, card)
    except (ExpressionError, TemplateSyntaxError, CompileError) as error:
        raise Unrenderable(f"the task {letter.sequence}/{letter.step} can't be put into words: {error}") from None


def _compiled(compiled: Compiled, letter: Letter, step: Step | None, card: _Card) -> CompiledStep:
    place = step.place if step else Place(letter.sequence)
    links = StaffLinks(compiled.business, place)
    layout, slots = Layout("task", compiled.files, place, "staff"), Slots()
    body = _outspoken(step.body, letter.names) if step and step.body else Body((), ())
    told_html = Typesetter(compiled.files, place, links, slots, layout.styles).body(body)
    told_text = Typewriter(links).body(body)
    # Where the briefing offers no way to end the task, a button does.
    ends = () if links.has_outcome else tuple((said, links.token("task", value)) for value, said in card.outcomes)
    html = _html(card, told_html, ends, layout, slots)
    sender = mailbox(compiled.business.sender)
    head = staff_fields(compiled.business, sender)
    return CompiledStep(
        sequence=letter.sequence,
        step=letter.step,
        sender=sender,
        subjects={None: line_template(authored(card.subject))},
        html=html_template(html),
        text=text_template(_text(card, told_text, ends)),
        links=(),
        signed=tuple(links.signed),
        leavable=False,
        boundary=BOUNDARY,
        head=f'{head}MIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n boundary="{BOUNDARY}"\r\n',
        weight=weight(html),
    )


def prove_task(business: Business, step: Step, files: Mapping[str, bytes]) -> None:
    """Set a briefing with all its branches, as `check` does before anybody has the task. Raises CompileError."""
    layout = Layout("task", files, step.place, "staff")
    if step.body is not None:
        whole = "".join(text for name, _, text in step.body.blocks if name == "text")
        body = replace(step.body, blocks=(("text", None, whole),))
        Typesetter(files, step.place, StaffLinks(business, step.place), Slots(), layout.styles).body(body)


@dataclass(frozen=True, slots=True)
class _Card:
    """What stands round a briefing, each as plain text. `rows` are (label, value), `outcomes` (value, words)."""

    business: Business
    said: StaffWording
    language: str
    subject: str
    title: str
    kicker: str
    remark: str
    briefing: str
    ask: str
    why: str
    rows: tuple[tuple[str, str], ...]
    outcomes: tuple[tuple[str, str], ...]


def _card(
    business: Business, sequence: Sequence | None, step: Step | None, letter: Letter, staff: StaffLetter, speech: Speech
) -> _Card:
    said = staff_wording(speech.language)
    task = step.task if step and step.task else TaskField("", "")
    person = _person(letter.names.get("contact"), speech)
    who = " ".join(person[name] for name in NAME if name in person) or person.get("email", "")
    what = staff.what or task.what
    title = f"{what[:1].upper()}{what[1:]} · {who}" if who else what
    due = _due(letter, staff, speech)
    cost = task.cost if staff.cost is None else staff.cost
    asked = ", ".join(name.replace("_", " ") for name in task.ask)
    late = said.late.format(day=due) if due else said.open
    title_of = sequence.title if sequence else letter.sequence.strip("()")
    return _Card(
        business=business,
        said=said,
        language=speech.language,
        subject=_subject(said, title, due, staff.is_reminder),
        title=title,
        kicker=late if staff.is_reminder else "",
        remark=staff.remark,
        briefing=staff.briefing,
        ask=said.ask.format(fields=asked) if asked else "",
        why=said.why.format(business=business.name, sequence=title_of),
        rows=_rows(said, person, due, speak("cost | money", speech, cost=cost) if cost is not None else ""),
        outcomes=staff.outcomes or (("", said.done),),
    )


def _person(contact: object, speech: Speech) -> dict[str, str]:
    """What is known of the contact, as text."""
    if not isinstance(contact, Mapping):
        return {}
    found = {name: contact.get(name) for name in (*NAME, "email", "phone", "address")}
    return {name: words(value, speech) for name, value in found.items() if value}


def _subject(said: StaffWording, title: str, due: str, is_reminder: bool) -> str:
    if is_reminder:
        return said.still_open.format(task=title)
    return f"{title} · {said.by.format(day=due)}" if due else title


def _rows(said: StaffWording, person: Mapping[str, str], due: str, cost: str) -> tuple[tuple[str, str], ...]:
    rows = (
        (said.due, due),
        (said.phone, person.get("phone", "")),
        (said.email, person.get("email", "")),
        (said.address, person.get("address", "")),
        (said.cost, cost),
    )
    return tuple((label, value) for label, value in rows if value)


def _due(letter: Letter, staff: StaffLetter, speech: Speech) -> str:
    if staff.due_at is None:
        return ""
    now = letter.journey_at or letter.sent_at
    day, time = (speak(f"due | {name}", speech, due=staff.due_at) for name in ("day", "time"))
    return f"{day}, {time}" if abs(staff.due_at - now) < SOON else day


def _outspoken(body: Body, names: Mapping[str, object]) -> Body:
    """The briefing as it reads for these names, its outcomes as buttons."""
    asked = as_asked(body, names)
    ((_, _, markdown),) = asked.blocks
    return replace(asked, blocks=(("text", None, _OUTCOME.sub(r'](\1 "button")', markdown)),))


def _html(card: _Card, told: str, ends: tuple[tuple[str, str], ...], layout: Layout, slots: Slots) -> str:
    """The template of the HTML part. `told` is the briefing in MJML, `ends` are (words, address) of more buttons."""
    plain = {
        "business": card.business.name,
        "title": card.title,
        "kicker": card.kicker,
        "remark": card.remark,
        "briefing": card.briefing,
        "ask": card.ask,
        "why": card.why,
        "how": card.said.how,
    }
    filled: dict[str, object] = {name: slots.hold(lines(text)) if text else "" for name, text in plain.items()}
    filled |= {
        "body": told,
        "rows": [(slots.hold(lines(label)), slots.hold(lines(value))) for label, value in card.rows],
        "buttons": [(slots.hold(lines(said)), slots.hold(address)) for said, address in ends],
        "language": card.language,
        "direction": direction(card.language),
        "start": "right" if direction(card.language) == "rtl" else "left",
    }
    return layout.html(filled, slots) + "\n"


def _text(card: _Card, told: str, ends: tuple[tuple[str, str], ...]) -> str:
    about = "\n".join(f"{label}: {value}" for label, value in card.rows)
    above = (card.kicker, card.title, about, wrapped(card.remark), wrapped(card.briefing))
    below = (wrapped(card.ask), *(f"{said}:\n{address}" for said, address in ends))
    footer = (wrapped(card.said.how), RULE, wrapped(card.why))
    parts = ("".join(f"{part}\n\n" for part in group if part) for group in (above, below, footer))
    first, second, third = parts
    return f"{authored(first)}{told}{second}{authored(third).rstrip()}\n"
