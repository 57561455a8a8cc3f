"""Writes letters as an author would, reads them with the real parser, and renders them for somebody."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import lru_cache
from pathlib import Path
from typing import Any

from service.domain.mark import Marks
from service.domain.sequence.expression import Record
from service.domain.sequence.library import read_library
from service.domain.sequence.model.library import Library
from service.domain.sequence.model.problem import Severity
from service.domain.token import Signer
from service.ports import Letter, Message
from service.rendering.compiled import Compiled, link_targets
from service.rendering.renderer import StepRenderer
from service.rendering.signature import Dkim

ROOT = Path(__file__).resolve().parents[2]
BASE = "https://mail.glow.example"
SIGNER = Signer(["a key for these tests, long enough to be one"])
SENT_AT = datetime(2027, 3, 9, 8, 30, tzinfo=UTC)

BUSINESS = """\
name: Glow Studio
from: Mia at Glow Studio <mia@glow.example>
address: Lindenweg 4, 10969 Berlin
phone: "+49 30 5550123"
time zone: Europe/Berlin
currency: EUR
topics:
  Tips and ideas: {}
  Your visits: {basis: client}
  Your appointments: {basis: service}
links: {booking: "https://glow.example/book?from=mail&for=hair"}
fields: {wish: text}
events: {visit.completed: {service: text, starts: time}}
forms: {salon-checklist: {}, favourites: {}}
magnets: {checklist: files/checklist.pdf}
"""
SEQUENCE = """\
---
title: Letters
stage: nurture
topic: {topic}
template: {template}
{more}enrol: {enrol}
---

## Day 1 at 10:00: hello

Kind: {kind}
Subject: {subject}
Preview: {preview}

{body}
"""
PICTURE = (ROOT / "sequences/images/jana.jpg").read_bytes()


def shipped() -> dict[str, bytes]:
    """Every file of `sequences/` and `email_templates/`, by path."""
    folders = ("sequences", "email_templates")
    found = (path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file())
    return {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in found}


def written(
    body: str = "Hello.\n",
    subject: str = "Hello",
    preview: str = "Only a word",
    kind: str = "letter",
    topic: str = "Tips and ideas",
    template: str = "letter",
    more: str = "",
    business: str = BUSINESS,
    enrol: str = "{on: signup, form: salon-checklist}",
) -> dict[str, bytes]:
    """The files of a business with one letter, `letters/hello`."""
    sequence = SEQUENCE.format(
        body=body, subject=subject, preview=preview, kind=kind, topic=topic, template=template, more=more, enrol=enrol
    )
    templates = {path: content for path, content in shipped().items() if path.startswith("email_templates/")}
    return templates | {
        "sequences/business.yaml": business.encode(),
        "sequences/letters.md": sequence.encode(),
        "sequences/files/checklist.pdf": b"%PDF-1.4",
        "sequences/images/jana.jpg": PICTURE,
    }


def read(files: Mapping[str, bytes]) -> Library:
    """The library, which must be without error."""
    library, problems = read_library(files)
    assert [str(each) for each in problems if each.severity is Severity.ERROR] == []
    assert library is not None
    return library


def renderer(
    files: Mapping[str, bytes], base_url: str = BASE, dkim: Dkim | None = None, marks: Marks | None = None
) -> StepRenderer:
    """A renderer of these files; the links' ids are their places in the sorted list, from 1."""
    compiled = _compiled(tuple(sorted(files.items())))
    return StepRenderer(SIGNER, base_url, lambda _: compiled, dkim, marks)


@lru_cache(maxsize=4)
def _compiled(files: tuple[tuple[str, bytes], ...]) -> Compiled:
    """Files as they are compiled, kept for the tests that come next: all that ships takes half a second."""
    library = read(dict(files))
    ids = {target: number for number, target in enumerate(link_targets(library, dict(files)), 1)}
    return Compiled(library, dict(files), ids)


def letter(contact: Mapping[str, Any] | None = None, names: Mapping[str, object] | None = None, **more: Any) -> Letter:
    """A letter to Ana; `contact` and `names` replace what is known, `more` the letter's own fields."""
    known = {"email": "ana@example.org", "first_name": "Ana", **(contact or {})}
    business = {"name": "Glow Studio", "from": "Mia", "address": "Lindenweg 4, 10969 Berlin", "phone": "+49 30 5550123"}
    given = {
        "contact": Record("contact", known),
        "business": Record("business", business),
        "event": Record("event", {}),
        "today": date(2027, 3, 9),
        **(names or {}),
    }
    fields: dict[str, Any] = {
        "delivery_id": 12,
        "contact_id": 7,
        "message_id": "<12.5f2c@glow.example>",
        "recipient": str(known["email"]),
        "publication_id": 1,
        "sequence": "letters",
        "step": "hello",
        "language": "en",
        "names": given,
        "sent_at": SENT_AT,
    }
    return Letter(**fields | more)


def rendered(files: Mapping[str, bytes] | None = None, to: Letter | None = None) -> Message:
    return renderer(files or written()).render(to or letter())


def opened(message: Message) -> EmailMessage:
    """The mail as a mail client reads it, with Python's modern policy."""
    mail = message_from_bytes(message.raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    assert not mail.defects
    return mail


def text_of(message: Message) -> str:
    return _part(message, "plain")


def html_of(message: Message) -> str:
    return _part(message, "html")


def _part(message: Message, kind: str) -> str:
    part = opened(message).get_body((kind,))
    assert part is not None
    content = part.get_content()
    assert isinstance(content, str)
    return content.replace("\r\n", "\n")


def raw_head(message: Message) -> list[str]:
    """The header fields as they stand on the wire, each unfolded by its own line breaks being kept."""
    head = message.raw.partition(b"\r\n\r\n")[0].decode("ascii")
    fields: list[str] = []
    for line in head.split("\r\n"):
        if line.startswith((" ", "\t")):
            fields[-1] += "\r\n" + line
        else:
            fields.append(line)
    return fields


def raw_field(message: Message, name: str) -> str:
    """The one field of this name, with its folding; fails where there are several."""
    found = [each for each in raw_head(message) if each.lower().startswith(f"{name.lower()}:")]
    assert len(found) == 1, f"{len(found)} fields {name}"
    return found[0].partition(":")[2].strip()
