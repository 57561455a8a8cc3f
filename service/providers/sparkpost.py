"""SparkPost: the finished mail as it is, over its Transmissions API; webhooks in batches, with a password.

developers.sparkpost.com/api: "Transmissions"; support.sparkpost.com/docs: webhook event reference, and bounce
classification codes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import orjson
from pydantic import Field

from service.domain.feedback import Bounce, Feedback, What
from service.ports import NotUnderstood, Outcome, Received, Refused
from service.providers.payload import events, key_of, mapping, moment, text, verdict, within
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
)
from service.providers.taken_apart import Mail

HOSTS = {"us": "https://api.sparkpost.com", "eu": "https://api.eu.sparkpost.com"}

_WHAT = {
    "delivery": What.DELIVERED,
    "delay": What.DEFERRED,
    "bounce": What.BOUNCED,
    "out_of_band": What.BOUNCED,
    "spam_complaint": What.COMPLAINED,
    "policy_rejection": What.REJECTED,
    "generation_failure": What.REJECTED,
    "generation_rejection": What.REJECTED,
    "open": What.OPENED,
    "initial_open": What.OPENED,
    "amp_open": What.OPENED,
    "amp_initial_open": What.OPENED,
    "click": What.CLICKED,
    "amp_click": What.CLICKED,
    "list_unsubscribe": What.UNSUBSCRIBED,
    "link_unsubscribe": What.UNSUBSCRIBED,
}
_HARD = frozenset({"10", "30", "90"})  # invalid recipient, no recipient, an unsubscription by mail
_BLOCKED = frozenset({"25", "50", "51", "52", "53", "54"})  # SparkPost's own policies; the receiver's
_NO_BOUNCE = frozenset({"60", "80", "100"})  # auto-reply, subscription, challenge


class SparkPost(Service):
    """An account of SparkPost."""

    name: ClassVar[str] = "sparkpost"
    most_bytes: ClassVar[int] = 20_000_000
    slows_down: ClassVar[frozenset[int]] = frozenset({420, 429})  # over a limit of the account; over the API's

    key: str = needed("SPARKPOST_KEY")
    region: Literal["us", "eu"] = Field(default="us", validation_alias="SPARKPOST_REGION")
    url: str = setting("SPARKPOST_URL", "")
    webhook_secret: str = hidden("SPARKPOST_WEBHOOK_SECRET")

    @classmethod
    def fault_of(cls, secret: str) -> str:
        return basic_fault(secret)

    def call(self, mails: Sequence[Mail]) -> Call:
        """One mail, whole: nothing is filled into it, no link rewritten, and no picture added."""
        (mail,) = mails
        try:
            raw = mail.raw.decode()
        except UnicodeDecodeError:
            raise Refused("sparkpost takes mails as UTF-8 only, and this one has other bytes", "encoding") from None
        asked = {
            "options": {
                "transactional": not mail.is_marketing,
                "open_tracking": False,
                "click_tracking": False,
                "perform_substitutions": False,
            },
            "recipients": [
                {
                    "address": {"email": mail.recipient},
                    "metadata": {DELIVERY: str(mail.delivery_id), MESSAGE: mail.key},
                }
            ],
            "content": {"email_rfc822": raw},
        }
        headers = {"Content-Type": JSON, "Authorization": self.key}
        return Call(self._address("transmissions"), orjson.dumps(asked), headers)

    def trial(self) -> Call:
        """The account ("Account API")."""
        return Call(self._address("account"), headers={"Authorization": self.key}, method="GET")

    def is_known(self, answer: Answer) -> bool:
        """A key that may not look at the account is answered 403, one that nobody knows 401."""
        return super().is_known(answer) or answer.status == 403

    def _address(self, what: str) -> str:
        return f"{self.url or HOSTS[self.region]}/api/v1/{what}"

    def outcomes(self, answer: Answer, mails: Sequence[Mail]) -> list[Outcome]:
        """It counts whom it took."""
        results = mapping(answer.json(), "results")
        counted = (within(results, "total_accepted_recipients"), within(results, "total_rejected_recipients"))
        if counted == (0, 1):
            return [Refused("sparkpost refused the recipient", "rejected")]
        if counted != (1, 0):
            raise NotUnderstood("it counted other recipients than one")
        return [sent(text(results, "id"))]

    def is_about_us(self, answer: Answer) -> bool:
        """A sending domain that isn't set up is told of with 400."""
        return super().is_about_us(answer) or "sending domain" in answer.words.lower()

    def pause(self, answer: Answer) -> float | None:
        """420 is a limit of the hour, the day or the month; a new day is looked for each hour."""
        if answer.status == 429 or "retry-after" in answer.headers:
            return None
        return 900.0 if "hour" in answer.words.lower() else 3600.0

    def authenticate(self, received: Received, secrets: Sequence[str]) -> None:
        """SparkPost signs nothing; it sends the user and password that its webhook is set up with."""
        basic_password(received, secrets)

    def told(self, received: Received) -> list[Feedback]:
        """Many events a request, each in an envelope that says its class; an empty one is a ping."""
        found = []
        for envelope in events(received.body):
            for event in mapping(envelope, "msys").values():
                if not isinstance(event, Mapping) or not text(event, "type"):
                    raise NotUnderstood("an event without its type")
                found.append(_told(event))
        return found


def _told(event: Mapping[str, Any]) -> Feedback:
    kind, said_at = text(event, "type"), text(event, "timestamp")
    recipient = text(event, "raw_rcpt_to") or text(event, "rcpt_to")
    provider_id = text(event, "transmission_id")
    delivery_id, message_id = ours(event.get("rcpt_meta"))
    words = text(event, "raw_reason") or text(event, "reason")
    what, bounce = _what(kind, text(event, "bounce_class"), text(event, "error_code"), words)
    return Feedback(
        what,
        text(event, "event_id") or key_of(provider_id, kind, recipient.lower(), said_at),
        at=moment(said_at),
        delivery_id=delivery_id,
        message_id=message_id,
        provider_id=provider_id,
        recipient=recipient,
        bounce=bounce,
        code=text(event, "error_code"),
        words=words,
        is_machine=event.get("is_prefetched") is True or text(event, "is_prefetched") == "true",
    )


def _what(kind: str, bounce_class: str, code: str, words: str) -> tuple[What, Bounce | None]:
    what = _WHAT.get(kind, What.OTHER)
    if what in {What.REJECTED, What.BOUNCED} and "suppressed" in words.lower():
        return What.BOUNCED, Bounce.ECHO  # its list remembers a bounce, a complaint or an unsubscription
    if what is not What.BOUNCED:
        return what, None
    if bounce_class in _NO_BOUNCE:
        return What.OTHER, None
    if bounce_class in _HARD:
        return what, Bounce.HARD
    return what, verdict(Bounce.BLOCKED if bounce_class in _BLOCKED else Bounce.SOFT, code, words)
