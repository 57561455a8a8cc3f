"""A finished mail taken apart again, for providers that want its pieces and put them together themselves."""

from __future__ import annotations

from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.message import Message as Part
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
        return str(self._parsed["subject"] or "")

    @property
    def text(self) -> str:
        return self._body("plain")

    @property
    def html(self) -> str:
        return self._body("html")

    @property
    def headers(self) -> dict[str, str]:
        """The fields that are ours to say and no provider's: List-*, Feedback-ID, Auto-Submitted …"""
        return {name: str(value) for name, value in self._parsed.items() if name.lower() not in _OWN}

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        return tuple(_attachment(part) for part in self._parsed.iter_attachments())

    @property
    def is_marketing(self) -> bool:
        """Whether it can be unsubscribed from; mail about what somebody booked can't."""
        return self._parsed["list-unsubscribe"] is not None

    @cached_property
    def _parsed(self) -> EmailMessage:
        found = message_from_bytes(self.message.raw, policy=policy.SMTP)
        assert isinstance(found, EmailMessage)
        return found

    def _mailbox(self, field: str) -> tuple[str, str]:
        value = self._parsed[field]
        if value is None or not value.addresses:
            return "", ""
        return value.addresses[0].display_name, value.addresses[0].addr_spec

    def _body(self, kind: str) -> str:
        part = self._parsed.get_body(preferencelist=(kind,))
        return str(part.get_content()) if part is not None else ""


def _attachment(part: Part[str, str]) -> Attachment:
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return Attachment(part.get_filename() or "", str(part["content-type"]), content)
