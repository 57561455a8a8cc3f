"""Put mails that were taken into words. One that can't be is held with its reason, and blocks no other."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from service import clock
from service.actions.lease import Lease
from service.actions.proceed import find_step
from service.actions.staff_mail import staff_letters
from service.domain.referral import prints_code
from service.ports import Letter, Message, Pacer, Provider, Published, Renderer, StaffLetter, Unrenderable
from service.store.contact import Contact
from service.store.delivery import Delivery, State
from service.store.enrolment import Enrolment
from service.store.history import facts_of, read_contacts, read_pasts
from service.store.journey import shifted_now
from service.store.referral import give_codes

log = structlog.get_logger()

POISON_REST = timedelta(hours=1)  # a mail that can't be put into words is looked at again


@dataclass(frozen=True, slots=True)
class Desk:
    """What handing over needs: where sessions come from, the words, the provider, the size of a group, and the pace.

    Without a pacer everything leaves as fast as it can: into the development mailbox.
    """

    begin: Callable[[], AbstractContextManager[Session]]  # a session that commits at the end of its `with`
    published: Callable[[], Published]
    renderer: Renderer
    provider: Provider
    group: int
    pacer: Pacer | None = None


def put_into_words(desk: Desk, lease: Lease) -> list[Message]:
    """Put each taken mail into words. One that can't be is held with its reason, and blocks no other."""
    published = desk.published()
    messages: list[Message] = []
    with desk.begin() as session:
        shifted = shifted_now(session)
        now = shifted or clock.machine_now()
        rows = session.scalars(select(Delivery).where(Delivery.id.in_(lease.ids)).order_by(Delivery.id)).all()
        enrolments = _enrolments(session, {row.enrolment_id for row in rows})
        contacts = read_contacts(session, {row.contact_id for row in rows})
        steps = {row.id: find_step(published, enrolments[row.enrolment_id], row.step) for row in rows}
        give_codes(session, {row.contact_id for row in rows if (found := steps[row.id]) and prints_code(found[1])})
        pasts = read_pasts(session, list(contacts))
        staff = staff_letters(session, published, [row for row in rows if row.staff_to is not None])
        poison: dict[int, str] = {}
        for row in rows:
            enrolment, contact = enrolments[row.enrolment_id], contacts[row.contact_id]
            if row.id not in staff and (row.staff_to or steps[row.id] is None):
                continue  # its intent is refused below, with the reason
            facts = facts_of(published.library.business, contact, enrolment, pasts[contact.id], now)
            letter = _letter(published, row, enrolment, contact, facts.names(), staff.get(row.id), shifted)
            try:
                messages.append(desk.renderer.render(letter))
            except Unrenderable as error:
                poison[row.id] = str(error)
    if poison:
        _hold(desk, lease, poison, now)
    return messages


def _letter(
    published: Published,
    row: Delivery,
    enrolment: Enrolment,
    contact: Contact,
    names: Mapping[str, object],
    staff: StaffLetter | None,
    shifted: datetime | None,
) -> Letter:
    first = published.library.business.languages[0]
    return Letter(
        delivery_id=row.id,
        contact_id=contact.id,
        message_id=row.message_id,
        recipient=row.staff_to or contact.email,
        publication_id=published.id,
        sequence=enrolment.sequence,
        step=row.step,
        language=first if row.staff_to else contact.language or first,
        names=names,
        sent_at=clock.machine_now(),
        arm=enrolment.arm,
        journey_at=shifted,
        staff=staff,
    )


def _enrolments(session: Session, ids: Collection[int]) -> dict[int, Enrolment]:
    return {each.id: each for each in session.scalars(select(Enrolment).where(Enrolment.id.in_(ids)))}


def _hold(desk: Desk, lease: Lease, reasons: dict[int, str], now: datetime) -> None:
    """Hold what can't be put into words: never sent with a gap, never retried hot, never dropped before its end."""
    with desk.begin() as session:
        for delivery_id, reason in sorted(reasons.items()):
            log.warning("delivery.held", delivery=delivery_id, reason=reason)
            session.execute(
                update(Delivery)
                .where(Delivery.id == delivery_id, Delivery.token == lease.token, Delivery.state == State.CLEARED)
                .values(
                    state=State.HELD,
                    rule="words",
                    reason=f"Held: {reason}",
                    wake_at=func.least(now + POISON_REST, Delivery.expires_at + timedelta(microseconds=1)),
                    token=None,
                    lease_until=None,
                )
            )
