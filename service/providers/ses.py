"""Amazon SES: the finished mail as it is, over its API v2; what became of it comes as notifications of SNS.

docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html.
"""

from __future__ import annotations

import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import orjson
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from pydantic import Field, field_validator

from service.domain.feedback import Feedback
from service.ports import NotUnderstood, Outcome, Received
from service.providers import sns
from service.providers.payload import text
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
    sent,
    setting,
)
from service.providers.ses_event import feedback_of
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
    mails_per_second: float = Field(default=0.0, ge=0, le=100_000, validation_alias="SES_RATE")
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

    def rate(self) -> float:
        """What Amazon grants the account, which it tells nowhere but in its console."""
        return self.mails_per_second

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
        return feedback_of(event, note["Timestamp"])
