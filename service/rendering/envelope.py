"""The header fields of a mail: those equal for everybody, composed once a step, and those of one person."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache

from service.domain.sequence.heading import slug
from service.domain.sequence.model.business import Business, Topic
from service.domain.sequence.model.sequence import Sequence
from service.domain.sequence.model.step import Step
from service.domain.sequence.vocabulary import Kind
from service.rendering.address import Mailbox, mailbox
from service.rendering.headers import field, mailbox_field, phrase


def is_leavable(topic: Topic) -> bool:
    """Whether one click leaves it. A topic of basis `service` outlives "leave all marketing", so it promises none."""
    return topic.basis != "service"


def fixed_fields(
    business: Business, sequence: Sequence, step: Step, topic: Topic, sender: Mailbox, reply_to: Mailbox | None
) -> str:
    """From, Reply-To, List-Id, List-Unsubscribe-Post, Feedback-ID, Auto-Submitted and Precedence, ending in CRLF."""
    home = mailbox(business.sender).domain
    fields = [mailbox_field("From", sender.name or business.name, sender.address)]
    if reply_to:
        fields.append(mailbox_field("Reply-To", reply_to.name, reply_to.address))
    if is_leavable(topic):
        # RFC 2919, section 3: the id never changes while the topic keeps its name; the phrase is for people.
        said = phrase(f"{business.name}, {topic.name}", "List-Id")
        fields.append(field("List-Id", f"{said}\r\n <{label(topic)}.{home}>"))
        fields.append(field("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
    # Gmail's feedback loop counts by each of the first three; SenderId has 5 to 15 characters and never changes.
    sender_id = re.sub(r"[^a-z0-9]", "", home.lower())[:15].ljust(5, "0")
    fields.append(field("Feedback-ID", f"{sequence.key}:{label(topic)}:{step.kind}:{sender_id}"))
    fields.append(field("Auto-Submitted", "auto-generated"))
    if step.kind is not Kind.SERVICE:
        fields.append(field("Precedence", "bulk"))
    return "".join(fields)


def staff_fields(business: Business, sender: Mailbox) -> str:
    """The same of a mail to a colleague: it belongs to no list, and nobody leaves it."""
    sent_by = mailbox_field("From", sender.name or business.name, sender.address)
    return sent_by + field("Auto-Submitted", "auto-generated")


def own_fields(
    to: str,
    message_id: str,
    sent_at: datetime,
    journey_at: datetime | None,
    unsubscribe: str | None,
    is_test: bool = False,
) -> str:
    """Date, Message-ID, the rest of what differs from person to person; `to` is the finished To field.

    `message_id` has no brackets. `unsubscribe` is one address, neither folded nor encoded (RFC 8058 section 3.1),
    however long; None leaves it out.
    """
    fields = [
        to,
        _date_field(sent_at),
        field("Message-ID", f"<{message_id}>"),
    ]
    if unsubscribe:
        fields.append(field("List-Unsubscribe", f"<{unsubscribe}>"))
    if journey_at:
        fields.append(field("X-Everafter-Journey-Time", journey_at.astimezone(UTC).isoformat().replace("+00:00", "Z")))
    if is_test:
        fields.append(field("X-Everafter-Test", "1"))
    return "".join(fields)


@lru_cache(maxsize=64)  # mails that are put into words together leave at one time
def _date_field(sent_at: datetime) -> str:
    return field("Date", format_datetime(sent_at.astimezone(UTC)))


def label(topic: Topic) -> str:
    """The topic as a word for machines: letters, digits and hyphens of ASCII, as in `tips-and-ideas`."""
    return slug(topic.name)[:63].strip("-") or f"topic-{hashlib.sha256(topic.name.encode()).hexdigest()[:8]}"
