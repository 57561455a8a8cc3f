from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime

import orjson
import pytest

from service.ports import NotAuthentic, TryLater, Uncertain
from service.providers.mailgun import Mailgun
from service.providers.taken_apart import Mail
from tests.providers import dialects
from tests.providers.dialects.mailgun import Mailgun as Account
from tests.providers.mails import message
from tests.providers.one_service import sent_one

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
EVENT = {"event-data": {"event": "delivered", "recipient": "ana@example.org"}}


@pytest.mark.parametrize(("region", "host"), [("us", "api.mailgun.net"), ("eu", "api.eu.mailgun.net")])
def test_each_region_has_an_address_of_its_own(region: str, host: str) -> None:
    call = Mailgun(MAILGUN_KEY="k", MAILGUN_DOMAIN="mg.glow.example", MAILGUN_REGION=region).call([Mail(message())])
    assert call.url == f"https://{host}/v3/mg.glow.example/messages.mime"


def test_a_replay_with_another_body_is_the_event_it_was_signed_for() -> None:
    """Only timestamp and token are signed: whoever saw them may say anything with them, and it counts for nothing."""
    receiver, account, at = Mailgun(), Account(), str(int(NOW.timestamp()))
    forged = {"event-data": {"event": "complained", "recipient": "somebody.else@example.org"}}
    first, again = (account.signed(body, at, "a" * 50, "signing-key", NOW) for body in (EVENT, forged))
    for received in (first, again):
        receiver.authenticate(received, ["signing-key"])
    assert [each.key for each in receiver.told(first)] == [each.key for each in receiver.told(again)]


def test_a_signature_is_for_its_own_token_and_timestamp() -> None:
    receiver, account, at = Mailgun(), Account(), str(int(NOW.timestamp()))
    real = account.signed(EVENT, at, "a" * 50, "signing-key", NOW)
    for changed in (real.body.replace(b"a" * 50, b"b" * 50), real.body.replace(at.encode(), str(int(at) + 1).encode())):
        received = dialects.Received({}, changed, NOW)
        with pytest.raises(NotAuthentic):
            receiver.authenticate(received, ["signing-key"])


@pytest.mark.parametrize(
    "words",
    [
        "Domain mg.glow.example is not allowed to send: The domain is unverified and requires DNS configuration.",
        "Sandbox subdomains are for test purposes only. Please add your own domain.",
    ],
)
def test_a_domain_that_may_not_send_holds_all_mail(words: str) -> None:
    outcome = sent_one(Mailgun, Account(), message(), dialects.Reply(400, {"message": words}))
    assert isinstance(outcome, TryLater)
    assert outcome.in_all
    assert words in outcome.reason


def test_a_pause_without_a_time_is_a_pause_all_the_same() -> None:
    outcome = sent_one(Mailgun, Account(), message(), dialects.Reply(429, {"message": "Too many, try again after all"}))
    assert isinstance(outcome, TryLater)
    assert (outcome.in_all, outcome.after) == (True, None)


def test_an_answer_without_an_id_proves_nothing() -> None:
    outcome = sent_one(Mailgun, Account(), message(), dialects.Reply(200, {"message": "Queued. Thank you."}))
    assert isinstance(outcome, Uncertain)


def test_what_is_told_of_a_subaccount_is_proven_by_the_key_of_its_account_too() -> None:
    """As "Securing webhooks" documents it; a parent's signature of another token is worth nothing."""
    at, token = str(int(NOW.timestamp())), "a" * 50

    def signature(secret: str, said: str = token) -> str:
        return hmac.new(secret.encode(), (at + said).encode(), hashlib.sha256).hexdigest()

    def received(parent: str) -> dialects.Received:
        proof = {"timestamp": at, "token": token, "signature": signature("subaccount"), "parent-signature": parent}
        return dialects.Received({}, orjson.dumps({**EVENT, "signature": proof}), NOW)

    for secret in ("account", "subaccount"):
        Mailgun().authenticate(received(signature("account")), [secret])
    assert Mailgun().told(received(signature("account")))[0].key == token
    for wrong in (signature("another"), signature("account", "b" * 50), "", "x"):
        with pytest.raises(NotAuthentic):
            Mailgun().authenticate(received(wrong), ["account"])
