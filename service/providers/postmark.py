"""Postmark: many mails a request, each in the stream it belongs to; webhooks with a password in their address.

postmarkapp.com/developer: "Email API", "Batch emails", "Webhooks", "API error codes".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import orjson

from service.domain.feedback import Bounce, Feedback, What
from service.ports import NotUnderstood, Outcome, Received, Refused, TryLater
from service.providers.payload import events, key_of, moment, text, verdict
from service.providers.proof import basic_fault, basic_password
from service.providers.service import (
    DELIVERY,
    JSON,
    MESSAGE,
    Answer,
    Call,
    Service,
    hidden,
    needed,
    ours,
    sent,
    setting,
    to_mend,
)
from service.providers.taken_apart import Mail, written

METADATA = 80  # characters of a value
# Error codes about one mail: an invalid request, an inactive recipient, a file of a kind that is not allowed.
REFUSED = frozenset({"300", "402", "403", "406", "411"})
BUSY = frozenset({"100", "429"})  # maintenance, too many requests
TIMES = ("BouncedAt", "DeliveredAt", "ChangedAt", "ReceivedAt")

# What a bounce is by its type; all others are no bounce of ours.
_BOUNCED = {
    "HardBounce": Bounce.HARD,
    "BadEmailAddress": Bounce.HARD,
    "SoftBounce": Bounce.SOFT,
    "Unknown": Bounce.SOFT,
    "SpamNotification": Bounce.BLOCKED,
    "Blocked": Bounce.BLOCKED,
    "VirusNotification": Bounce.BLOCKED,
    "DMARCPolicy": Bounce.POLICY,
    "ManuallyDeactivated": Bounce.ECHO,
}
_WHAT = {
    "Transient": What.DEFERRED,
    "DnsError": What.DEFERRED,
    "SpamComplaint": What.COMPLAINED,
    "Unsubscribe": What.UNSUBSCRIBED,
    "SMTPApiError": What.REJECTED,
    "TemplateRenderingFailed": What.REJECTED,
}
_RECORDS = {"Delivery": What.DELIVERED, "Open": What.OPENED, "Click": What.CLICKED}


class Postmark(Service):
    """A server at Postmark."""

    name: ClassVar[str] = "postmark"
    batch: ClassVar[int] = 500
    most_bytes: ClassVar[int] = 40_000_000  # of 50 MB

    token: str = needed("POSTMARK_TOKEN")
    stream: str = setting("POSTMARK_STREAM", "broadcast")
    service_stream: str = setting("POSTMARK_SERVICE_STREAM", "outbound")
    url: str = setting("POSTMARK_URL", "https://api.postmarkapp.com")
    webhook_secret: str = hidden("POSTMARK_WEBHOOK_SECRET")

    @classmethod
    def fault_of(cls, secret: str) -> str:
        return basic_fault(secret)

    def call(self, mails: Sequence[Mail]) -> Call:
        """Any number of mails as a batch, one as well: it answers for each by itself."""
        body = orjson.dumps([self._message(mail) for mail in mails])
        return Call(f"{self.url}/email/batch", body, {"Content-Type": JSON, **self._headers()})

    def trial(self) -> Call:
        """The server that the token is of ("Server API": `GET /server`, 401 to any other token)."""
        return Call(f"{self.url}/server", headers=self._headers(), method="GET")

    def _headers(self) -> dict[str, str]:
        return {"Accept": JSON, "X-Postmark-Server-Token": self.token}

    def _message(self, mail: Mail) -> dict[str, Any]:
        """Our Message-ID is kept, links are left as they are, and no picture is added: we count by ourselves."""
        headers = {**mail.headers, "Message-ID": f"<{mail.key}>", "X-PM-KeepID": "true"}
        message = {
            "From": written(mail.sender),
            "To": mail.recipient,
            "Subject": mail.subject,
            "TextBody": mail.text,
            "HtmlBody": mail.html,
            "Headers": [{"Name": name, "Value": value} for name, value in headers.items()],
            "MessageStream": self.stream if mail.is_marketing else self.service_stream,
            "Metadata": {DELIVERY: str(mail.delivery_id), MESSAGE: mail.key},
            "TrackOpens": False,
            "TrackLinks": "None",
            "Attachments": mail.files("Name", "Content", "ContentType"),
        }
        if any(mail.reply_to):
            message["ReplyTo"] = written(mail.reply_to)
        if len(mail.key) > METADATA:  # a very long domain: its delivery is told, and Postmark's own id
            message["Metadata"] = {DELIVERY: str(mail.delivery_id)}
        return message

    def outcomes(self, answer: Answer, mails: Sequence[Mail]) -> list[Outcome]:
        told = answer.json()
        if not isinstance(told, list):
            raise NotUnderstood("it answered no list")
        return [self._outcome(each) for each in told]

    def _outcome(self, told: Any) -> Outcome:
        """`ErrorCode` is left out where a mail was accepted and will be late."""
        code, words = text(told, "ErrorCode") or "0", text(told, "Message")
        if code == "0":
            if not text(told, "MessageID"):
                raise NotUnderstood("it gave a mail no id")
            return sent(text(told, "MessageID"))
        if not code.isdigit():
            raise NotUnderstood("its error code is no number")
        if code in REFUSED:
            return Refused(f"postmark refused it: {words}", code)
        return TryLater(f"postmark: {words}", code, in_all=True) if code in BUSY else to_mend("postmark", words, code)

    def authenticate(self, received: Received, secrets: Sequence[str]) -> None:
        """Postmark signs nothing: a user and a password stand in the webhook's address."""
        basic_password(received, secrets)

    def told(self, received: Received) -> list[Feedback]:
        """One event a request."""
        return [_feedback(event) for event in events(received.body)]


def _feedback(event: Mapping[str, Any]) -> Feedback:
    record, kind = text(event, "RecordType"), text(event, "Type") or text(event, "SuppressionReason")
    if not record or record == "Inbound":
        raise NotUnderstood("it is no event of a mail that was sent; inbound mail goes to /webhooks/inbound")
    recipient = text(event, "Email") or text(event, "Recipient")
    when = next(filter(None, (text(event, name) for name in TIMES)), "")
    provider_id, number = text(event, "MessageID"), text(event, "ID")
    delivery_id, message_id = ours(event.get("Metadata"))
    what, bounce = _what(event, record, kind)
    own = (number,) if number.strip("0") else (provider_id, recipient, when, text(event, "OriginalLink"))
    return Feedback(
        what,
        key_of(record, kind, *own),
        at=moment(when),
        delivery_id=delivery_id,
        message_id=message_id,
        provider_id=provider_id,
        recipient=recipient,
        bounce=bounce,
        words=_words(event),
    )


def _what(event: Mapping[str, Any], record: str, kind: str) -> tuple[What, Bounce | None]:
    if record in {"Bounce", "SpamComplaint"}:
        bounce = _BOUNCED.get(kind)
        if bounce is not None:
            return What.BOUNCED, verdict(bounce, _words(event)) if bounce is not Bounce.ECHO else bounce
        return What.COMPLAINED if record == "SpamComplaint" else _WHAT.get(kind, What.OTHER), None
    if record != "SubscriptionChange":
        return _RECORDS.get(record, What.OTHER), None
    if not event.get("SuppressSending"):
        return What.RESUBSCRIBED, None
    # A bounce or complaint was told of by itself; here is only what followed from it.
    echoes = {"HardBounce": (What.BOUNCED, Bounce.ECHO), "SpamComplaint": (What.OTHER, None)}
    return echoes.get(kind, (What.UNSUBSCRIBED, None))


def _words(event: Mapping[str, Any]) -> str:
    return text(event, "Details") or text(event, "Description")
