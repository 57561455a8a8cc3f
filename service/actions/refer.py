"""A friend comes by somebody's link, is here for the first time, and the one who sent them is thanked.

Two people are concerned each time, and the referrer is told by an event of their own. Whoever tells of visits locks
both beforehand, in one go (`who_waits`), because contacts are locked in ascending order everywhere.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.actions.receive_event import Seen, receive_event
from service.domain.referral import QUALIFYING, given_name, read_code
from service.ports import Published
from service.store.contact import Contact, lock_contacts
from service.store.referral import REWARDED, Referral, count_friends, find_referrer

JOINED, QUALIFIED = "referral.joined", "referral.qualified"
NAMELESS = {"en": "a friend", "de": "jemand"}


class NotQualified(Exception):  # noqa: N818 (what the answer says)
    """The friend has not been here yet, so there is nothing to reward; the message is a sentence."""


def joined(session: Session, published: Published, friend: Contact, code: object, now: datetime) -> Referral | None:
    """Note who brought a contact that was made in this very transaction; None where the code is nobody's.

    The friend's row is locked already, and nobody else can see it yet, let alone wait for it; so the referrer may be
    locked behind it, although their id is the lower one. The caller commits.
    """
    known = read_code(code) if isinstance(code, str) else None
    referrer_id = find_referrer(session, known) if known else None
    if referrer_id in {None, friend.id} or not lock_contacts(session, [int(referrer_id or 0)]):
        return None
    referral = session.scalar(
        insert(Referral)
        .values(referrer_id=referrer_id, friend_id=friend.id, joined_at=now)
        .on_conflict_do_nothing()
        .returning(Referral)
    )
    if referral is not None:
        _tell_referrer(session, published, referral, JOINED, {"code": known}, now)
    return referral


def qualified(session: Session, published: Published, friend: Contact, event_name: str, now: datetime) -> None:
    """Tell whoever brought a locked contact that the friend was here, the first time that they were.

    Only the events of QUALIFYING count. The referrer should be locked already, together with the friend. The caller
    commits.
    """
    if event_name not in QUALIFYING:
        return
    waiting = (Referral.friend_id == friend.id, Referral.qualified_at.is_(None))
    referrer_id = session.scalar(select(Referral.referrer_id).where(*waiting))
    if referrer_id is None or not lock_contacts(session, [referrer_id]):
        return
    referral = session.scalars(select(Referral).where(*waiting)).one_or_none()
    if referral is None:
        return
    referral.qualified_at = now
    session.flush()
    count = count_friends(session, referrer_id).qualified
    _tell_referrer(session, published, referral, QUALIFIED, {"count": count}, now)


def reward(
    session: Session, published: Published, referral_id: int, what: str | None, now: datetime
) -> Referral | None:
    """Note that the referrer got their thanks, in words `what` it was; None where there is no such referral.

    A second time changes nothing. Raises NotQualified. The caller commits.
    """
    referrer_id = session.scalar(select(Referral.referrer_id).where(Referral.id == referral_id))
    if referrer_id is None or not lock_contacts(session, [referrer_id]):
        return None
    referral = session.get(Referral, referral_id, populate_existing=True)
    if referral is None or referral.rewarded_at is not None:
        return referral
    if referral.qualified_at is None:
        raise NotQualified("The friend has joined, but has not been here yet: reward it after their first visit.")
    referral.rewarded_at = now
    session.flush()
    _tell_referrer(session, published, referral, REWARDED, {"reward": what}, now)
    return referral


def _tell_referrer(
    session: Session, published: Published, referral: Referral, name: str, data: dict[str, Any], now: datetime
) -> None:
    referrer = session.get_one(Contact, referral.referrer_id)
    language = (referrer.language or published.library.business.languages[0])[:2].lower()
    nameless = NAMELESS.get(language, NAMELESS["en"])
    first_name = session.scalar(select(Contact.first_name).where(Contact.id == referral.friend_id))
    about = f"referral:{referral.id}"  # the same for all three, so that `same:` in a sequence means this friend
    told = Seen(name, now, key=about, about=about, data={"friend": given_name(first_name) or nameless} | data)
    receive_event(session, published, referrer, told, now)
