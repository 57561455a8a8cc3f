"""Whom two rows spoke of, before they were made one: links in old mails and programs still name the one that is gone."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from service.store.contact import Contact
from service.store.tables import Stamp, Table


class MergedContact(Table):
    """The number of a contact that is gone, and the one who it is now."""

    __tablename__ = "merged_contact"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id", ondelete="CASCADE"), index=True)
    at: Mapped[Stamp]


def who_is_now(session: Session, contact_id: int) -> int:
    """The number of the contact that this one is now; the same where it was never made one with another."""
    found = session.scalar(select(MergedContact.contact_id).where(MergedContact.id == contact_id))
    return contact_id if found is None else found


def find_contact(session: Session, contact_id: int) -> Contact | None:
    """A contact by a number that may be of old, in a link that works for ever."""
    return session.get(Contact, contact_id) or session.get(Contact, who_is_now(session, contact_id))
