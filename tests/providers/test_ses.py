from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar

import orjson
import pytest

from service.domain.feedback import Bounce, What
from service.ports import NotAuthentic, NotNow, NotUnderstood, Received, Refused, Sent, TryLater
from service.providers.ses import Ses
from service.providers.sns import Certificates
from service.providers.taken_apart import Mail
from service.settings import SettingsError, read_settings
from tests.providers.bench import SOON
from tests.providers.dialects import Reply
from tests.providers.dialects.ses import Ses as Account
from tests.providers.mails import message, messages
from tests.providers.one_service import sending, sent_one
from tests.providers.payloads import cases, shown
from tests.providers.sns import CERTIFICATE, REGION, Sns, the_sns
from tests.providers.test_payloads import variations

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TOPIC = f"arn:aws:sns:{REGION}:123456789012:mail"
MAIL = {"messageId": "0102019a0ca1b2c3-000000", "destination": ["ana@example.org", "cleo@example.org"]}


@pytest.fixture
def receiver() -> Ses:
    """One that has fetched no certificate yet."""

    class Fresh(Ses):
        certificates: ClassVar[Certificates] = Certificates()

    return Fresh(SNS_URL=the_sns().url, SES_TOPICS=TOPIC)


def posted(note: dict[str, Any]) -> Received:
    return Received({}, orjson.dumps(note), NOW)


def event(way: str, kind: str, **part: Any) -> str:
    return orjson.dumps({way: kind, "mail": MAIL, kind.lower(): part}).decode()


@pytest.mark.parametrize("version", ["1", "2"])
def test_both_versions_of_the_signature_are_good(receiver: Ses, version: str) -> None:
    receiver.authenticate(posted(the_sns().note("{}", TOPIC, NOW, version)), [TOPIC])


@pytest.mark.parametrize("changes", [{"Subject": "Ä"}, {"Message": "x\ny"}, {"Type": "UnsubscribeConfirmation"}])
def test_what_is_signed_is_every_field_in_its_order(receiver: Ses, changes: dict[str, str]) -> None:
    sns = the_sns()
    note = sns.subscription(TOPIC, NOW, **changes) if "Type" in changes else sns.note("{}", TOPIC, NOW, **changes)
    receiver.authenticate(posted(note), [TOPIC])
    without_subject = {name: value for name, value in sns.note("{}", TOPIC, NOW).items() if name != "Subject"}
    without_subject["Signature"] = sns.signature(without_subject, "2")
    receiver.authenticate(posted(without_subject), [TOPIC])


def test_a_certificate_is_fetched_once_and_never_for_a_topic_that_is_not_ours(receiver: Ses) -> None:
    sns, path = the_sns(), "/" + CERTIFICATE.rpartition("/")[2]
    before = sns.visits.count(path)
    stranger = f"arn:aws:sns:{REGION}:999999999999:mail"
    with pytest.raises(NotAuthentic, match="its topic is none of those in SES_TOPICS"):
        receiver.authenticate(posted(sns.note("{}", stranger, NOW)), [TOPIC])
    assert sns.visits.count(path) == before
    for _ in range(3):
        receiver.authenticate(posted(sns.note("{}", TOPIC, NOW)), [TOPIC])
    assert sns.visits.count(path) == before + 1


def test_while_a_certificate_cannot_be_fetched_nothing_is_decided_and_nobody_asks_again_at_once(receiver: Ses) -> None:
    sns = the_sns()
    note = sns.note("{}", TOPIC, NOW, SigningCertURL=f"https://sns.{REGION}.amazonaws.com/away.pem")
    for _ in range(3):
        with pytest.raises(NotNow):
            receiver.authenticate(posted(note), [TOPIC])
    assert sns.visits.count("/away.pem") == 1


def test_what_is_no_certificate_proves_nothing(receiver: Ses) -> None:
    sns = the_sns()
    sns.pages["/page.pem"] = b"<html>no certificate</html>"
    note = sns.note("{}", TOPIC, NOW, SigningCertURL=f"https://sns.{REGION}.amazonaws.com/page.pem")
    with pytest.raises(NotAuthentic, match="what it names as its certificate is none"):
        receiver.authenticate(posted(note), [TOPIC])


def test_a_certificate_of_somebody_elses_key_proves_nothing(receiver: Ses) -> None:
    note = the_sns().note("{}", TOPIC, NOW)
    with pytest.raises(NotAuthentic, match="its signature is not that of its text"):
        receiver.authenticate(posted({**note, "Signature": Sns().signature(note, "2")}), [TOPIC])


def test_a_subscription_to_our_topic_is_confirmed_at_sns_and_tells_nothing(receiver: Ses) -> None:
    received = posted(the_sns().subscription(TOPIC, NOW))
    receiver.authenticate(received, [TOPIC])
    assert receiver.told(received) == []
    token = orjson.loads(received.body)["Token"]
    asked = f"?Action=ConfirmSubscription&TopicArn={TOPIC.replace(':', '%3A')}&Token={token}"
    assert receiver.confirm(received) == f"{the_sns().url}/{asked}"
    assert Ses().confirm(received) == f"https://sns.{REGION}.amazonaws.com/{asked}"


def test_nothing_else_is_confirmed(receiver: Ses) -> None:
    assert receiver.confirm(posted(the_sns().note("{}", TOPIC, NOW))) is None
    assert receiver.confirm(posted(the_sns().subscription(TOPIC, NOW, Type="UnsubscribeConfirmation"))) is None


@pytest.mark.parametrize(
    "elsewhere",
    [
        "http://169.254.169.254/latest/meta-data/",
        f"http://sns.{REGION}.amazonaws.com/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=t",
        f"https://sns.{REGION}.amazonaws.com.example.org/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=t",
        f"https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=t",
        f"https://sns.{REGION}.amazonaws.com/?Action=DeleteTopic&TopicArn={TOPIC}&Token=t",
        f"https://sns.{REGION}.amazonaws.com/?Action=ConfirmSubscription&TopicArn={TOPIC}2&Token=t",
        f"https://sns.{REGION}.amazonaws.com/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=other",
        f"https://sns.{REGION}.amazonaws.com/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=t&X=y",
        "https://[",
    ],
)
def test_a_confirmation_leads_nowhere_but_to_sns(receiver: Ses, elsewhere: str) -> None:
    received = posted(the_sns().subscription(TOPIC, NOW, Token="t", SubscribeURL=elsewhere))
    receiver.authenticate(received, [TOPIC])
    for understand in (receiver.told, receiver.confirm):
        with pytest.raises(NotUnderstood, match="its SubscribeURL leads elsewhere"):
            understand(received)


def test_a_notification_and_an_event_of_the_same_thing_have_the_same_key(receiver: Ses) -> None:
    """SES tells it both ways where both are set up, under ids of its own each."""

    def bounce(way: str, at: str, *addresses: str) -> Received:
        to = [{"emailAddress": address} for address in addresses]
        said = event(way, "Bounce", timestamp=at, bounceType="Permanent", feedbackId=at, bouncedRecipients=to)
        return posted(the_sns().note(said, TOPIC, NOW))

    ana, cleo = receiver.told(bounce("notificationType", "2026-11-22T11:00:00Z", "ana@example.org", "cleo@example.org"))
    [again] = receiver.told(bounce("eventType", "2026-11-22T11:00:01Z", "Ana@example.org"))
    assert ana.key == again.key
    assert ana.key != cleo.key
    assert (ana.what, ana.bounce) == (What.BOUNCED, Bounce.HARD)
    assert "example" not in ana.key


def test_a_mail_that_waits_twice_is_told_of_twice(receiver: Ses) -> None:
    keys = {
        receiver.told(posted(the_sns().note(event("eventType", "Open", timestamp=at), TOPIC, NOW)))[0].key
        for at in ("2026-11-22T11:00:00.000Z", "2026-11-22T11:00:01.000Z", "2026-11-22T11:00:00.000Z")
    }
    assert len(keys) == 2


@pytest.mark.parametrize("said", ["Successfully validated SNS topic for Amazon SES event publishing.", "[]", "7", "{}"])
def test_what_is_not_about_a_mail_tells_nothing(receiver: Ses, said: str) -> None:
    assert receiver.told(posted(the_sns().note(said, TOPIC, NOW))) == []


def test_events_of_any_shape_inside_a_good_envelope_are_told_or_not_understood(receiver: Ses) -> None:
    """Each field of each event in turn is something else than documented."""
    envelope = the_sns().note("{}", TOPIC, NOW)
    for case in cases("ses"):
        for changed in variations(case.body):
            received = posted({**envelope, "Message": orjson.dumps(changed).decode()})
            try:
                told = receiver.told(received)
            except NotUnderstood:
                continue
            for each in told:
                orjson.dumps(shown(each))
                assert "\x00" not in each.words + each.code + each.recipient + each.provider_id + each.message_id


def settings(**more: str) -> Ses:
    return read_settings({**Account().given, **more}).account(Ses)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("SES_TOPICS", "mail", "must be a topic's ARN"),
        ("SES_TOPICS", f"{TOPIC},arn:aws:sqs:eu-west-1:123456789012:mail", "must be a topic's ARN"),
        ("SES_REGION", "eu-west-1.evil.example/", "must be a region like eu-west-1"),
        ("SNS_URL", "http://sns.example.org", "must be https"),
        ("SES_URL", "http://ses.example.org", "must be https"),
    ],
)
def test_settings_that_cannot_be_right_are_refused_by_name(name: str, value: str, says: str) -> None:
    with pytest.raises(SettingsError, match=f"{name}: .*{says}"):
        settings(**{name: value})


def test_the_region_decides_where_mail_goes() -> None:
    call = settings(AWS_SESSION_TOKEN="a-session").call([Mail(message())])
    assert call.url == f"https://email.{REGION}.amazonaws.com/v2/email/outbound-emails"
    assert call.headers["X-Amz-Security-Token"] == "a-session"
    assert f"/{REGION}/ses/aws4_request" in call.headers["Authorization"]


def test_the_rate_that_amazon_grants_is_kept() -> None:
    account = Account()
    with sending(Ses, account, SES_RATE="20") as provider:
        began = time.monotonic()
        outcomes = provider.send(messages(5), time.monotonic() + SOON)
    assert all(isinstance(outcome, Sent) for outcome in outcomes)
    assert time.monotonic() - began >= 4 / 20


def test_a_message_id_too_long_for_a_tag_is_left_out() -> None:
    account, mail = Account(), message()
    long = replace(mail, key="a" * 200 + "@glow.example")
    tags = orjson.loads(settings().call([Mail(long)]).body)["EmailTags"]
    assert tags == [{"Name": "everafter_delivery", "Value": "1"}]
    assert isinstance(sent_one(Ses, account, mail), Sent)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("AccountSuspendedException", "suspended"),
        ("SendingPausedException", "paused"),
        ("MailFromDomainNotVerifiedException", "domain"),
        ("MessageRejected", "Email address is not verified. The following identities failed the check: glow.example"),
    ],
)
def test_an_account_that_may_not_send_holds_all_mail(error: str, words: str) -> None:
    refusal = Reply(400, {"message": words}, {"x-amzn-ErrorType": f"{error}:http://internal.amazon.com/coral/"})
    outcome = sent_one(Ses, Account(), message(), refusal)
    assert isinstance(outcome, TryLater)
    assert outcome.in_all


def test_a_mail_with_a_virus_is_refused_alone() -> None:
    refusal = Reply(400, {"message": "Transaction failed: Virus found"}, {"x-amzn-ErrorType": "MessageRejected"})
    assert isinstance(sent_one(Ses, Account(), message(), refusal), Refused)


@pytest.mark.parametrize(
    ("words", "seconds"), [("Maximum sending rate exceeded.", 1.0), ("Daily message quota exceeded.", 3600.0)]
)
def test_the_rate_of_a_second_and_the_quota_of_a_day_ask_for_different_pauses(words: str, seconds: float) -> None:
    outcome = sent_one(Ses, Account(), message(), Reply(429, {"message": words}))
    assert isinstance(outcome, TryLater)
    assert (outcome.in_all, outcome.after) == (True, seconds)
