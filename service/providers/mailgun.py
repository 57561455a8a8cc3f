"""Mailgun: the finished mail as it is, over its Messages API; webhooks signed over a timestamp and a token.

documentation.mailgun.com: "Send an email in MIME format", "Securing webhooks", "Event structure".
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar, Literal
from urllib.parse import quote

from pydantic import Field
from urllib3 import encode_multipart_formdata

from service.domain.feedback import Bounce, Feedback, What, bounce_of
from service.ports import NotAuthentic, NotUnderstood, Outcome, Received
from service.providers.payload import mapping, moment, text
from service.providers.proof import is_among
from service.providers.service import (
    DELIVERY,
    MESSAGE,
    Answer,
    Call,
    Service,
    hidden,
    needed,
    ours,
    read_json,
    sent,
    setting,
)
from service.providers.taken_apart import Mail

HOSTS = {"us": "https://api.mailgun.net", "eu": "https://api.eu.mailgun.net"}
OLDEST = timedelta(hours=12)  # they are repeated over eight hours, maybe with their first signature
AHEAD = timedelta(minutes=15)  # by which clocks may differ
PROOF, PARENT = ("timestamp", "token", "signature"), "parent-signature"

_WHAT = {
    "delivered": What.DELIVERED,
    "opened": What.OPENED,
    "clicked": What.CLICKED,
    "unsubscribed": What.UNSUBSCRIBED,
    "complained": What.COMPLAINED,
    "rejected": What.REJECTED,
}


class Mailgun(Service):
    """A sending domain at Mailgun."""

    name: ClassVar[str] = "mailgun"
    most_bytes: ClassVar[int] = 25_000_000

    key: str = needed("MAILGUN_KEY")
    domain: str = needed("MAILGUN_DOMAIN")
    region: Literal["us", "eu"] = Field(default="us", validation_alias="MAILGUN_REGION")
    url: str = setting("MAILGUN_URL", "")
    webhook_secret: str = hidden("MAILGUN_WEBHOOK_SECRET")

    def call(self, mails: Sequence[Mail]) -> Call:
        """One mail, whole. Our links are counted by ourselves, so Mailgun rewrites none, and adds no picture."""
        (mail,) = mails
        fields: list[tuple[str, str | tuple[str, bytes, str]]] = [
            ("to", mail.recipient),
            ("o:tracking", "no"),
            (f"v:{DELIVERY}", str(mail.delivery_id)),
            (f"v:{MESSAGE}", mail.key),
            ("message", ("message.eml", mail.raw, "message/rfc822")),
        ]
        body, kind = encode_multipart_formdata(fields)
        return Call(self._address("messages.mime"), body, {"Content-Type": kind, **self._headers()})

    def trial(self) -> Call:
        """A mail from nobody to nobody, which it refuses: a sending key is good for nothing but its messages
        ("Authentication", Domain Sending Keys), so that its domains say nothing of one."""
        return Call(self._address("messages"), headers=self._headers())

    def is_known(self, answer: Answer) -> bool:
        """`from parameter is missing`."""
        return answer.status == 400 and not self.is_about_us(answer)

    def _address(self, what: str) -> str:
        return f"{self.url or HOSTS[self.region]}/v3/{quote(self.domain, safe='')}/{what}"

    def _headers(self) -> dict[str, str]:
        credentials = b64encode(f"api:{self.key}".encode()).decode()
        return {"Authorization": f"Basic {credentials}"}

    def outcomes(self, answer: Answer, mails: Sequence[Mail]) -> list[Outcome]:
        """It names a mail by its Message-ID."""
        taken = text(answer.json(), "id")
        if not taken:
            raise NotUnderstood("it gave the mail no id")
        return [sent(taken.strip("<>"))]

    def is_about_us(self, answer: Answer) -> bool:
        """A domain that isn't verified, or may only mail to its owner, is told of with 400."""
        words = answer.words.lower()
        return super().is_about_us(answer) or "not allowed to send" in words or "sandbox subdomain" in words

    def pause(self, answer: Answer) -> float | None:
        """`… try again after Mon, 23 Nov 2026 18:10:51 GMT`, by the clock of its own Date."""
        try:
            after = parsedate_to_datetime(answer.words.partition("try again after")[2].strip(' "}.'))
            return max(1.0, (after - parsedate_to_datetime(answer.headers["date"])).total_seconds())
        except (KeyError, TypeError, ValueError):
            return None

    def authenticate(self, received: Received, secrets: Sequence[str]) -> None:
        """HMAC-SHA256 over timestamp and token. The rest isn't signed, which is why the token is the event's key.

        What is told of a subaccount is signed with the key of its account as well ("Securing webhooks",
        `parent-signature`), and either one is enough.
        """
        signature = _signature(received)
        said_at = moment(signature["timestamp"])
        if said_at is None or not -AHEAD <= received.at - said_at <= OLDEST:
            raise NotAuthentic("it was signed too long ago, or ahead of our clock")
        signed = (signature["timestamp"] + signature["token"]).encode()
        proofs = [_hmac(secret, signed) for secret in secrets]
        shown = (signature[name].encode() for name in ("signature", PARENT) if name in signature)
        if not any([is_among(each, proofs) for each in shown]):  # noqa: C419 (both of them, always)
            raise NotAuthentic("its signature was made with none of the signing keys in the settings")

    def told(self, received: Received) -> list[Feedback]:
        """One event a request."""
        token = _signature(received)["token"]
        event = mapping(read_json(received.body), "event-data")
        delivery_id, message_id = ours(event.get("user-variables"))
        what, bounce = _what(event)
        return [
            Feedback(
                what,
                token,
                at=moment(event.get("timestamp")),
                delivery_id=delivery_id,
                message_id=message_id,
                provider_id=text(event, "message", "headers", "message-id").strip("<>"),
                recipient=text(event, "recipient"),
                bounce=bounce,
                code=_code(event),
                words=_words(event),
                is_machine=bool(text(event, "client-info", "bot")),
            )
        ]


def _signature(received: Received) -> dict[str, str]:
    """The parts of the proof, three or four. Raises NotAuthentic or NotUnderstood."""
    block = mapping(read_json(received.body), "signature")
    found = {name: text(block, name) for name in PROOF}
    if not all(found.values()):
        raise NotAuthentic("it isn't signed")
    parent = text(block, PARENT)
    return found | ({PARENT: parent} if parent else {})


def _hmac(secret: str, signed: bytes) -> bytes:
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest().encode()


def _what(event: Mapping[str, Any]) -> tuple[What, Bounce | None]:
    name, reason = text(event, "event"), text(event, "reason")
    if name != "failed":
        return _WHAT.get(name, What.OTHER), None
    if text(event, "severity") == "temporary":
        return What.DEFERRED, None
    if reason.startswith("suppress-"):
        return What.BOUNCED, Bounce.ECHO  # its list remembers a bounce, a complaint or an unsubscription
    # `old`: it tried for long enough; `espblock`: the mailbox provider blocks the sender.
    otherwise = {"old": Bounce.SOFT, "espblock": Bounce.BLOCKED}.get(reason, Bounce.HARD)
    return What.BOUNCED, bounce_of(_code(event), _words(event), otherwise)


def _code(event: Mapping[str, Any]) -> str:
    return text(event, "delivery-status", "enhanced-code") or text(event, "delivery-status", "code")


def _words(event: Mapping[str, Any]) -> str:
    return (
        text(event, "delivery-status", "message")
        or text(event, "delivery-status", "description")
        or text(event, "reject", "reason")
    )
