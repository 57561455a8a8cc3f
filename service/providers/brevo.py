"""Brevo: its transactional API puts mails together from their pieces; webhooks with a password or a token.

developers.brevo.com: "Send a transactional email", "Batch send customised transactional emails", "Transactional
webhooks", "Batched webhooks", "Secure webhook calls", "API limits".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from email.header import Header
from typing import Any, ClassVar
from uuid import NAMESPACE_URL, uuid5

import orjson

from service.domain.feedback import Bounce, Feedback, What, bounce_of
from service.ports import NotAuthentic, NotUnderstood, Outcome, Received, Refused
from service.providers.payload import events, key_of, moment, text, verdict
from service.providers.proof import basic_password, is_among
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
    read_json,
    sent,
    setting,
)
from service.providers.taken_apart import Mail

_WHAT = {
    "delivered": What.DELIVERED,
    "deferred": What.DEFERRED,
    "hard_bounce": What.BOUNCED,
    "soft_bounce": What.BOUNCED,
    "invalid_email": What.BOUNCED,
    "blocked": What.BOUNCED,
    "error": What.REJECTED,
    "spam": What.COMPLAINED,
    "complaint": What.COMPLAINED,
    "unsubscribe": What.UNSUBSCRIBED,
    "unsubscribed": What.UNSUBSCRIBED,
    "opened": What.OPENED,
    "unique_opened": What.OPENED,
    "proxy_open": What.OPENED,
    "unique_proxy_open": What.OPENED,
    "click": What.CLICKED,
}
_TEMPLATE = re.compile(r"\{(?=[{%#])")  # begins what Brevo's template language would fill in, or leave out
_SPECIAL = re.compile(r'[()<>@,:;.\\"\[\]]')  # RFC 5322 §3.2.3


class Brevo(Service):
    """An account of Brevo.

    Its idempotency key goes along, so that a mail sent again by hand within half an hour is not sent twice. Nothing is
    repeated for its sake: reports of whether it holds differ (github.com/getbrevo/brevo-node/issues/94).
    """

    name: ClassVar[str] = "brevo"
    batch: ClassVar[int] = 50
    most_bytes: ClassVar[int] = 10_000_000

    key: str = needed("BREVO_KEY")
    url: str = setting("BREVO_URL", "https://api.brevo.com")
    webhook_secret: str = hidden("BREVO_WEBHOOK_SECRET")

    def call(self, mails: Sequence[Mail]) -> Call:
        """Mails of one sender and without attachments go together, as versions of one; any other goes alone."""
        first = mails[0]
        asked: dict[str, Any] = {"sender": _mailbox(first.sender)}
        if len(mails) == 1:
            asked |= _version(first)
            asked["headers"]["idempotencyKey"] = _idempotency_key(mails)
            if first.attachments:
                asked["attachment"] = first.files("name", "content")
        else:
            if any(mail.attachments or mail.sender != first.sender for mail in mails):
                raise Refused("brevo takes only mails of one sender, and without attachments, together", "batch")
            asked |= {name: value for name, value in _version(first).items() if name.endswith(("Content", "subject"))}
            asked["headers"] = {"idempotencyKey": _idempotency_key(mails)}
            asked["messageVersions"] = [_version(mail) for mail in mails]
        return Call(f"{self.url}/v3/smtp/email", orjson.dumps(asked), {"Content-Type": JSON, **self._headers()})

    def trial(self) -> Call:
        """The account ("Get account details")."""
        return Call(f"{self.url}/v3/account", headers=self._headers(), method="GET")

    def is_known(self, answer: Answer) -> bool:
        """A restricted key is told which thing it may not (help.brevo.com: "About API key permissions")."""
        return super().is_known(answer) or "does not include the required permission" in answer.words

    def _headers(self) -> dict[str, str]:
        return {"Accept": JSON, "api-key": self.key}

    def outcomes(self, answer: Answer, mails: Sequence[Mail]) -> list[Outcome]:
        """Its own names for the mails, in their order: it writes them into the mails in place of our Message-IDs, so an
        answer or a report that returns one is known by it."""
        told = answer.json()
        listed = told.get("messageIds") if isinstance(told, Mapping) else None
        ids = listed if isinstance(listed, list) else [text(told, "messageId")]
        if not all(isinstance(each, str) and each for each in ids):
            raise NotUnderstood("it gave a mail no messageId")
        return [sent(each.strip("<>")) for each in ids]

    def refusal(self, answer: Answer) -> Outcome:
        """A mail whose key it knows it has taken before."""
        return sent("") if _code(answer) == "duplicate_parameter" else super().refusal(answer)

    def is_about_us(self, answer: Answer) -> bool:
        """An account without credits, or a sender that isn't verified, may be told of with 400."""
        settings = {"unauthorized", "permission_denied", "not_enough_credits", "account_under_validation"}
        about = super().is_about_us(answer) or _code(answer) in settings
        return about or bool(re.search(r"\bsender\b", answer.words, re.IGNORECASE))

    def pause(self, answer: Answer) -> float | None:
        """The seconds until its counter begins anew."""
        left = answer.headers.get("x-sib-ratelimit-reset", "")
        return float(left) if re.fullmatch(r"[0-9]{1,5}", left) else None

    def authenticate(self, received: Received, secrets: Sequence[str]) -> None:
        """Brevo signs nothing: `user:password` in the webhook's address, or a token that it is set up with."""
        kind, _, token = received.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer":
            basic_password(received, secrets)
            return
        if not is_among(token.strip().encode(), [secret.encode() for secret in secrets]):
            raise NotAuthentic("its token is not one of those in the settings")

    def told(self, received: Received) -> list[Feedback]:
        """One event a request, or many. Brevo's events of other things than mails have no name, and tell nothing."""
        told = [_told(event) for event in events(received.body) if text(event, "event")]
        if not told:
            raise NotUnderstood("no event of a mail is in it")
        return told


def _version(mail: Mail) -> dict[str, Any]:
    """All of a mail but its sender and attachments."""
    version: dict[str, Any] = {"to": [{"email": mail.recipient}], "subject": _inert(mail.subject)}
    version |= {name: _inert(said) for name, said in (("htmlContent", mail.html), ("textContent", mail.text)) if said}
    if any(mail.reply_to):
        version["replyTo"] = _mailbox(mail.reply_to)
    metadata = {DELIVERY: str(mail.delivery_id), MESSAGE: mail.key}
    version["headers"] = {**_headers(mail), "X-Mailin-custom": orjson.dumps(metadata).decode()}
    return version


def _headers(mail: Mail) -> dict[str, str]:
    """Brevo decodes what is encoded and sends it as bare UTF-8, which breaks a mail's head: such words are left out.

    Only the phrase of List-Id may have any, which is for people (RFC 2919 §3). Raises Refused for another.
    """
    found = {}
    for name, value in mail.headers.items():
        found[name] = value
        if "=?" in value or not value.isascii():
            if name != "List-Id":
                raise Refused(f"brevo can't carry a field {name} in other letters than ASCII", "header")
            found[name] = f"<{value.rpartition('<')[2]}"
    return found


def _mailbox(mailbox: tuple[str, str]) -> dict[str, str]:
    """Brevo drops a name that has both letters beyond ASCII and signs with a meaning in it, unless it is encoded."""
    name, address = mailbox
    if not name.isascii() and _SPECIAL.search(name):
        name = Header(name, "utf-8", maxlinelen=998).encode()
    return {"name": name, "email": address} if name else {"email": address}


def _inert(said: str) -> str:
    """With a space in what would begin a piece of its template language, wherever in the mail it stands."""
    return _TEMPLATE.sub("{ ", said)


def _idempotency_key(mails: Sequence[Mail]) -> str:
    return str(uuid5(NAMESPACE_URL, "\n".join(mail.key for mail in mails)))


def _code(answer: Answer) -> str:
    try:
        return text(read_json(answer.body), "code")
    except NotUnderstood:
        return ""


def _told(event: Mapping[str, Any]) -> Feedback:
    kind, words, said_at = text(event, "event"), text(event, "reason"), text(event, "ts_epoch")
    recipient, provider_id = text(event, "email"), text(event, "message-id").strip("<>")
    delivery_id, message_id = _ours(text(event, "X-Mailin-custom"))
    what, bounce = _what(kind, words)
    return Feedback(
        what,
        key_of(provider_id, kind, recipient.lower(), said_at, text(event, "ts_event"), text(event, "link")),
        at=moment(said_at),  # its other times are of the account's time zone
        delivery_id=delivery_id,
        message_id=message_id,
        provider_id=provider_id,
        recipient=recipient,
        bounce=bounce,
        words=words,
        is_machine="proxy" in kind,
    )


def _ours(custom: str) -> tuple[int | None, str]:
    try:
        return ours(orjson.loads(custom))
    except orjson.JSONDecodeError:
        return None, ""


def _what(kind: str, reason: str) -> tuple[What, Bounce | None]:
    """By the reason rather than by the name: `deferred` has been seen with "550 5.1.1 User unknown"."""
    what = _WHAT.get(kind, What.OTHER)
    by_reason = bounce_of(reason, reason)
    if what is What.DEFERRED and by_reason is Bounce.HARD:
        return What.BOUNCED, Bounce.HARD
    if what is not What.BOUNCED:
        return what, None
    if kind == "blocked":
        return what, Bounce.ECHO  # its list remembers a bounce, a complaint or an unsubscription
    if kind == "soft_bounce":
        return what, by_reason
    return what, verdict(Bounce.HARD, reason)
