"""Mails that come in, in the shapes that servers really write: what each of them tells, and who proves it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.feedback import Bounce, Feedback, What
from service.domain.mark import Marks
from service.domain.token import Signer
from service.ports import NotAuthentic, NotUnderstood, Received
from service.providers.inbound import InboundMail
from service.providers.returned_mail import understand

MAILS = Path(__file__).parent / "returned"
AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
MARKS = Marks("bounces@mail.glow.example", Signer(["k" * 32]))
OTHERS = Marks("bounces@mail.glow.example", Signer(["x" * 32]))
ID = 4711


def mail(name: str, came_to: str = MARKS.sender_of(ID), marks: Marks = MARKS) -> bytes:
    text = (MAILS / f"{name}.eml").read_text()
    manage = marks.signer.sign("manage", f"12.{ID}")
    return text.replace("{came_to}", came_to).replace("{manage}", manage).replace("\n", "\r\n").encode()


def told(name: str, **how) -> Feedback | None:
    found = understand(mail(name, **how), AT, MARKS)
    assert len(found) <= 1
    return found[0] if found else None


@pytest.mark.parametrize(
    ("name", "what", "bounce"),
    [
        ("postfix-no-such-user", What.BOUNCED, Bounce.HARD),
        ("postfix-delayed", What.DEFERRED, None),
        ("gmail-over-quota", What.BOUNCED, Bounce.SOFT),
        ("outlook-unauthenticated", What.BOUNCED, Bounce.POLICY),
        ("relay-without-status", What.BOUNCED, Bounce.HARD),
        ("exim-plain", What.BOUNCED, Bounce.HARD),
        ("qmail-plain", What.BOUNCED, Bounce.SOFT),
        ("yahoo-complaint", What.COMPLAINED, None),
        ("opt-out-complaint", What.UNSUBSCRIBED, None),
    ],
)
def test_what_comes_back_is_about_the_delivery_that_it_proves(name, what, bounce):
    found = told(name)
    assert found is not None
    assert (found.what, found.bounce, found.delivery_id, found.at) == (what, bounce, ID, AT)
    assert found.words
    forged = {"came_to": OTHERS.sender_of(ID), "marks": OTHERS}
    assert told(name, **forged) is None, "signed by somebody else"
    assert told(name, came_to="mia@glow.example", marks=OTHERS) is None, "proven by nothing"


def test_the_words_of_the_server_that_refused_it_are_kept():
    found = told("postfix-no-such-user")
    assert (found.code, found.recipient) == ("5.1.1", "ana@example.org")
    assert found.words == "smtp; 550 5.1.1 <ana@example.org>: Recipient address rejected: User unknown"
    assert told("exim-plain").code == "550"
    assert "No such user here" in told("exim-plain").words


@pytest.mark.parametrize("name", ["not-spam", "out-of-office", "abwesenheit", "stranger"])
def test_what_is_neither_bounce_nor_complaint_nor_reply_tells_nothing(name):
    assert told(name) is None


def test_a_person_who_writes_back_says_which_mail_they_answer():
    found = told("reply")
    assert (found.what, found.recipient, found.message_id) == (What.REPLIED, "ana@example.org", "m1@glow.example")
    assert found.words == "Re: Your checklist"


def test_an_answer_that_quotes_our_mail_says_which_one_by_the_link_in_it():
    """Whatever Message-ID the provider gave it: Mailjet never tells (github.com/mailjet/mailjet-apiv3-dotnet, 139)."""
    link = f"> https://mail.glow.example/unsubscribe/{MARKS.signer.sign('manage', f'12.{ID}')}\r\n".encode()
    found = understand(mail("reply") + link, AT, MARKS)[0]
    assert (found.what, found.recipient, found.delivery_id, found.is_claimed) == (
        What.REPLIED,
        "ana@example.org",
        ID,
        True,
    )
    without = (mail("reply") + link).replace(b"In-Reply-To", b"X-Was").replace(b"References", b"X-Were")
    assert [each.delivery_id for each in understand(without, AT, MARKS)] == [ID]
    forged = OTHERS.signer.sign("manage", f"12.{ID}").encode()
    assert understand(without.replace(link.split(b"/")[-1], forged), AT, MARKS) == []


@pytest.mark.parametrize(("name", "what"), [("postfix-no-such-user", What.BOUNCED), ("yahoo-complaint", "complained")])
def test_a_report_that_proves_nothing_claims_the_mail_that_it_returns(name, what):
    """It counts for whom that mail went to, as whoever returns a Message-ID has seen the mail."""
    returned = b"To: ana@example.org\r\nMessage-ID:\r\n <0100-0001@eu-west-1.amazonses.com>\r\nSubject: Your checklist"
    raw = mail(name, came_to="mia@glow.example", marks=OTHERS)
    raw = raw.replace(b"To: redacted\r\nSubject: Your checklist", returned)
    raw = raw.replace(b"To: ana@example.org\r\nSubject: Your checklist", returned)
    found = understand(raw, AT, MARKS)[0]
    assert (found.what, found.recipient, found.message_id) == (
        what,
        "ana@example.org",
        "0100-0001@eu-west-1.amazonses.com",
    )
    assert (found.delivery_id, found.is_marked, found.is_claimed) == (None, False, True)


def test_the_same_mail_has_the_same_key_however_it_came():
    again = b"Received: from elsewhere\r\n" + mail("exim-plain")
    assert understand(again, AT, MARKS)[0].key == told("exim-plain").key
    assert told("exim-plain").key != told("qmail-plain").key


def test_the_address_of_the_envelope_is_enough():
    plain = mail("qmail-plain", came_to="undisclosed@glow.example")
    assert understand(plain, AT, MARKS) == []
    assert understand(plain, AT, MARKS, [MARKS.sender_of(ID)])[0].delivery_id == ID


def test_a_bounce_address_outlives_the_rotation_of_keys_and_the_loss_of_case():
    address = MARKS.sender_of(ID)
    rotated = Marks(MARKS.bounces, Signer(["n" * 32, "k" * 32]))
    assert rotated.by_address(address) == ID
    assert MARKS.by_address(address.upper()) == ID
    assert len(MARKS.sender_of(10**15).partition("@")[0]) <= 64


@given(st.integers(1, 10**18), st.integers(0, 200), st.characters(codec="ascii", categories=["L", "N"]))
def test_an_altered_bounce_address_is_nobodys(number, place, letter):
    address = MARKS.sender_of(number)
    assert MARKS.by_address(address) == number
    local, _, domain = address.partition("@")
    place = len("bounces+") + place % (len(local) - len("bounces+"))
    altered = f"{local[:place]}{letter}{local[place + 1 :]}@{domain}"
    assert altered.lower() == address.lower() or MARKS.by_address(altered) is None


@given(st.binary(max_size=2_000))
def test_nothing_that_comes_in_raises(raw):
    understand(raw, AT, MARKS)
    understand(
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n" + raw, AT, MARKS
    )
    understand(b"From: MAILER-DAEMON@x\r\n" + raw, AT, MARKS, [MARKS.sender_of(1)])


INBOUND = InboundMail(MARKS)


def received(body: bytes, **headers: str) -> Received:
    return Received({name.replace("_", "-"): value for name, value in headers.items()}, body, AT)


def test_providers_hand_mail_on_in_their_own_ways():
    raw = mail("exim-plain")
    key = told("exim-plain").key
    form = (
        b'--zz\r\nContent-Disposition: form-data; name="to"\r\n\r\nmia@glow.example\r\n'
        b'--zz\r\nContent-Disposition: form-data; name="email"\r\n\r\n' + raw + b"\r\n--zz--\r\n"
    )
    ways = [
        received(raw, content_type="message/rfc822"),
        received(raw),
        received(form, content_type="multipart/form-data; boundary=zz"),
        received(b"body-mime=" + quote_from_bytes(raw).encode(),
                 content_type="application/x-www-form-urlencoded; charset=utf-8"),
        received(json.dumps({"RawEmail": raw.decode()}).encode(), content_type="application/json"),
    ]  # fmt: skip
    assert [[each.key for each in INBOUND.told(way)] for way in ways] == [[key]] * len(ways)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "message/rfc822"),
        (b"{}", "application/json"),
        (b"[]", "application/json"),
        (b"{", "application/json"),
        (b"subject=x", "application/x-www-form-urlencoded"),
        (b"--b--", "multipart/form-data; boundary=b"),
        (b"--b--", "multipart/form-data"),
        (b"<x/>", "application/xml"),
    ],
)
def test_what_holds_no_mail_is_refused(body, kind):
    with pytest.raises(NotUnderstood):
        INBOUND.told(received(body, content_type=kind))


def test_only_who_knows_the_password_hands_mail_on():
    good = received(b"x", authorization="Basic cm91dGU6c2VjcmV0")  # route:secret
    INBOUND.authenticate(good, ["new:one", "route:secret"])
    for headers in ({}, {"authorization": "Basic !!"}, {"authorization": "Bearer cm91dGU6c2VjcmV0"}):
        with pytest.raises(NotAuthentic):
            INBOUND.authenticate(received(b"x", **headers), ["route:secret"])
    with pytest.raises(NotAuthentic):
        INBOUND.authenticate(good, [])
    with pytest.raises(NotAuthentic):
        INBOUND.authenticate(received(b"x", authorization="Basic "), [""])
