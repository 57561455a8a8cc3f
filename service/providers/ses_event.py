"""What Amazon SES tells of a mail, by event publishing or by the feedback notifications of an identity.

docs.aws.amazon.com/ses/latest/dg: event-publishing-retrieving-sns-contents.html, notification-contents.html. The two
tell the same under different ids, in any order, and maybe of several recipients at once.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from binascii import Error as NotBase64
from collections.abc import Mapping
from typing import Any

from service.domain.feedback import Bounce, Feedback, What
from service.providers.payload import key_of, mapping, moment, text, verdict, within
from service.providers.service import DELIVERY, MESSAGE, ours

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


def feedback_of(event: Mapping[str, Any], noted_at: str) -> list[Feedback]:
    """What an event tells, a recipient each. `noted_at`: when SNS took it, in ISO 8601. Raises NotUnderstood."""
    mail = mapping(event, "mail")
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
