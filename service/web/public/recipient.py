"""Who holds a link from a mail, as far as the link's own pages need to know."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date
from markupsafe import Markup
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.clock import machine_now
from service.domain.consent import Standing, may_email
from service.domain.sequence.model.business import Business, Topic
from service.ports import Published
from service.store.contact import read_channels
from service.store.delivery import Delivery
from service.store.enrolment import Enrolment
from service.store.history import read_standings, zone_of
from service.store.journey import journey_now
from service.store.merged import find_contact
from service.web.current import current_runtime
from service.web.public.language import language_of
from service.web.public.token import read_token

UTC = ZoneInfo("UTC")
FRESH = timedelta(days=30)
ADDRESS = re.compile(r"\{address\}([.:,]?)")
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
    paused_until: datetime | None = None  # None too where it is over
    language: str = "en"
    zone: ZoneInfo = UTC
    at: datetime | None = None  # when this was known
    channels: tuple[str, ...] = ()  # the other ways by which they may be reached
    is_fresh: bool = False  # the mail left within the time for which its link to all data works

    @property
    def has_left(self) -> bool:
        """Whether all marketing was left already."""
        return any(line.topic is None for line in self.standing.suppressed)

    @property
    def token(self) -> str:
        """Leads to the pages of choices, like a link in a mail."""
        return current_runtime().signer.sign("manage", f"{self.contact_id}.{self.delivery_id}")

    def day(self, instant: datetime) -> str:
        """A day in their language and time: `21 February 2027`."""
        return format_date(instant.astimezone(self.zone), "long", locale="en_GB" if self.language == "en" else "de")


def find_recipient(session: Session, published: Published, token: str) -> Recipient:
    """The holder of a `manage` token. Ends the request with 404 where the token is none of ours."""
    value = read_token("manage", token)
    contact_id, _, delivery_id = value.partition(".")
    return look_up(session, published, int(contact_id), int(delivery_id))


def look_up(session: Session, published: Published, contact_id: int, delivery_id: int = 0) -> Recipient:
    """A contact as their pages know them; `delivery_id` is the mail that they come from."""
    business = published.library.business
    contact = find_contact(session, contact_id)
    if contact is None:
        return Recipient(contact_id, language=language_of(None, business))
    contact_id = contact.id
    now = journey_now(session)
    is_paused = contact.paused_until is not None and now < contact.paused_until
    return Recipient(
        contact_id,
        shortened(contact.email),
        _topic_of(session, published, contact_id, delivery_id),
        read_standings(session, [contact], now)[contact.id],
        delivery_id,
        contact.less_often,
        contact.paused_until if is_paused else None,
        language_of(contact, business),
        zone_of(contact, business),
        now,
        read_channels(session, contact_id),
        _is_fresh(session, contact_id, delivery_id),
    )


def _is_fresh(session: Session, contact_id: int, delivery_id: int) -> bool:
    mail = (Delivery.id == delivery_id, Delivery.contact_id == contact_id)
    left_at = session.scalar(select(func.coalesce(Delivery.handed_machine_at, Delivery.created_at)).where(*mail))
    return left_at is not None and machine_now() - left_at <= FRESH


def _topic_of(session: Session, published: Published, contact_id: int, delivery_id: int) -> str | None:
    sequence_key = session.scalar(
        select(Enrolment.sequence).join(Delivery).where(Delivery.id == delivery_id, Delivery.contact_id == contact_id)
    )
    sequence = published.library.sequence(sequence_key) if sequence_key else None
    return sequence.topic if sequence and published.library.business.topic(sequence.topic) else None


def is_subscribed(recipient: Recipient, topic: Topic) -> bool:
    """Whether mail on this topic may go to the person."""
    return recipient.at is not None and may_email(recipient.standing, topic, recipient.at) is None


def title_of(business: Business, name: str | None, language: str) -> str:
    """A topic as people read it; the name itself where it is no topic (any more)."""
    topic = business.topic(name) if name else None
    return dict(topic.titles).get(language, topic.name) if topic else name or ""


def with_address(sentence: str, address: str) -> Markup:
    """A sentence of ours round an `{address}`, which stays in one piece where there is room for it, and with the sign
    behind it in any case."""
    marked = ADDRESS.sub(r'<span class="address">{address}\1</span>', str(Markup.escape(sentence)))
    return Markup(marked).format(address=address)  # noqa: S704 (our own words, escaped)


def shortened(email: str) -> str:
    """`a…@example.org`: enough for its owner, and of no use to anybody else."""
    local, _, domain = email.rpartition("@")
    return f"{local[:1]}…@{domain}"
