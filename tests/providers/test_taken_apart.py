"""A finished mail, taken apart again: all that the reader sees is in the pieces."""

from __future__ import annotations

from email.message import EmailMessage

import pytest

from service.ports import Message
from service.providers.taken_apart import Mail, written
from service.rendering.headers import mailbox_field, text_field
from tests.providers.mails import UNSUBSCRIBE, message

NAMES = [
    "Glow Studio",
    'Glow, "für" Dich',
    "Салон Свет",
    "a\\b",
    "=?utf-8?q?x?=",
    "O'Hara & Söhne; (Berlin)",
    "🌸" * 30,
]


def of(head: str, body: str = "\r\nHello\r\n") -> Mail:
    return Mail(Message(1, "k@glow.example", "mia@glow.example", "ana@example.org", (head + body).encode("ascii")))


@pytest.mark.parametrize("name", NAMES)
def test_a_name_comes_out_as_it_was_written(name: str) -> None:
    assert of(mailbox_field("From", name, "mia@glow.example")).sender == (name, "mia@glow.example")


@pytest.mark.parametrize(
    "subject", ["Hi", "Grüße " * 30, "long subject " * 20, "=?utf-8?q?x?=", "50 % & <b>", "日本" * 40]
)
def test_a_subject_comes_out_as_it_was_written(subject: str) -> None:
    assert of(text_field("Subject", subject)).subject == " ".join(subject.split())


def test_nothing_that_comes_out_can_end_a_field() -> None:
    """RFC 2047 words may hide a line end; what a provider puts into a head of its own has none."""
    mail = of("Subject: =?UTF-8?Q?a=0D=0ABcc:_x=00?=\r\nFrom: =?UTF-8?Q?a=0ABcc=3A_x?= <mia@glow.example>\r\n")
    assert mail.subject == "a Bcc: x "
    assert mail.sender == ("a Bcc: x", "mia@glow.example")


def test_fields_of_ours_come_out_as_they_are_on_the_wire() -> None:
    mail = Mail(message(1))
    assert mail.headers["List-Unsubscribe"] == f"<{UNSUBSCRIBE}>"
    assert set(mail.headers) == {
        "List-Unsubscribe", "List-Unsubscribe-Post", "List-Id", "Feedback-ID", "Auto-Submitted", "Precedence",
    }  # fmt: skip
    folded = of("List-Id: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n <tips.glow.example>\r\nFrom: a@b.example\r\n").headers
    assert folded == {"List-Id": "=?utf-8?q?Gr=C3=BC=C3=9Fe?= <tips.glow.example>"}


def test_both_bodies_come_out_in_unicode_with_plain_line_ends() -> None:
    mail = Mail(message(1, attachment=b"BEGIN:VCALENDAR\r\n"))
    assert mail.text == "Hallo Ana,\n.\nFrom Glow: alles gut? — „ja“\n"
    assert mail.html == '<html lang="de"><p title="a">Grüße &amp; mehr</p></html>\n'
    [attachment] = mail.attachments
    assert (attachment.name, attachment.content) == ("date.ics", b"BEGIN:VCALENDAR\r\n")


def test_only_what_can_be_left_is_marketing() -> None:
    assert Mail(message(1)).is_marketing
    assert not Mail(message(1, marketing=False)).is_marketing


def test_a_mail_with_less_in_it_has_empty_pieces() -> None:
    mail = of("From: mia@glow.example\r\n")
    assert (mail.subject, mail.html, mail.reply_to, mail.attachments) == ("", "", ("", ""), ())
    assert mail.sender == ("", "mia@glow.example")


@pytest.mark.parametrize("name", NAMES)
def test_a_mailbox_written_for_a_provider_is_read_as_it_was(name: str) -> None:
    """By the strict parser of the standard library: what is quoted stays one name."""
    mail = EmailMessage()
    mail["From"] = written((name, "mia@glow.example")).replace("=?", "=\N{ZERO WIDTH SPACE}?")
    [found] = mail["From"].addresses
    assert found.display_name.replace("\N{ZERO WIDTH SPACE}", "") == name
    assert written(("", "mia@glow.example")) == "mia@glow.example"
