"""Who holds a link from a mail, as far as the link's own pages need to know."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.domain.consent import Standing, why_not
from service.domain.sequence.model.business import Business, Topic
from service.ports import Published
from service.store.contact import Contact
from service.store.delivery import Delivery
from service.store.enrolment import Enrolment
from service.store.history import read_standings
from service.store.journey import journey_now
from service.web.public.token import read_token

NOBODY = Standing((), frozenset(), is_client=False)


@dataclass(frozen=True, slots=True)
class Recipient:
    """The holder of a link. `address` is shortened for showing, and empty where the person was forgotten.

    `delivery_id` is the mail that the link stood in, 0 where it is not known; `topic` is that of it, where it can be
    left on its own.
    """

    contact_id: int
    address: str = ""
    topic: str | None = None
    standing: Standing = NOBODY
    delivery_id: int = 0
    less_often: bool = False

    @property
    def has_left(self) -> bool:
        """Whether all marketing was left already."""
        return any(line.topic is None for line in self.standing.suppressed)


def find_recipient(session: Session, published: Published, token: str) -> Recipient:
    """The holder of a `manage` token. Ends the request with 404 where the token is none of ours."""
    contact_id, delivery_id = _read(token)
    contact = session.get(Contact, contact_id)
    if contact is None:
        return Recipient(contact_id)
    standing = read_standings(session, [contact], journey_now(session))[contact.id]
    sequence_key = session.scalar(
        select(Enrolment.sequence).join(Delivery).where(Delivery.id == delivery_id, Delivery.contact_id == contact_id)
    )
    sequence = published.library.sequence(sequence_key) if sequence_key else None
    topic = sequence.topic if sequence and can_be_left(published.library.business, sequence.topic) else None
    return Recipient(contact_id, shortened(contact.email), topic, standing, delivery_id, contact.less_often)


def can_be_left(business: Business, name: str) -> bool:
    """Whether it is a topic that people can leave on its own; what they need for what they booked is not."""
    topic = business.topic(name)
    return topic is not None and topic.basis != "service"


def is_subscribed(recipient: Recipient, topic: Topic) -> bool:
    """Whether mail on this topic may go to the person."""
    return why_not(recipient.standing, topic) is None


def shortened(email: str) -> str:
    """`a…@example.org`: enough for its owner, and of no use to anybody else."""
    local, _, domain = email.rpartition("@")
    return f"{local[:1]}…@{domain}"


def _read(token: str) -> tuple[int, int]:
    value = read_token("manage", token)
    contact_id, _, delivery_id = value.partition(".")
    return int(contact_id), int(delivery_id)
