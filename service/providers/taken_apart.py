"""A finished mail taken apart again, for providers that want its pieces and put them together themselves."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message as Part
from email.utils import parseaddr
from functools import cached_property

from service.ports import Message

# What a provider writes by itself, or takes by another name.
_OWN = frozenset(
    {
        "from", "to", "subject", "reply-to", "date", "message-id", "mime-version", "content-type",
        "content-transfer-encoding", "dkim-signature",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file in a mail; `kind` is its media type with parameters, like `text/calendar; method=PUBLISH`."""

    name: str
    kind: str
    content: bytes

    @property
    def base64(self) -> str:
        """The content as JSON can carry it."""
        return b64encode(self.content).decode()


@dataclass(frozen=True)
class Mail:
    """One mail and its pieces, as texts without any encoding; each is found when it is first asked for."""

    message: Message

    @property
    def delivery_id(self) -> int:
        return self.message.delivery_id

    @property
    def key(self) -> str:
        """The Message-ID without brackets: unique, and the same whenever this mail is handed over."""
        return self.message.key

    @property
    def raw(self) -> bytes:
        return self.message.raw

    @property
    def recipient(self) -> str:
        return self.message.recipient

    @property
    def sender(self) -> tuple[str, str]:
        """The name people read, maybe empty, and the address."""
        return self._mailbox("from")

    @property
    def reply_to(self) -> tuple[str, str]:
        """The same of where answers go; two empty texts where that is the sender."""
        return self._mailbox("reply-to")

    @property
    def subject(self) -> str:
        return decoded(self._field("subject"))

    @property
    def text(self) -> str:
        return self._body("text/plain")

    @property
    def html(self) -> str:
        return self._body("text/html")

    @property
    def headers(self) -> dict[str, str]:
        """The fields that are ours to say and no provider's: List-*, Feedback-ID, Auto-Submitted …

        As they are on the wire, in ASCII and unfolded: what stands in a mail's head is nobody's to encode again.
        """
        return {name: unfolded(value) for name, value in self._parsed.items() if name.lower() not in _OWN}

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        return tuple(_attachment(part) for part in self._parts if part.get_content_disposition() == "attachment")

    def files(self, name: str, content: str, kind: str = "") -> list[dict[str, str]]:
        """The attachments as a provider wants them in JSON, under its own names of the fields; without `kind` that is
        left out."""
        said = ({name: each.name, content: each.base64, kind: each.kind} for each in self.attachments)
        return [{field: value for field, value in each.items() if field} for each in said]

    @property
    def is_marketing(self) -> bool:
        """Whether it can be unsubscribed from; mail about what somebody booked can't."""
        return self._parsed["list-unsubscribe"] is not None

    @cached_property
    def _parsed(self) -> Part[str, str]:
        # By the old policy, which looks into no field before it is asked: the new one takes ten times as long.
        return message_from_bytes(self.message.raw)

    @cached_property
    def _parts(self) -> list[Part[str, str]]:
        return [part for part in self._parsed.walk() if not part.is_multipart()]

    def _field(self, name: str) -> str:
        return unfolded(str(self._parsed.get(name, "")))

    def _mailbox(self, field: str) -> tuple[str, str]:
        name, address = parseaddr(self._field(field))
        return decoded(name), address

    def _body(self, kind: str) -> str:
        for part in self._parts:
            if part.get_content_type() == kind and part.get_content_disposition() != "attachment":
                return _content(part).decode(part.get_content_charset("utf-8")).replace("\r\n", "\n")
        return ""


def decoded(value: str) -> str:
    """A field's text without encoded words (RFC 2047), and without what could end the field."""
    return re.sub(r"[\x00-\x1f\x7f]+", " ", str(make_header(decode_header(value))))


def written(mailbox: tuple[str, str]) -> str:
    """A name and an address as one text, the name quoted (RFC 5322 §3.4), in any script."""
    name, address = mailbox
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}" <{address}>' if name else address


def unfolded(value: str) -> str:
    """A field's body on one line (RFC 5322 §2.2.3)."""
    return re.sub(r"\r?\n(?=[ \t])", "", value).strip()


def _attachment(part: Part[str, str]) -> Attachment:
    return Attachment(part.get_filename() or "", unfolded(str(part["content-type"])), _content(part))


def _content(part: Part[str, str]) -> bytes:
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content
