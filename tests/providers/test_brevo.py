from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from service.ports import Message, NotUnderstood, Refused, Sent, TryLater
from service.providers.brevo import Brevo
from tests.providers import dialects
from tests.providers.bench import SOON
from tests.providers.dialects.brevo import Brevo as Account
from tests.providers.mails import message, messages
from tests.providers.one_service import sending, sent_one

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def rewritten(mail: Message, old: str, new: str) -> Message:
    assert old.encode() in mail.raw
    return replace(mail, raw=mail.raw.replace(old.encode(), new.encode()))


def test_mails_of_one_sender_go_together_and_each_keeps_what_is_its_own() -> None:
    account = Account()
    mails = [rewritten(each, "/unsubscribe/x", f"/unsubscribe/{each.delivery_id}") for each in messages(60)]
    with sending(Brevo, account) as provider:
        outcomes = provider.send(mails, time.monotonic() + SOON)
    assert len({outcome.provider_id for outcome in outcomes if isinstance(outcome, Sent)}) == 60
    for taken in account.taken:
        assert taken.recipient == f"ana{taken.delivery}@example.org"
        assert taken.subject.startswith(f"Grüße №{taken.delivery} ")
        assert f"/unsubscribe/{taken.delivery}x" in taken.headers["list-unsubscribe"]


def test_mails_of_different_senders_go_one_by_one() -> None:
    account = Account()
    other = rewritten(message(2), "<mia@glow.example>", "<tom@glow.example>")
    with sending(Brevo, account) as provider:
        outcomes = provider.send([message(1), other], time.monotonic() + SOON)
    assert all(isinstance(outcome, Sent) for outcome in outcomes)
    assert sorted(taken.sender[1] for taken in account.taken) == ["mia@glow.example", "tom@glow.example"]


def test_nothing_in_a_mail_is_a_template_to_brevo() -> None:
    account = Account()
    mail = rewritten(message(), "Hallo Ana,", "Hallo {{7*7}} {% if a %}b{% endif %} {# c #} {d}")
    mail = rewritten(mail, "&amp; mehr", "{{contact.EMAIL}} <style>p{#x{color:red}}</style>")
    assert isinstance(sent_one(Brevo, account, mail), Sent)
    [taken] = account.taken
    assert "Hallo { {7*7}} { % if a %}b{ % endif %} { # c #} {d}" in taken.text
    assert "{ {contact.EMAIL}} <style>p{ #x{color:red}}</style>" in taken.html


def test_a_list_id_in_other_letters_loses_its_phrase_only() -> None:
    account = Account()
    mail = rewritten(message(), "Glow Studio, Tips <tips", "=?utf-8?q?Sal=C3=B3n=2C_Tips?=\r\n <tips")
    assert isinstance(sent_one(Brevo, account, mail), Sent)
    assert account.taken[0].headers["list-id"] == "<tips.glow.example>"


def test_any_other_field_in_other_letters_is_refused() -> None:
    account = Account()
    mail = rewritten(message(), "Precedence: bulk", "X-Note: =?utf-8?q?Sal=C3=B3n?=")
    outcome = sent_one(Brevo, account, mail)
    assert isinstance(outcome, Refused)
    assert outcome.reason == "brevo can't carry a field X-Note in other letters than ASCII"
    assert account.taken == []


def test_a_mail_that_is_sent_again_by_hand_within_half_an_hour_is_not_sent_twice() -> None:
    account = Account()
    with sending(Brevo, account) as provider:
        outcomes = [provider.send([message()], time.monotonic() + SOON)[0] for _ in range(2)]
    assert [type(outcome) for outcome in outcomes] == [Sent, Sent]
    assert len(account.taken) == 1


def test_what_is_told_of_text_messages_spoils_nothing_for_mails() -> None:
    short = {"id": 26570, "to": "34600000000", "msg_status": "delivered", "type": "Transactional"}
    mail = {"event": "delivered", "email": "ana@example.org", "message-id": "<1@smtp-relay.mailin.fr>"}
    told = Brevo().told(Account().post([short, mail], NOW))
    assert [each.recipient for each in told] == ["ana@example.org"]
    with pytest.raises(NotUnderstood):
        Brevo().told(Account().post([short], NOW))


@pytest.mark.parametrize(
    "why",
    [
        {"code": "not_enough_credits", "message": "Not enough credits to send this mail"},
        {"code": "invalid_parameter", "message": "Sender mia@glow.example is not valid. Validate your sender."},
    ],
)
def test_an_account_that_may_not_send_holds_all_mail(why: dict[str, str]) -> None:
    outcome = sent_one(Brevo, Account(), message(), dialects.Reply(400, why))
    assert isinstance(outcome, TryLater)
    assert outcome.in_all
