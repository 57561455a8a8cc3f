"""Who never reacts is asked once whether they want to stay, and then left in peace.

The asking is the event `unengaged`, which begins whatever sequence waits for it; from then on only that sequence's
mail may leave. Where none does, or the person may not be written to on its topic, nobody is silenced for an answer
that they were never asked for; nor where the question is lost on its way: `service.actions.end_silence`. Any sign of
them ends it: `service.actions.lighten`.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from service.actions.leave import end_enrolments
from service.actions.receive_event import Seen, receive_event
from service.actions.suppress import suppress
from service.domain.clearance import may_reach
from service.domain.departure import left_in_peace, left_with
from service.domain.sunset import UNENGAGED
from service.ports import Published
from service.store.bulk import among
from service.store.contact import Contact, lock_contacts
from service.store.delivery import Delivery
from service.store.enrolment import Enrolment
from service.store.history import read_standings
from service.store.pressure import LEFT, refresh_pressure

log = structlog.get_logger()


def weigh(session: Session, published: Published, contact_ids: Collection[int], now: datetime) -> bool:
    """After mail left: what weighs on locked contacts now; who is to be asked is asked, and whether anybody was. The
    caller commits."""
    silent = sorted(refresh_pressure(session, published.library, contact_ids, now))
    for contact_id in silent:
        _ask(session, published, contact_id, now)
    return bool(silent)


def leave_in_peace(session: Session, published: Published, now: datetime, limit: int = 500) -> int:
    """Suppress those who were asked and have been silent for long enough; how many were looked at. The caller commits.

    Contacts that another worker holds are left to the next round.
    """
    over = Contact.sunset_at <= now - published.library.business.throttle.sunset.silence
    silent = session.scalars(select(Contact.id).where(over).order_by(Contact.sunset_at).limit(limit)).all()
    locked = lock_contacts(session, sorted(silent), wait=False)
    if not locked:
        return 0
    refresh_pressure(session, published.library, locked, now)  # an open may have gone past Redis, and past us
    still = session.scalars(select(Contact).where(among(Contact.id, locked), over).order_by(Contact.id)).all()
    asked = _asked(session, [contact.id for contact in still])
    for contact in still:
        if contact.id in asked:
            _let_go(session, published, contact, now)
    end = update(Contact).where(among(Contact.id, [contact.id for contact in still])).values(sunset_at=None)
    session.execute(end, execution_options={"synchronize_session": False})
    return len(locked)


def _ask(session: Session, published: Published, contact_id: int, now: datetime) -> None:
    """Once for every row of mails that nobody reacted to."""
    contact = session.get_one(Contact, contact_id, populate_existing=True)
    since = contact.unengaged_since.isoformat() if contact.unengaged_since else ""
    key = f"{contact_id}:{since}"
    if receive_event(session, published, contact, Seen(UNENGAGED, now, key=key), now) is None:
        return
    session.flush()
    asks = (Enrolment.began_by == UNENGAGED, Enrolment.about == key, Enrolment.state == "active")
    begun = set(session.scalars(select(Enrolment.sequence).where(Enrolment.contact_id == contact_id, *asks)))
    asking = (each for each in published.library.sequences if each.key in begun)
    standing = read_standings(session, [contact], now)[contact_id]
    if may_reach(standing, published.library.business, asking, now):
        session.execute(update(Contact).where(Contact.id == contact_id).values(sunset_at=now))
        log.info("contact.asked_to_stay", contact=contact_id)


def _asked(session: Session, contact_ids: Collection[int]) -> set[int]:
    """Those to whom the question has really gone out."""
    query = (
        select(Delivery.contact_id)
        .join(Enrolment, Enrolment.id == Delivery.enrolment_id)
        .join(Contact, Contact.id == Delivery.contact_id)
        .where(among(Delivery.contact_id, contact_ids), Enrolment.began_by == UNENGAGED, Delivery.state.in_(LEFT))
        .where(Delivery.handed_at >= Contact.sunset_at)
    )
    return set(session.scalars(query.distinct()))


def _let_go(session: Session, published: Published, contact: Contact, now: datetime) -> None:
    suppress(session, contact, now, topic=None, reason=UNENGAGED, source="sunset")
    left = left_with(published.library, None)
    mine = (Enrolment.contact_id == contact.id, Enrolment.sequence.in_(left))
    end_enrolments(session, left_in_peace(now), now, *mine)
    log.info("contact.left_in_peace", contact=contact.id)
