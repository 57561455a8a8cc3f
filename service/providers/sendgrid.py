"""Twilio SendGrid: one mail a request; webhooks signed with a key of theirs, many events at once.

twilio.com/docs/sendgrid: "Mail Send", "Event Webhook Reference", "Event Webhook security features".
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Mapping, Sequence
from datetime import timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any, ClassVar, Literal

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pydantic import Field

from service.domain.feedback import Bounce, Feedback, What, bounce_of
from service.ports import NotAuthentic, NotUnderstood, Outcome, Received
from service.providers.payload import events, key_of, moment, text, verdict
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
)
from service.providers.taken_apart import Mail

HOSTS = {"global": "https://api.sendgrid.com", "eu": "https://api.eu.sendgrid.com"}
SIGNATURE = "x-twilio-email-event-webhook-signature"
TIMESTAMP = "x-twilio-email-event-webhook-timestamp"
OLDEST = timedelta(hours=48)  # they are repeated over 24 hours, maybe with their first signature
LONGEST = 3_600.0  # seconds of a pause: it counts by the minute, or by the hour
AHEAD = timedelta(minutes=15)  # by which clocks may differ

_WHAT = {
    "delivered": What.DELIVERED,
    "deferred": What.DEFERRED,
    "open": What.OPENED,
    "click": What.CLICKED,
    "spamreport": What.COMPLAINED,
    "unsubscribe": What.UNSUBSCRIBED,
    "group_unsubscribe": What.UNSUBSCRIBED,
    "group_resubscribe": What.RESUBSCRIBED,
}
_CLASSES = {  # `bounce_classification`
    "invalid address": Bounce.HARD,
    "technical": Bounce.SOFT,
    "mailbox unavailable": Bounce.SOFT,
    "content": Bounce.BLOCKED,
    "reputation": Bounce.BLOCKED,
    "frequency or volume too high": Bounce.BLOCKED,
}
_TYPES = {"bounce": Bounce.HARD, "blocked": Bounce.BLOCKED, "expired": Bounce.SOFT}
_ECHOES = frozenset({"bounced address", "unsubscribed address", "spam reporting address"})  # why it dropped a mail


class SendGrid(Service):
    """An account, or a subuser's, at SendGrid."""

    name: ClassVar[str] = "sendgrid"
    most_bytes: ClassVar[int] = 30_000_000

    key: str = needed("SENDGRID_KEY")
    region: Literal["global", "eu"] = Field(default="global", validation_alias="SENDGRID_REGION")
    url: str = setting("SENDGRID_URL", "")
    webhook_secret: str = hidden("SENDGRID_WEBHOOK_SECRET")

    @classmethod
    def fault_of(cls, secret: str) -> str:
        return "" if _public_key(secret) else "must be the verification key that SendGrid shows, in base64"

    def call(self, mails: Sequence[Mail]) -> Call:
        """One mail: all recipients of a request would share one body."""
        (mail,) = mails
        body = orjson.dumps(_message(mail))
        return Call(self._address("mail/send"), body, {"Content-Type": JSON, **self._headers()})

    def trial(self) -> Call:
        """What the key may do ("Retrieve a list of scopes for which this user has access")."""
        return Call(self._address("scopes"), headers=self._headers(), method="GET")

    def is_known(self, answer: Answer) -> bool:
        """It may send. Whether it may do more is nobody's business."""
        found = answer.json() if answer.status == 200 else None
        scopes = found.get("scopes") if isinstance(found, Mapping) else None
        return isinstance(scopes, list) and "mail.send" in scopes

    def _address(self, what: str) -> str:
        return f"{self.url or HOSTS[self.region]}/v3/{what}"

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    def outcomes(self, answer: Answer, mails: Sequence[Mail]) -> list[Outcome]:
        """202 says it all; its name for the mail is in the head."""
        return [sent(answer.headers.get("x-message-id", ""))]

    def pause(self, answer: Answer) -> float | None:
        """It says in Unix time when it counts anew, by the clock of its own Date."""
        resets = moment(answer.headers.get("x-ratelimit-reset"))
        if resets is None:
            return None
        try:
            wait = (resets - parsedate_to_datetime(answer.headers["date"])).total_seconds()
        except (KeyError, TypeError, ValueError):
            return None
        return min(max(1.0, wait), LONGEST)

    def authenticate(self, received: Received, secrets: Sequence[str]) -> None:
        """ECDSA over P-256 with SHA-256, of the timestamp and the bytes as they came, a last line end included."""
        stamp = received.headers.get(TIMESTAMP, "")
        signed_at = moment(stamp)
        if signed_at is None or not -AHEAD <= received.at - signed_at <= OLDEST:
            raise NotAuthentic("it isn't signed, or was too long ago, or ahead of our clock")
        try:
            signature = b64decode(received.headers.get(SIGNATURE, ""), validate=True)
        except (NotBase64, ValueError):
            raise NotAuthentic("its signature is no base64") from None
        if not any(_verifies(secret, signature, stamp.encode() + received.body) for secret in secrets):
            raise NotAuthentic("its signature was made with none of the keys in the settings")

    def told(self, received: Received) -> list[Feedback]:
        """Any number of events a request."""
        return [_feedback(event) for event in events(received.body)]


def _message(mail: Mail) -> dict[str, Any]:
    """The Message-ID is ours, and we count by ourselves: links stay as they are, no picture and no footer is added."""
    off = {"enable": False}
    bodies = (("text/plain", mail.text), ("text/html", mail.html))
    message = {
        "personalizations": [{"to": [{"email": mail.recipient}]}],
        "from": _mailbox(mail.sender),
        "subject": mail.subject,
        "content": [{"type": kind, "value": value} for kind, value in bodies if value],
        "headers": {**mail.headers, "Message-ID": f"<{mail.key}>"},
        "custom_args": {DELIVERY: str(mail.delivery_id), MESSAGE: mail.key},
        "tracking_settings": {"click_tracking": off, "open_tracking": off, "subscription_tracking": off},
    }
    if any(mail.reply_to):
        message["reply_to"] = _mailbox(mail.reply_to)
    if mail.attachments:
        files = mail.files("filename", "content", "type")
        message["attachments"] = [each | {"type": each["type"].partition(";")[0]} for each in files]
    return message


def _mailbox(mailbox: tuple[str, str]) -> dict[str, str]:
    name, address = mailbox
    return {"email": address, "name": name} if name else {"email": address}


@lru_cache(maxsize=16)
def _public_key(written: str) -> EllipticCurvePublicKey | None:
    """The key of a setting; None where it is none."""
    try:
        found = load_der_public_key(b64decode(written, validate=True))
    except (ValueError, NotBase64):
        return None
    return found if isinstance(found, EllipticCurvePublicKey) and found.curve.name == "secp256r1" else None


def _verifies(secret: str, signature: bytes, signed: bytes) -> bool:
    key = _public_key(secret)
    if key is None:
        return False
    try:
        key.verify(signature, signed, ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def _feedback(event: Mapping[str, Any]) -> Feedback:
    """Our metadata stands among its own fields, and its name for the mail is the part before the first dot."""
    name = text(event, "event")
    if not name:
        raise NotUnderstood("an event has no `event`")
    delivery_id, message_id = ours(event)
    provider_id, recipient = text(event, "sg_message_id").partition(".")[0], text(event, "email")
    said = (name, provider_id, recipient, text(event, "timestamp"), text(event, "url"))
    what, bounce = _what(event, name)
    return Feedback(
        what,
        text(event, "sg_event_id")[:200] or key_of(*said),
        at=moment(event.get("timestamp")),
        delivery_id=delivery_id,
        message_id=message_id or text(event, "smtp-id").strip("<>"),
        provider_id=provider_id,
        recipient=recipient,
        bounce=bounce,
        code=text(event, "status"),
        words=_words(event),
        is_machine=event.get("sg_machine_open") is True,
    )


def _what(event: Mapping[str, Any], name: str) -> tuple[What, Bounce | None]:
    reason = text(event, "reason").lower()
    if name == "dropped":  # it did not even try: mostly for what it once heard
        return (What.BOUNCED, Bounce.ECHO) if reason in _ECHOES else (What.REJECTED, None)
    if name != "bounce":
        return _WHAT.get(name, What.OTHER), None
    status = text(event, "status")
    of_class = _CLASSES.get(text(event, "bounce_classification").lower())
    if of_class is not None:
        return What.BOUNCED, verdict(of_class, status, reason)
    of_type = _TYPES.get(text(event, "type"), Bounce.SOFT)
    if of_type is Bounce.HARD:
        return What.BOUNCED, bounce_of(status, reason, Bounce.HARD)
    return What.BOUNCED, verdict(of_type, status, reason)


def _words(event: Mapping[str, Any]) -> str:
    return text(event, "reason") or text(event, "response")
