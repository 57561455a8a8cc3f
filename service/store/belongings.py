"""What hangs on one contact passes to another one, row by row and without a word in it changed."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, text, update
from sqlalchemy.orm import Session

from service.store.contact import Contact
from service.store.enrolment import Enrolment
from service.store.merged import MergedContact
from service.store.referral import Referral
from service.store.traces import OWN

# The same name about the same thing, told of both: the newest counts, as if it had been told of one.
REPLACED = text(
    """
    UPDATE event SET replaced = true
    WHERE contact_id = :contact_id AND about IS NOT NULL AND NOT replaced AND EXISTS (
        SELECT FROM event AS newer WHERE newer.contact_id = :contact_id AND newer.name = event.name
        AND newer.about = event.about AND NOT newer.replaced AND newer.id > event.id)
    """
)


def pass_on(session: Session, goes: int, stays: int) -> dict[str, int]:
    """Give all that hangs on a contact to another; how much of each. Both are locked; the caller commits."""
    _part_keys(session, goes, stays)
    moved = {}
    for what, mine in OWN.items():
        change = update(mine.class_).where(mine == goes).values({mine.key: stays})
        moved[what] = int(session.connection().execute(change).rowcount)
    session.execute(update(Referral).where(Referral.friend_id == goes).values(friend_id=stays))
    session.execute(REPLACED, {"contact_id": stays})
    session.add(MergedContact(id=goes, contact_id=stays, referral_code=_old_code(session, goes, stays)))
    session.flush()
    session.expire_all()
    return moved


def settle_referrals(session: Session, goes: int, stays: int) -> Sequence[int]:
    """Nobody has brought themselves, and whoever came first has brought the friend. The other referral, whose number is
    returned, keeps the hash and no friend. The caller commits."""
    selves = or_(_brought(goes, stays), _brought(stays, goes))
    session.execute(delete(Referral).where(selves))
    friends = select(Referral.id).where(Referral.friend_id.in_((goes, stays)))
    first = func.coalesce(Referral.joined_at, Referral.invited_at)
    later = session.scalars(friends.order_by(first.asc().nulls_last(), Referral.id)).all()[1:]
    session.execute(update(Referral).where(Referral.id.in_(later)).values(friend_id=None))
    return later


def _old_code(session: Session, goes: int, stays: int) -> str | None:
    """The referral code of the contact that goes, where the other one has its own and doesn't take it over."""
    codes = dict(session.execute(select(Contact.id, Contact.referral_code).where(Contact.id.in_((goes, stays)))).all())
    return codes[goes] if codes[stays] is not None else None


def _part_keys(session: Session, goes: int, stays: int) -> None:
    """Both may have entered a sequence by the same key; it tells nothing that the row doesn't, and gets a name more."""
    taken = select(Enrolment.sequence, Enrolment.trigger_key).where(Enrolment.contact_id == stays)
    double = {(sequence, key) for sequence, key in session.execute(taken)}
    mine = select(Enrolment.id, Enrolment.sequence, Enrolment.trigger_key).where(Enrolment.contact_id == goes)
    for enrolment_id, sequence, key in session.execute(mine).all():
        if (sequence, key) in double:
            this = update(Enrolment).where(Enrolment.id == enrolment_id)
            session.execute(this.values(trigger_key=f"{key}#contact-{goes}"))


def _brought(referrer_id: int, friend_id: int) -> ColumnElement[bool]:
    return and_(Referral.referrer_id == referrer_id, Referral.friend_id == friend_id)
