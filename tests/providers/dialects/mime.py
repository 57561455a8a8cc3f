"""What a provider makes of a finished mail that it takes as it is."""

from __future__ import annotations

import re
from email import message_from_bytes, policy

from tests.providers.dialects import Taken


def taken_whole(
    raw: bytes, recipient: str, delivery: str, message: str, stream: str = "", tracks: bool = False
) -> Taken:
    """The mail, read as mail clients do."""
    mail = message_from_bytes(raw, policy=policy.SMTP)
    [sender] = mail["from"].addresses
    text, html = (mail.get_body(preferencelist=(kind,)) for kind in ("plain", "html"))
    return Taken(
        recipient=recipient,
        sender=(sender.display_name, sender.addr_spec),
        reply_to=mail["reply-to"].addresses[0].addr_spec if mail["reply-to"] else "",
        subject=str(mail["subject"]),
        text=text.get_content().replace("\r\n", "\n"),
        html=html.get_content(),
        headers={name.lower(): re.sub(r"\r?\n(?=[ \t])", "", value).strip() for name, value in mail.raw_items()},
        delivery=delivery,
        message=message,
        stream=stream,
        tracks=tracks,
        attachments=tuple(
            (part.get_filename(), part.get_content_type(), part.get_payload(decode=True))
            for part in mail.iter_attachments()
        ),
    )
