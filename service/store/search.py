"""Lists of people and of mails, page by page, for programs and for the studio."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.store.contact import Contact
from service.store.delivery import Delivery
from service.store.enrolment import Enrolment


def search_contacts(
    session: Session, limit: int, before: int | None, *, email_key: str | None, stage: str | None, tag: str | None
) -> Sequence[Contact]:
    """Up to `limit` contacts, the newest first, with ids below `before`."""
    query = select(Contact).order_by(Contact.id.desc()).limit(limit)
    if before is not None:
        query = query.where(Contact.id < before)
    if email_key is not None:
        query = query.where(Contact.email_key == email_key)
    if stage is not None:
        query = query.where(Contact.stage == stage)
    if tag is not None:
        query = query.where(Contact.tags.contains([tag]))
    return session.scalars(query).all()


def search_deliveries(
    session: Session, limit: int, before: int | None, *, state: str | None, contact_id: int | None
) -> list[tuple[Delivery, str]]:
    """Up to `limit` deliveries, the newest first, each with the key of its sequence."""
    query = (
        select(Delivery, Enrolment.sequence)
        .join(Enrolment, Enrolment.id == Delivery.enrolment_id)
        .order_by(Delivery.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(Delivery.id < before)
    if state is not None:
        query = query.where(Delivery.state == state)
    if contact_id is not None:
        query = query.where(Delivery.contact_id == contact_id)
    return [(delivery, sequence) for delivery, sequence in session.execute(query)]
