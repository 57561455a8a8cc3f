"""Finished mails for tests of providers, put together as `service.rendering` does."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP

from service.ports import Message

UNSUBSCRIBE = "https://mail.glow.example/unsubscribe/" + "x" * 240  # longer than a line may be folded at
FIELDS = {
    "List-Id": "Glow Studio, Tips <tips.glow.example>",
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    "Feedback-ID": "after-visit:tips:nudge:glowexample",
    "Auto-Submitted": "auto-generated",
    "Precedence": "bulk",
}
POLICY = SMTP.clone(max_line_length=998)


def message(number: int = 1, recipient: str = "", marketing: bool = True, attachment: bytes = b"") -> Message:
    """A mail about delivery `number`; with `marketing` it can be unsubscribed from."""
    mail = EmailMessage(policy=POLICY)
    key = f"{number:032x}@glow.example"
    address = recipient or f"ana{number}@example.org"
    mail["From"] = '"Glow, für Dich" <mia@glow.example>'
    mail["To"] = address
    mail["Reply-To"] = "Front desk <desk@glow.example>"
    mail["Subject"] = f"Grüße №{number} · \N{SPARKLES}"
    mail["Message-ID"] = f"<{key}>"
    if marketing:
        mail["List-Unsubscribe"] = f"<{UNSUBSCRIBE}>"
        for name, value in FIELDS.items():
            mail[name] = value
    mail.set_content("Hallo Ana,\n.\nFrom Glow: alles gut? — „ja“\n", cte="quoted-printable")
    mail.add_alternative('<html lang="de"><p title="a">Grüße &amp; mehr</p></html>\n', "html", cte="quoted-printable")
    if attachment:
        mail.add_attachment(attachment, maintype="text", subtype="calendar", filename="date.ics")
    return Message(number, key, "mia@glow.example", address, mail.as_bytes(policy=POLICY))


def messages(count: int, first: int = 1) -> list[Message]:
    return [message(number) for number in range(first, first + count)]
