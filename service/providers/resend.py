"""Resend: a hundred mails a request, each request once by its key; webhooks signed as Standard Webhooks are, by Svix.

resend.com/docs: "Send batch emails", "Idempotency keys", "Errors", "Webhooks"; github.com/standard-webhooks, the spec.
The Message-ID that it gives a mail comes with each event: resend.com/changelog/message-id-for-sent-emails.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, b64encode, urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping, Sequence
from datetime import timedelta
from email.utils import parseaddr
from typing import Any, ClassVar

import orjson

from service.domain.feedback import Bounce, Feedback, What, bounce_of
from service.ports import NotAuthentic, NotUnderstood, Outcome, Received, Refused, Sent
from service.providers.payload import events, key_of, mapping, moment, text, verdict
from service.providers.proof import is_among
from service.providers.service import (
    DELIVERY,
    JSON,
    MESSAGE,
    Answer,
    Call,
    Service,
    hidden,
    needed,
    number,
    ours,
    sent,
    setting,
)
from service.providers.taken_apart import Mail, written

TOLERANCE = timedelta(minutes=5)
TAG = 256  # characters of a tag's value: letters, digits, hyphens and underscores
QUOTA = 3_600.0  # seconds until it is tried again whether a day's or a month's quota is still used up

_WHAT = {
    "email.delivered": What.DELIVERED,
    "email.delivery_delayed": What.DEFERRED,
    "email.complained": What.COMPLAINED,
    "email.opened": What.OPENED,
    "email.clicked": What.CLICKED,
    "email.failed": What.REJECTED,
}
_UNWANTED = frozenset({"contentrejected", "attachmentrejected", "messagetoolarge"})
_SUPPRESSED = frozenset({"suppressed", "onaccountsuppressionlist"})


class Resend(Service):
    """A team at Resend."""

    name: ClassVar[str] = "resend"
    batch: ClassVar[int] = 100
    most_bytes: ClassVar[int] = 30_000_000
    at_once: ClassVar[int] = 2
    per_second: ClassVar[float] = 2.0  # for the team; more on request, and then 429 never comes
    honours_keys: ClassVar[bool] = True  # for 24 hours
    shortfall: ClassVar[str] = "Mails carry a Message-ID of Resend's."
    reads: ClassVar[frozenset[str]] = frozenset({"svix-id"})

    key: str = needed("RESEND_KEY")
    url: str = setting("RESEND_URL", "https://api.resend.com")
    webhook_secret: str = hidden("RESEND_WEBHOOK_SECRET")

    @classmethod
    def fault_of(cls, secret: str) -> str:
        is_one = secret.startswith("whsec_") and _key(secret)
        return "" if is_one else "must be the signing secret, which begins with whsec_"

    def call(self, mails: Sequence[Mail]) -> Call:
        """A batch, of which those that can't be taken leave the others alone; a mail with files goes by itself."""
        headers = {"Content-Type": JSON, **self._headers(), "Idempotency-Key": _once(mails)}
        if len(mails) == 1:
            return Call(f"{self.url}/emails", orjson.dumps(_message(mails[0])), headers)
        if any(mail.attachments for mail in mails):
            raise Refused("resend takes no files in a batch", "attachments")
        headers["x-batch-validation"] = "permissive"
        return Call(f"{self.url}/emails/batch", orjson.dumps([_message(mail) for mail in mails]), headers)

    def trial(self) -> Call:
        """The team's domains."""
        return Call(f"{self.url}/domains", headers=self._headers(), method="GET")

    def is_known(self, answer: Answer) -> bool:
        """A key that may do nothing but send is told so, by 401 ("Errors")."""
        return super().is_known(answer) or "restricted_api_key" in answer.words

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    def outcomes(self, answer: Answer, mails: Sequence[Mail]) -> list[Outcome]:
        """The ids of those that it took, in order, and of the others their place and what is wrong."""
        told = answer.json()
        if len(mails) == 1 and text(told, "id"):
            return [sent(text(told, "id"))]
        errors = {number(each.get("index")): text(each, "message") for each in _listed(told, "errors")}
        ids = iter([text(each, "id") for each in _listed(told, "data")])
        found: list[Outcome] = [
            Refused(f"resend refused it: {errors[place]}", "422") if place in errors else sent(next(ids, ""))
            for place in range(len(mails))
        ]
        if Sent("") in found or next(ids, None) is not None:
            raise NotUnderstood("it told of more or fewer mails than it got")
        return found

    def pause(self, answer: Answer) -> float | None:
        """A quota that is used up is no matter of seconds."""
        return QUOTA if "_quota_exceeded" in answer.words else None

    def authenticate(self, received: Received, secrets: Sequence[str]) -> None:
        """HMAC-SHA256 of id, timestamp and body; of several signatures, during a rotation, any one counts."""
        name, stamp = received.headers.get("svix-id", ""), received.headers.get("svix-timestamp", "")
        signed_at = moment(stamp)
        if not name or signed_at is None or abs(received.at - signed_at) > TOLERANCE:
            raise NotAuthentic("it isn't signed, or not within the last five minutes")
        signed = b".".join((name.encode(), stamp.encode(), received.body))
        given = [each.encode() for each in received.headers.get("svix-signature", "").split(" ")][:20]
        proofs = [b"v1," + b64encode(hmac.new(_key(secret), signed, hashlib.sha256).digest()) for secret in secrets]
        if not any(is_among(each, proofs) for each in given):
            raise NotAuthentic("its signature was made with none of the secrets in the settings")

    def told(self, received: Received) -> list[Feedback]:
        """One event a request; its id stands in the head."""
        return [_feedback(event, received.headers.get("svix-id", "")) for event in events(received.body)]


def _message(mail: Mail) -> dict[str, Any]:
    """Whether links are rewritten is a matter of the domain there, not of a mail."""
    message = {
        "from": _from(mail.sender),
        "to": [mail.recipient],
        "subject": mail.subject,
        "text": mail.text,
        "html": mail.html,
        "headers": mail.headers,
        "tags": _tags(mail),
    }
    if any(mail.reply_to):
        message["reply_to"] = written(mail.reply_to)
    if mail.attachments:
        message["attachments"] = mail.files("filename", "content", "content_type")
    return message


def _from(mailbox: tuple[str, str]) -> str:
    """Its parser wants names bare, in any script, and quotes only where there is no other way (seen by Anymail)."""
    name, address = mailbox
    is_bare = all(letter.isalnum() or letter in " -_'.&!" or not letter.isascii() for letter in name)
    return f"{name} <{address}>" if name and is_bare else written(mailbox)


def _tags(mail: Mail) -> list[dict[str, str]]:
    """What comes back with events; a Message-ID has letters that a tag may not have."""
    said = urlsafe_b64encode(mail.key.encode()).decode().rstrip("=")
    tags = {DELIVERY: str(mail.delivery_id), MESSAGE: said}
    return [{"name": name, "value": value} for name, value in tags.items() if len(value) <= TAG]


def _once(mails: Sequence[Mail]) -> str:
    """The same mails, the same key."""
    return hashlib.sha256("\n".join(mail.key for mail in mails).encode()).hexdigest()


def _key(secret: str) -> bytes:
    """The bytes of a secret; none where it has none."""
    try:
        return b64decode(secret.removeprefix("whsec_"), validate=True)
    except (NotBase64, ValueError):
        return b""


def _listed(told: object, name: str) -> list[Mapping[str, Any]]:
    found = told.get(name, []) if isinstance(told, Mapping) else None
    if not isinstance(found, list) or not all(isinstance(each, Mapping) for each in found):
        raise NotUnderstood(f"`{name}` is no list of objects")
    return found


def _feedback(event: Mapping[str, Any], name: str) -> Feedback:
    kind = text(event, "type")
    if not kind:
        raise NotUnderstood("an event has no `type`")
    data = mapping(event, "data")
    provider_id, recipient = text(data, "email_id"), parseaddr(text(data, "to"))[1]
    delivery_id, message_id = ours(_given(data))
    what, bounce = _what(data, kind)
    return Feedback(
        what,
        name[:200] or key_of(kind, provider_id, text(event, "created_at"), text(data, "click", "link")),
        at=moment(event.get("created_at")),
        delivery_id=delivery_id,
        message_id=message_id,
        provider_id=provider_id,
        recipient=recipient,
        bounce=bounce,
        words=_words(data),
        known_as=text(data, "message_id").strip("<>"),
    )


def _given(data: Mapping[str, Any]) -> dict[str, str]:
    """Our tags, as an object or as a list of names and values."""
    tags = data.get("tags")
    listed = tags.items() if isinstance(tags, Mapping) else _named(tags)
    found = {str(name): text(value, "value") if isinstance(value, Mapping) else text(value) for name, value in listed}
    try:
        said = urlsafe_b64decode(found.get(MESSAGE, "") + "===").decode()
    except (NotBase64, ValueError):
        said = ""
    return {DELIVERY: found.get(DELIVERY, ""), MESSAGE: said}


def _named(tags: object) -> list[tuple[str, Any]]:
    return [(text(each, "name"), each) for each in tags] if isinstance(tags, list) else []


def _what(data: Mapping[str, Any], kind: str) -> tuple[What, Bounce | None]:
    if kind == "email.suppressed":
        return What.BOUNCED, Bounce.ECHO
    if kind != "email.bounced":
        return _WHAT.get(kind, What.OTHER), None
    sort, under, words = text(data, "bounce", "type"), text(data, "bounce", "subType").lower(), _words(data)
    if under in _SUPPRESSED or "suppressed sending" in words:
        return What.BOUNCED, Bounce.ECHO
    if under in _UNWANTED:
        return What.BOUNCED, Bounce.BLOCKED
    if sort == "Permanent" or (not sort and "hard bounce" in words):
        return What.BOUNCED, verdict(Bounce.HARD, words)
    return What.BOUNCED, bounce_of("", words)


def _words(data: Mapping[str, Any]) -> str:
    said = (
        text(data, "bounce", "diagnosticCode"),
        text(data, "bounce", "message"),
        text(data, "failed", "reason"),
        text(data, "suppressed", "message"),
    )
    return next(filter(None, said), "")
