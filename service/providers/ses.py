"""Amazon SES: the finished mail as it is, over its API v2; what became of it comes as notifications of SNS.

docs.aws.amazon.com/ses/latest: APIReference-V2 SendEmail; dg/notification-contents.html (feedback notifications) and
dg/event-publishing-retrieving-sns-contents.html (event publishing). The two tell the same under different ids.
"""

from __future__ import annotations

import re
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import orjson
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from pydantic import field_validator

from service.domain.feedback import Bounce, Feedback, What
from service.ports import NotUnderstood, Outcome, Received
from service.providers import sns
from service.providers.payload import key_of, mapping, moment, text, verdict, within
from service.providers.service import (
    DELIVERY,
    JSON,
    MESSAGE,
    Answer,
    Call,
    Service,
    hidden,
    https_elsewhere,
    needed,
    ours,
    sent,
    setting,
)
from service.providers.taken_apart import Mail

TAG = 256  # characters of a value; with a very long domain SES's own id alone names the mail

# Errors of 400 that are about the account and no mail.
_ABOUT_US = frozenset(
    {
        "AccountSuspendedException",
        "SendingPausedException",
        "MailFromDomainNotVerifiedException",
        "LimitExceededException",
    }
)
_WHAT = {
    "Delivery": What.DELIVERED,
    "DeliveryDelay": What.DEFERRED,
    "Bounce": What.BOUNCED,
    "Complaint": What.COMPLAINED,
    "Reject": What.REJECTED,
    "Rendering Failure": What.REJECTED,
    "Open": What.OPENED,
    "Click": What.CLICKED,
    "Subscription": What.UNSUBSCRIBED,
}
_PARTS = {"DeliveryDelay": "deliveryDelay", "Rendering Failure": "failure"}  # others as the event, in small letters
_REPEATED = frozenset({"DeliveryDelay", "Open", "Click", "Subscription"})  # may happen to a mail again and again
_LISTED = frozenset({"Suppressed", "OnAccountSuppressionList"})  # SES did not try, because of what it once heard
_NO_COMPLAINT = frozenset({"not-spam", "auth-failure"})  # feedback types of RFC 6430 and RFC 6591
_THIS_MAIL = frozenset({"ContentRejected", "AttachmentRejected", "MessageTooLarge"})


class Ses(Service):
    """An account of Amazon SES in one region."""

    name: ClassVar[str] = "ses"
    most_bytes: ClassVar[int] = 40_000_000
    certificates: ClassVar[sns.Certificates] = sns.Certificates()

    region: str = needed("SES_REGION")
    access_key: str = needed("AWS_ACCESS_KEY_ID")
    secret_key: str = needed("AWS_SECRET_ACCESS_KEY")
    session_token: str = hidden("AWS_SESSION_TOKEN")
    configuration_set: str = setting("SES_CONFIGURATION_SET", "")
    url: str = setting("SES_URL", "")
    sns_url: str = setting("SNS_URL", "")  # where certificates are and subscriptions confirmed, if not at the topic's
    webhook_secret: str = setting("SES_TOPICS", "")  # no secret: SNS signs, and these are the topics that are ours

    @field_validator("region")
    @classmethod
    def _as_amazon_names_it(cls, region: str) -> str:
        if region and not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-[0-9]", region):
            raise ValueError("must be a region like eu-west-1")
        return region

    @field_validator("sns_url")
    @classmethod
    def _https_there(cls, url: str) -> str:
        return https_elsewhere(url)

    @classmethod
    def fault_of(cls, secret: str) -> str:
        """A topic is known by its ARN."""
        return "" if sns.region_of(secret) else "must be a topic's ARN, like arn:aws:sns:eu-west-1:123456789012:mail"

    def call(self, mails: Sequence[Mail]) -> Call:
        """One mail, whole, with its metadata as tags of the mail."""
        (mail,) = mails
        # A tag's value is letters, digits, - and _, which is what base64 for URLs is made of.
        coded = urlsafe_b64encode(mail.key.encode()).decode().rstrip("=")
        tags = {DELIVERY: str(mail.delivery_id)} | ({MESSAGE: coded} if len(coded) <= TAG else {})
        asked: dict[str, Any] = {
            "Destination": {"ToAddresses": [mail.recipient]},
            "Content": {"Raw": {"Data": b64encode(mail.raw).decode()}},
            "EmailTags": [{"Name": name, "Value": value} for name, value in tags.items()],
        }
        if self.configuration_set:
            asked["ConfigurationSetName"] = self.configuration_set
        url = f"{self.url or f'https://email.{self.region}.amazonaws.com'}/v2/email/outbound-emails"
        return self._signed(Call(url, orjson.dumps(asked), {"Content-Type": JSON}))

    def _signed(self, call: Call) -> Call:
        """With Signature Version 4 in its header fields."""
        credentials = Credentials(self.access_key, self.secret_key, self.session_token or None)
        request = AWSRequest("POST", call.url, dict(call.headers), call.body)
        SigV4Auth(credentials, "ses", self.region).add_auth(request)
        return Call(call.url, call.body, dict(request.headers.items()))

    def outcomes(self, answer: Answer, mails: Sequence[Mail]) -> list[Outcome]:
        """It names the mail, and writes that name into it in place of our Message-ID."""
        taken = text(answer.json(), "MessageId")
        if not taken:
            raise NotUnderstood("it gave the mail no MessageId")
        return [sent(taken)]

    def is_about_us(self, answer: Answer) -> bool:
        """An account that may not send, or an address that isn't verified, is told of with 400."""
        error = answer.headers.get("x-amzn-errortype", "").partition(":")[0]
        return super().is_about_us(answer) or error in _ABOUT_US or "is not verified" in answer.words

    def pause(self, answer: Answer) -> float | None:
        """429 is the rate of a second, or the quota of 24 hours, which frees itself little by little."""
        words = answer.words.lower()
        return 3600.0 if "quota" in words else 1.0 if "sending rate" in words else None

    def authenticate(self, received: Received, secrets: Sequence[str]) -> None:
        """Signed by SNS, for one of the topics in `secrets`. May fetch a certificate: NotNow where it can't."""
        sns.verify(received, secrets, self.certificates, self.sns_url)

    def confirm(self, received: Received) -> str | None:
        """The address to GET where SNS asks whether we want the topic, looked over; None where it doesn't ask.

        Raises NotUnderstood.
        """
        return sns.confirmation(sns.envelope(received), self.sns_url)

    def told(self, received: Received) -> list[Feedback]:
        """What a notification tells, a recipient each; nothing of the subscription itself."""
        note = sns.envelope(received)
        if note["Type"] != "Notification":
            sns.confirmation(note)  # understood, or not
            return []
        try:
            event = orjson.loads(note["Message"])
        except orjson.JSONDecodeError:
            return []  # "Successfully validated SNS topic for Amazon SES event publishing."
        if not isinstance(event, Mapping) or "mail" not in event:
            return []  # neither does "AmazonSnsSubscriptionSucceeded" tell of a mail
        return _told(event, mapping(event, "mail"), note["Timestamp"])


def _told(event: Mapping[str, Any], mail: Mapping[str, Any], noted_at: str) -> list[Feedback]:
    kind = text(event, "eventType") or text(event, "notificationType")
    part = within(event, _PARTS.get(kind, kind.lower()))
    provider_id, said_at = text(mail, "messageId"), text(part, "timestamp")
    delivery_id, message_id = _ours(mail)
    what, bounce_type = _what(kind, part), text(part, "bounceType")
    found = []
    for who in _recipients(part, mail):
        # What happens once to a mail is known by the mail, whichever of the two ways tells it, and however often.
        again = said_at if kind in _REPEATED else bounce_type
        bounce = _bounce(kind, part, who)
        found.append(
            Feedback(
                What.BOUNCED if bounce is not None else what,
                key_of(provider_id, kind, again, text(who, "emailAddress").lower(), text(part, "link")),
                at=moment(said_at or noted_at),
                delivery_id=delivery_id,
                message_id=message_id,
                provider_id=provider_id,
                recipient=text(who, "emailAddress"),
                bounce=bounce,
                code=text(who, "status"),
                words=_words(part, who),
            )
        )
    return found


def _ours(mail: Mapping[str, Any]) -> tuple[int | None, str]:
    """Our metadata out of the tags, which only event publishing tells."""
    tags = within(mail, "tags")
    coded = text(tags, MESSAGE)
    try:
        message_id = urlsafe_b64decode(coded + "=" * (-len(coded) % 4)).decode()
    except (NotBase64, ValueError):
        message_id = ""
    return ours({DELIVERY: text(tags, DELIVERY), MESSAGE: message_id})


def _recipients(part: object, mail: Mapping[str, Any]) -> list[Any]:
    """Whom it is about, each with `emailAddress`; whoever the mail was for, where it isn't said."""
    for name in ("bouncedRecipients", "complainedRecipients", "delayedRecipients", "recipients"):
        listed = part.get(name) if isinstance(part, Mapping) else None
        if isinstance(listed, list) and listed:
            return [each if isinstance(each, Mapping) else {"emailAddress": each} for each in listed]
    destination = mail.get("destination")
    return [{"emailAddress": each} for each in destination] if isinstance(destination, list) and destination else [{}]


def _what(kind: str, part: object) -> What:
    if kind == "Complaint" and text(part, "complaintFeedbackType") in _NO_COMPLAINT:
        return What.OTHER
    if kind == "Subscription" and not _leaves(part):
        return What.RESUBSCRIBED
    return _WHAT.get(kind, What.OTHER)


def _leaves(part: object) -> bool:
    preferences = within(part, "newTopicPreferences")
    topics = preferences.get("topicSubscriptionStatus") if isinstance(preferences, Mapping) else None
    listed = topics if isinstance(topics, list) else []
    return within(preferences, "unsubscribeAll") is True or any(
        text(topic, "subscriptionStatus") == "OptOut" for topic in listed
    )


def _bounce(kind: str, part: object, who: object) -> Bounce | None:
    if kind == "Complaint":
        return Bounce.ECHO if text(part, "complaintSubType") in _LISTED else None
    if kind != "Bounce":
        return None
    detail = text(part, "bounceSubType")
    if detail in _LISTED:
        return Bounce.ECHO
    bounce = Bounce.BLOCKED if detail in _THIS_MAIL else Bounce.SOFT
    if text(part, "bounceType") == "Permanent":
        bounce = Bounce.HARD
    return verdict(bounce, text(who, "status"), text(who, "diagnosticCode"))


def _words(part: object, who: object) -> str:
    return (
        text(who, "diagnosticCode")
        or text(part, "smtpResponse")
        or text(part, "reason")
        or text(part, "errorMessage")
        or text(part, "delayType")
        or text(part, "complaintFeedbackType")
        or " ".join(filter(None, (text(part, "bounceType"), text(part, "bounceSubType"))))
    )
