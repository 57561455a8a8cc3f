"""Amazon SES: the finished mail as it is, over its API v2; what became of it comes as notifications of SNS.

docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html, API_GetAccount.html; dg/header-fields.html.
"""

from __future__ import annotations

import pkgutil
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import orjson
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from pydantic import Field, ValidationInfo, field_validator

from service.domain.feedback import Feedback
from service.ports import NotUnderstood, Outcome, Received
from service.providers import sns
from service.providers.payload import text, within
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
    role: bool = Field(default=False, validation_alias="SES_ROLE")  # the keys are those of this machine's own role
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

    @field_validator("role")
    @classmethod
    def _either_or(cls, role: bool, info: ValidationInfo) -> bool:
        if role and (info.data.get("access_key") or info.data.get("secret_key")):
            raise ValueError("leave AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY out, whose mail it would be otherwise")
        return role

    @field_validator("sns_url")
    @classmethod
    def _https_there(cls, url: str) -> str:
        return https_elsewhere(url)

    @classmethod
    def fault_of(cls, secret: str) -> str:
        """A topic is known by its ARN."""
        return "" if sns.region_of(secret) else "must be a topic's ARN, like arn:aws:sns:eu-west-1:123456789012:mail"

    def missing(self) -> list[str]:
        """A role brings its own keys."""
        return [name for name in super().missing() if not (self.role and name.startswith("AWS_"))]

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
        return self._signed(Call(self._address("outbound-emails"), orjson.dumps(asked), {"Content-Type": JSON}))

    def trial(self) -> Call:
        """The account (`GetAccount`)."""
        return self._signed(Call(self._address("account"), method="GET"))

    def is_known(self, answer: Answer) -> bool:
        """Keys that may not look at the account are told so; wrong ones, that they are."""
        return super().is_known(answer) or _error(answer) == "AccessDeniedException"

    def remark(self, answer: Answer) -> str:
        """Whether it may send to anybody, and how fast."""
        told = answer.json() if answer.status == 200 else None
        if within(told, "SendingEnabled") is False:
            return "Amazon has stopped the account's sending: its console says why."
        if within(told, "ProductionAccessEnabled") is False:
            return "The account is in the sandbox, where mail goes to verified addresses only: ask Amazon for more."
        granted = within(told, "SendQuota", "MaxSendRate")
        if isinstance(granted, int | float) and granted != self.mails_per_second > 0:
            return f"Amazon grants {granted:g} mails a second now: set SES_RATE so."
        return ""

    def _address(self, what: str) -> str:
        return f"{self.url or f'https://email.{self.region}.amazonaws.com'}/v2/email/{what}"

    def _signed(self, call: Call) -> Call:
        """With Signature Version 4 in its header fields. Raises TryLater where there are no keys at the moment."""
        request = AWSRequest(call.method, call.url, dict(call.headers), call.body)
        SigV4Auth(self._keys(), "ses", self.region).add_auth(request)
        return replace(call, headers=dict(request.headers.items()))

    def _keys(self) -> Credentials:
        if not self.role:
            return Credentials(self.access_key, self.secret_key, self.session_token or None)
        found: Credentials = pkgutil.resolve_name("service.providers.aws_role:role_keys")()
        return found

    def outcomes(self, answer: Answer, mails: Sequence[Mail]) -> list[Outcome]:
        """It names the mail, and writes that name into it in place of our Message-ID ("Amazon SES header fields"): as
        NAME@email.amazonses.com in us-east-1, NAME@REGION.amazonses.com elsewhere."""
        taken = text(answer.json(), "MessageId")
        if not taken:
            raise NotUnderstood("it gave the mail no MessageId")
        return [sent(taken)]

    def is_about_us(self, answer: Answer) -> bool:
        """An account that may not send, or an address that isn't verified, is told of with 400."""
        return super().is_about_us(answer) or _error(answer) in _ABOUT_US or "is not verified" in answer.words

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


def _error(answer: Answer) -> str:
    """The name of what went wrong."""
    return answer.headers.get("x-amzn-errortype", "").partition(":")[0]
