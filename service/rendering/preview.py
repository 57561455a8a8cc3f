"""A mail to look at before it is sent: the exact one, and its HTML such that it shows without a server."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from email import message_from_bytes, policy
from mimetypes import guess_type
from zoneinfo import ZoneInfo

from service.domain.assignee import assignee_of
from service.domain.facts import Facts
from service.domain.sequence.model.sequence import Sequence
from service.domain.sequence.model.step import Step
from service.domain.task import opened
from service.ports import Letter, StaffLetter, Unrenderable
from service.rendering.address import mailbox
from service.rendering.pictures import address_path
from service.rendering.renderer import StepRenderer

# No server knows this key, so no link of a preview does anything for anybody.
UNKNOWN_KEY = "a preview is signed by nobody, so that it opens nothing"

_PIXEL = re.compile(r'<img src="[^"]*/open/[^"]*"[^>]*>')


@dataclass(frozen=True, slots=True)
class Preview:
    """One mail. `raw` are its exact bytes; `gaps` and `fault` say in sentences why production would hold it."""

    subject: str = ""
    html: str = ""
    text: str = ""
    raw: bytes = b""
    gaps: tuple[str, ...] = ()
    fault: str = ""

    @property
    def reasons(self) -> tuple[str, ...]:
        return (*self.gaps, self.fault) if self.fault else self.gaps


def sample_letter(facts: Facts, sequence: Sequence, step: Step, language: str, sent_at: datetime) -> Letter:
    """A letter to nobody: its ids are 0. A task's goes to whoever has to do it."""
    letter = Letter(
        delivery_id=0,
        contact_id=0,
        message_id=f"<preview.{sequence.key}.{step.key}@{mailbox(facts.business.sender).domain}>",
        recipient=facts.contact["email"],
        publication_id=0,
        sequence=sequence.key,
        step=step.key,
        language=language,
        names=facts.names(),
        sent_at=sent_at,
        arm=facts.arm,
    )
    if step.task is None:
        return letter
    whom = assignee_of(facts.business, step.task.assign, facts.contact)
    times = opened(facts.now, step.task.due, step.drop_after, ZoneInfo(facts.business.zone))
    staff = StaffLetter(0, times.due_at, what=step.task.what, cost=step.task.cost, remark=whom.remark)
    return replace(letter, recipient=whom.address, staff=staff)


def preview(renderer: StepRenderer, letter: Letter, files: Mapping[str, bytes]) -> Preview:
    """The mail as it would be sent; a missing value is said at its place. Never raises Unrenderable."""
    try:
        message, gaps = renderer.proof(letter)
    except Unrenderable as error:
        return Preview(fault=str(error))
    mail = message_from_bytes(message.raw, policy=policy.default)
    html, text = (mail.get_body((kind,)) for kind in ("html", "plain"))
    assert html is not None
    assert text is not None
    return Preview(
        subject=str(mail["Subject"]),
        html=_shown(html.get_content().replace("\r\n", "\n"), files),
        text=text.get_content().replace("\r\n", "\n"),
        raw=message.raw,
        gaps=gaps,
    )


def _shown(html: str, files: Mapping[str, bytes]) -> str:
    """The HTML with its pictures inside, and without the one that would tell us it was opened."""
    html = _PIXEL.sub("", html)
    for path, content in files.items():
        kind = guess_type(path)[0] or ""
        if not kind.startswith("image/"):
            continue
        before, found, after = html.partition(address_path(path, content))
        while found:
            start = before.rpartition('src="')[0]
            html = f'{start}src="data:{kind};base64,{b64encode(content).decode()}{after}'
            before, found, after = html.partition(address_path(path, content))
    return html
