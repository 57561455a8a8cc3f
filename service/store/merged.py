"""Two rows that were made one: links in old mails still name the one that is gone."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import BigInteger, ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from service.store.bulk import among
from service.store.contact import Contact, lock_contacts
from service.store.tables import Stamp, Table


class MergedContact(Table):
    """The number of a contact that is gone, and the one who it is now. Where both had a referral code, that of the one
    who is gone stands here: it is printed on cards, and sent to friends."""

    __tablename__ = "merged_contact"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id", ondelete="CASCADE"), index=True)
    referral_code: Mapped[str | None] = mapped_column(unique=True)
    at: Mapped[Stamp]


def who_are_now(session: Session, contact_ids: Collection[int]) -> dict[int, int]:
    """The contacts that those of these are now who were made one with another, by the old number."""
    query = select(MergedContact.id, MergedContact.contact_id).where(among(MergedContact.id, contact_ids))
    return dict(session.execute(query).all()) if contact_ids else {}


def find_contact(session: Session, contact_id: int) -> Contact | None:
    """A contact by a number that may be of old, in a link that works for ever."""
    known = session.get(Contact, contact_id)
    if known is None and (now := who_are_now(session, [contact_id])):
        return session.get(Contact, now[contact_id])
    return known


def lock_contact(session: Session, contact_id: int) -> Contact | None:
    """The same, locked and fresh: whoever is made one with another just now is waited for, and found as that one."""
    if lock_contacts(session, [contact_id]):
        return session.get_one(Contact, contact_id, populate_existing=True)
    now = who_are_now(session, [contact_id]).get(contact_id)
    return lock_contact(session, now) if now is not None else None
