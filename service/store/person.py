"""All that is stored about one person, for the person themselves (GDPR, article 15), and nothing about anybody else.

Left out are mails and names of colleagues and of friends, keys of the machinery, and the answers of the API that are
kept for a day, whose content stands here anyway.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, literal, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from service.domain.sequence.names import PERSONAL
from service.store.contact import Consent, Contact, Suppression
from service.store.decision import Decision
from service.store.delivery import Delivery
from service.store.enrolment import Enrolment
from service.store.event import Event, Hit
from service.store.feedback import ToldFeedback
from service.store.leaving import Leaving
from service.store.merged import MergedContact
from service.store.publication import Link
from service.store.referral import Referral
from service.store.reward import Reward
from service.store.task import Task
from service.store.webhook_call import WebhookCall

MOST_HITS = 10_000  # opens and clicks that are listed, the newest; anybody who has a link can make more of them
OTHERS = frozenset({"friend", "from"})  # in what is told about referrals: the names of other people
HERSELF = (
    "email",
    *PERSONAL,
    "stage",
    "client_since",
    "dealt_at",
    "source",
    "tags",
    "fields",
    "referral_code",
    "pressure",
    "pressure_at",
    "less_often",
    "paused_until",
    "unengaged_mails",
    "unengaged_since",
    "engaged_at",
    "sunset_at",
    "hides_opens",
    "created_at",
    "updated_at",
)

Stored = dict[str, Any]


def read_person(session: Session, contact: Contact) -> Stored:
    """What is stored, by what it is: `person`, then lists, each in the order in which it came about.

    Values are texts, numbers, aware datetimes, and mappings or lists of these; `as_json` writes them.
    """
    mine = contact.id
    return {
        "person": {name: getattr(contact, name) for name in HERSELF},
        "consents": _read_consents(session, mine),
        "leavings": _read_leavings(session, mine),
        "suppressions": read_suppressions(session, contact.address_hash),
        "sequences": _read_enrolments(session, mine),
        "mails": _read_mails(session, mine),
        "decisions": _read_decisions(session, mine),
        "told_of_mails": _read_told(session, mine),
        "opens_and_clicks": _read_hits(session, mine),
        "events": _read_events(session, mine),
        "tasks": _read_tasks(session, mine),
        "referrals": _read_referrals(session, mine),
        "rewards": _read_rewards(session, mine),
        "passed_on": _read_calls(session, mine),
        "earlier_numbers": _read_numbers(session, mine),
    }


def as_json(stored: Mapping[str, Any]) -> str:
    """The same as a JSON document, times in UTC."""
    return json.dumps(stored, ensure_ascii=False, indent=2, default=_plain) + "\n"


def read_suppressions(session: Session, address_hash: bytes) -> list[Stored]:
    """What stands on the suppression list for an address; it is there for people who were forgotten, too."""
    columns = (Suppression.topic, Suppression.reason, Suppression.source, Suppression.at, Suppression.expires_at)
    return _rows(session, _of(Suppression.address_hash == address_hash, *columns).order_by(Suppression.id))


def _read_consents(session: Session, mine: int) -> list[Stored]:
    columns = (
        Consent.topic,
        Consent.act,
        Consent.basis,
        Consent.channel,
        Consent.at,
        Consent.expires_at,
        Consent.recorded_at,
        Consent.source,
        Consent.form,
        Consent.address.label("network_address"),
        Consent.user_agent,
        Consent.page,
        Consent.wording,
        Consent.version,
    )
    return _rows(session, _of(Consent.contact_id == mine, *columns).order_by(Consent.id))


def _read_leavings(session: Session, mine: int) -> list[Stored]:
    """What is kept for the hour in which a leaving can be taken back."""
    columns = (Leaving.topic, Leaving.at, Leaving.agreed, Leaving.undone_at)
    return _rows(session, _of(Leaving.contact_id == mine, *columns).order_by(Leaving.consent_id))


def _read_numbers(session: Session, mine: int) -> list[Stored]:
    """The numbers and codes of contacts that were made one with this one."""
    columns = (MergedContact.id.label("number"), MergedContact.referral_code, MergedContact.at)
    return _rows(session, _of(MergedContact.contact_id == mine, *columns).order_by(MergedContact.id))


def _read_enrolments(session: Session, mine: int) -> list[Stored]:
    columns = (
        Enrolment.sequence,
        Enrolment.state,
        Enrolment.why,
        Enrolment.began_by,
        Enrolment.about,
        Enrolment.entered_at,
        Enrolment.ended_at,
        Enrolment.converted_at,
        Enrolment.date_at,
        Enrolment.arm,
        Enrolment.data,
    )
    return _rows(session, _of(Enrolment.contact_id == mine, *columns).order_by(Enrolment.id))


def _read_mails(session: Session, mine: int) -> list[Stored]:
    columns = (
        Delivery.id,
        Enrolment.sequence,
        Delivery.step,
        Delivery.state,
        Delivery.reason,
        Delivery.due_at,
        Delivery.sent_at,
        Delivery.message_id,
        Delivery.provider,
    )
    touches = _of(Delivery.contact_id == mine, *columns).join(Enrolment, Enrolment.id == Delivery.enrolment_id)
    return _rows(session, touches.where(Delivery.staff_to.is_(None)).order_by(Delivery.id))


def _read_decisions(session: Session, mine: int) -> list[Stored]:
    columns = (
        Decision.at,
        Decision.delivery_id.label("mail"),
        Decision.verdict,
        Decision.rule,
        Decision.sentence,
        Decision.until,
        Decision.inputs,
    )
    return _rows(session, _of(Decision.contact_id == mine, *columns).order_by(Decision.id))


def _read_told(session: Session, mine: int) -> list[Stored]:
    """What their mail provider, or ours, told of our mails to them; not of those to a colleague."""
    columns = (
        ToldFeedback.at,
        ToldFeedback.delivery_id.label("mail"),
        ToldFeedback.provider,
        ToldFeedback.what,
        ToldFeedback.bounce,
        ToldFeedback.code,
        ToldFeedback.words,
    )
    told = _of(ToldFeedback.contact_id == mine, *columns).outerjoin(Delivery, Delivery.id == ToldFeedback.delivery_id)
    return _rows(session, told.where(Delivery.staff_to.is_(None)).order_by(ToldFeedback.at, ToldFeedback.id))


def _read_hits(session: Session, mine: int) -> list[Stored]:
    columns = (Hit.at, Hit.delivery_id.label("mail"), Hit.kind, Link.url, Hit.verdict, Hit.user_agent)
    hits = _of(Delivery.contact_id == mine, *columns).join(Delivery, Delivery.id == Hit.delivery_id)
    own = hits.where(Delivery.staff_to.is_(None))
    newest = own.outerjoin(Link, Link.id == Hit.link_id).order_by(Hit.at.desc(), Hit.nonce.desc()).limit(MOST_HITS)
    return _rows(session, newest)[::-1]


def _read_events(session: Session, mine: int) -> list[Stored]:
    columns = (
        Event.name,
        Event.at,
        Event.received_at,
        Event.key,
        Event.about,
        Event.value,
        Event.currency,
        Event.data,
        Event.replaced,
    )
    return _rows(session, _of(Event.contact_id == mine, *columns).order_by(Event.at, Event.id))


def _read_tasks(session: Session, mine: int) -> list[Stored]:
    columns = (Task.what, Task.state, Task.outcome, Task.note, Task.asked, Task.opened_at, Task.due_at, Task.closed_at)
    tasks = _of(Task.contact_id == mine, Enrolment.sequence, *columns)
    return _rows(session, tasks.join(Enrolment, Enrolment.id == Task.enrolment_id).order_by(Task.id))


def _read_referrals(session: Session, mine: int) -> list[Stored]:
    """Each with what the person was in it: who brought somebody, or who came. Of the other one, nothing."""
    times = (Referral.joined_at, Referral.qualified_at, Referral.rewarded_at)
    came = _of(Referral.friend_id == mine, literal("came by a friend").label("you"), *times[:2])
    brought = _of(Referral.referrer_id == mine, literal("brought a friend").label("you"), *times)
    return _rows(session, came) + _rows(session, brought.order_by(Referral.id))


def _read_rewards(session: Session, mine: int) -> list[Stored]:
    columns = (Reward.side, Reward.state, Reward.since, Reward.reason, Reward.kind, Reward.what, Reward.code)
    times = (Reward.granted_at, Reward.redeemed_at, Reward.expires_at)
    return _rows(session, _of(Reward.contact_id == mine, *columns, *times).order_by(Reward.id))


def _read_calls(session: Session, mine: int) -> list[Stored]:
    columns = (WebhookCall.name, WebhookCall.created_at, WebhookCall.state, WebhookCall.body)
    return _rows(session, _of(WebhookCall.contact_id == mine, *columns).order_by(WebhookCall.id))


def _of(mine: ColumnElement[bool], *columns: InstrumentedAttribute[Any] | ColumnElement[Any]) -> Select[Any]:
    return select(*columns).where(mine)


def _rows(session: Session, query: Select[Any]) -> list[Stored]:
    rows: Sequence[Row[Any]] = session.execute(query).all()
    return [_without_others(dict(row._mapping)) for row in rows]


def _without_others(value: Any, of_a_friend: bool = False) -> Any:
    """The value without the names of friends, which stand in what is told about referrals."""
    if isinstance(value, Mapping):
        of_a_friend = of_a_friend or str(value.get("name", "")).startswith("referral.")
        return {
            key: _without_others(each, of_a_friend or key == "referral")
            for key, each in value.items()
            if not (of_a_friend and key in OTHERS)
        }
    if isinstance(value, list):
        return [_without_others(each, of_a_friend) for each in value]
    return value


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    raise TypeError(f"{type(value).__name__} has no place in a person's data")
