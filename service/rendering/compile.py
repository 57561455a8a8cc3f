"""Compiles a step, once a publication, into the templates that one person's values are filled into."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from jinja2 import Template, TemplateSyntaxError

from service.domain.sequence.expression import ExpressionError
from service.domain.sequence.model.business import Topic
from service.domain.sequence.model.library import Library
from service.domain.sequence.model.sequence import Sequence
from service.domain.sequence.model.step import Step
from service.domain.sequence.model.words import Subject
from service.ports import Unrenderable
from service.rendering.address import Mailbox, mailbox
from service.rendering.document import Frame, html_source, text_source
from service.rendering.envelope import fixed_fields, is_leavable
from service.rendering.fault import CompileError
from service.rendering.layout import Layout
from service.rendering.links import Links
from service.rendering.signed import Signed
from service.rendering.templates import authored, fill, html_template, line_template, text_template
from service.rendering.weight import weight


@dataclass(frozen=True, slots=True)
class CompiledStep:
    """Everything about one step's mail that is equal for all its recipients who read one language.

    `links` are the distinct targets of its tracked links: http(s) addresses, or paths of our own site that begin
    with `/`. `signed` are its addresses that carry a token. `subjects` are templates by arm. `head` holds the
    header fields that never change, as they stand on the wire. `weight` is about how many bytes the finished HTML has.
    """

    sequence: str
    step: str
    sender: Mailbox
    subjects: Mapping[str | None, Template]
    html: Template
    text: Template
    links: tuple[str, ...]
    signed: tuple[Signed, ...]
    leavable: bool
    boundary: str
    head: str
    weight: int

    def subject(self, arm: str | None) -> Template:
        """The subject of an arm; where that arm has none of its own, the one of no arm, else the first."""
        return self.subjects.get(arm) or self.subjects[None]


def compile_step(
    library: Library, sequence: Sequence, step: Step, files: Mapping[str, bytes], language: str = ""
) -> CompiledStep:
    """One email step of a library, in the words of one language; the files' own without it.

    `files` are the published ones: layouts, partials and pictures, by path. Raises CompileError, whose `problem` says
    what is wrong and where.
    """
    business = library.business
    words = step.in_language(language)
    if words.body is None or not words.subjects:
        raise CompileError(words.place, "no-mail", f"The step {step.key!r} is no email.")
    topic = business.topic(sequence.topic) or Topic(sequence.topic)
    links = Links(business, words.place)
    layout = Layout(step.template or sequence.template, files, words.place)
    reply_to = step.reply_to or sequence.reply_to
    try:
        sender = mailbox(step.sender or sequence.sender or business.sender)
        frame = Frame(business, topic, language or business.languages[0])
        html = html_source(frame, words, words.body, layout, links, files)
        text = text_source(frame, words.body, links)
        head = fixed_fields(business, sequence, step, topic, sender, mailbox(reply_to) if reply_to else None)
        boundary = "=_" + hashlib.sha256(f"{sequence.key}/{step.key}".encode()).hexdigest()[:24]
        return CompiledStep(
            sequence=sequence.key,
            step=step.key,
            sender=sender,
            subjects=_by_arm(words.subjects),
            html=html_template(html),
            text=text_template(text),
            links=tuple(links.targets),
            signed=tuple(links.signed),
            leavable=is_leavable(topic),
            boundary=boundary,
            head=f'{head}MIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n',
            weight=weight(html),
        )
    except (ExpressionError, TemplateSyntaxError, Unrenderable) as error:
        raise CompileError(words.place, "broken-step", f"This step can't become a mail: {error}.") from None


def language_for(step: Step, reader: str) -> str:
    """The language of a step's words for somebody who reads `de-AT`: that one, or `de`; empty for the files' own."""
    if not step.translations:  # asked for each mail, of which most have none
        return ""
    known = dict(step.translations)
    language = reader.replace("_", "-")
    return next((each for each in (language, language.partition("-")[0].lower()) if each in known), "")


def _by_arm(subjects: Iterable[Subject]) -> dict[str | None, Template]:
    known: dict[str | None, Template] = {}
    for each in subjects:
        known.setdefault(each.arm, line_template(fill(authored(each.text), each.expressions)))
    return {None: next(iter(known.values()))} | known
