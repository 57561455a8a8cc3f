"""Mailjet: fifty mails a request, told of one by one even where it refuses; webhooks with a password in their address.

dev.mailjet.com: "Send API v3.1", "Webhooks: event tracking". It writes no List-Id into a mail: the field is its own.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import orjson

from service.domain.feedback import WORDS, Bounce, Feedback, What
from service.ports import NotUnderstood, Outcome, Received, Refused, TryLater, Uncertain
from service.providers.payload import events, key_of, moment, text, verdict, within
from service.providers.proof import basic_fault, basic_password
from service.providers.service import (
    DELIVERY,
    JSON,
    MESSAGE,
    SETTINGS,
    Answer,
    Call,
    Service,
    hidden,
    needed,
    ours,
    read_json,
    sent,
    setting,
    to_mend,
)
from service.providers.taken_apart import Mail

ITS_OWN = frozenset({"list-id", "user-agent", "x-mailer"})  # fields that it refuses from others, of those we write

_WHAT = {
    "sent": What.DELIVERED,  # the recipient's mail server took it
    "open": What.OPENED,
    "click": What.CLICKED,
    "spam": What.COMPLAINED,
    "unsub": What.UNSUBSCRIBED,
}
_ERRORS = {
    "blacklisted": Bounce.ECHO,
    "spam reporter": Bounce.ECHO,
    "preblocked": Bounce.ECHO,
    "sender blocked": Bounce.BLOCKED,
    "content blocked": Bounce.BLOCKED,
    "policy issue": Bounce.POLICY,
}


class Mailjet(Service):
    """An account, or a subaccount, at Mailjet."""

    name: ClassVar[str] = "mailjet"
    batch: ClassVar[int] = 50
    most_bytes: ClassVar[int] = 14_000_000  # of 15 MB
    shortfall: ClassVar[str] = "Mails carry no List-Id, and a Message-ID of Mailjet's: both fields are its own."

    key: str = needed("MAILJET_KEY")
    secret: str = needed("MAILJET_SECRET")
    url: str = setting("MAILJET_URL", "https://api.mailjet.com")
    webhook_secret: str = hidden("MAILJET_WEBHOOK_SECRET")

    @classmethod
    def fault_of(cls, secret: str) -> str:
        return basic_fault(secret)

    def call(self, mails: Sequence[Mail]) -> Call:
        body = orjson.dumps({"Messages": [_message(mail) for mail in mails]})
        return Call(f"{self.url}/v3.1/send", body, {"Content-Type": JSON, **self._headers()})

    def trial(self) -> Call:
        """One of the senders that are set up ("Sender addresses and domains")."""
        return Call(f"{self.url}/v3/REST/sender?Limit=1", headers=self._headers(), method="GET")

    def _headers(self) -> dict[str, str]:
        credentials = b64encode(f"{self.key}:{self.secret}".encode()).decode()
        return {"Authorization": f"Basic {credentials}"}

    def pause(self, answer: Answer) -> float | None:
        """It counts calls by the minute, and says no more."""
        return None if "retry-after" in answer.headers else 60.0

    def tells_each(self, answer: Answer) -> bool:
        """Some of a request's mails leave although it is answered with 4xx, unless the answer speaks of all at once."""
        if answer.status in {401, 429}:
            return False
        try:
            told = answer.json()
        except NotUnderstood:
            return True  # it may have been about each
        return "Messages" in told if isinstance(told, dict) else True

    def outcomes(self, answer: Answer, mails: Sequence[Mail]) -> list[Outcome]:
        told = answer.json()
        each = told.get("Messages") if isinstance(told, dict) else None
        if not isinstance(each, list):
            raise NotUnderstood("it tells of no mail")
        return [_outcome(one) for one in each]

    def authenticate(self, received: Received, secrets: Sequence[str]) -> None:
        """Mailjet signs nothing: a user and a password stand in the webhook's address."""
        basic_password(received, secrets)

    def told(self, received: Received) -> list[Feedback]:
        """A list of events, or one of them alone where grouping is off."""
        return [_feedback(event) for event in events(received.body)]


def _message(mail: Mail) -> dict[str, Any]:
    """We count by ourselves: links stay as they are, and no picture is added."""
    message = {
        "From": _mailbox(mail.sender),
        "To": [{"Email": mail.recipient}],
        "Subject": mail.subject,
        "TextPart": mail.text,
        "HTMLPart": mail.html,
        "Headers": {name: value for name, value in mail.headers.items() if name.lower() not in ITS_OWN},
        "CustomID": mail.key,
        "EventPayload": orjson.dumps({DELIVERY: str(mail.delivery_id), MESSAGE: mail.key}).decode(),
        "TrackOpens": "disabled",
        "TrackClicks": "disabled",
    }
    if any(mail.reply_to):
        message["ReplyTo"] = _mailbox(mail.reply_to)
    if mail.attachments:
        message["Attachments"] = mail.files("Filename", "Base64Content", "ContentType")
    return message


def _mailbox(mailbox: tuple[str, str]) -> dict[str, str]:
    name, address = mailbox
    return {"Email": address, "Name": name} if name else {"Email": address}


def _outcome(told: object) -> Outcome:
    if text(told, "Status") == "success":
        return sent(text(told, "To", "MessageID"))
    error = within(told, "Errors")
    status, words = text(error, "StatusCode"), text(error, "ErrorMessage")
    if status == "429":
        return TryLater(f"mailjet asks for a pause: {words}", status, in_all=True)
    if status.isdigit() and int(status) in SETTINGS:
        return to_mend("mailjet", words, text(error, "ErrorCode"))
    if status.startswith("4"):
        return Refused(f"mailjet refused it: {words}", text(error, "ErrorCode"))
    return Uncertain(f"mailjet may have taken it: {words}", text(error, "ErrorCode"))


def _feedback(event: Mapping[str, Any]) -> Feedback:
    name = text(event, "event")
    if not name:
        raise NotUnderstood("an event has no `event`")
    delivery_id, message_id = ours(_payload(event))
    provider_id, recipient = text(event, "MessageID"), text(event, "email")
    what, bounce = _what(event, name)
    return Feedback(
        what,
        key_of(name, provider_id, recipient, text(event, "time"), text(event, "url"), text(event, "error")),
        at=moment(event.get("time")),
        delivery_id=delivery_id,
        message_id=message_id,
        provider_id=provider_id,
        recipient=recipient,
        bounce=bounce,
        words=_words(event),
    )


def _payload(event: Mapping[str, Any]) -> object:
    """What we gave along; nothing where it was somebody else."""
    try:
        return read_json(text(event, "Payload").encode())
    except NotUnderstood:
        return None


def _what(event: Mapping[str, Any], name: str) -> tuple[What, Bounce | None]:
    if name not in {"bounce", "blocked"}:
        return _WHAT.get(name, What.OTHER), None
    error, is_hard = text(event, "error"), event.get("hard_bounce") is True
    if error == "greylisted" and not is_hard:
        return What.DEFERRED, None
    known = _ERRORS.get(error)
    if known is Bounce.ECHO:
        return What.BOUNCED, known
    if name == "blocked" and known is None and not is_hard:
        return What.REJECTED, None  # Mailjet held it back: a domain that looks misspelt, a second mail of a campaign
    return What.BOUNCED, verdict(known or (Bounce.HARD if is_hard else Bounce.SOFT), _words(event))


def _words(event: Mapping[str, Any]) -> str:
    said = (text(event, "error"), text(event, "comment") or text(event, "smtp_reply"))
    return ": ".join(filter(None, said))[:WORDS]
