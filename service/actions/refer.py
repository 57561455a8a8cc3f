"""A friend comes by somebody's link, is here for the first time, and the one who sent them is told.

Two people are concerned each time, and the referrer is told by an event of their own. Whoever tells of visits locks
both beforehand, in one go (`who_waits`), because contacts are locked in ascending order everywhere. Where the business
has a programme, each side gets an entry in the ledger, and `look_after_referrals` sees to the rest.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, exists, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.actions.receive_event import Seen, receive_event
from service.domain.referral import QUALIFYING, given_name, read_code
from service.domain.referral_doubt import canonical
from service.domain.referral_ledger import State
from service.domain.sequence.model.referral import Programme, Qualifying, Side
from service.ports import Published
from service.store.contact import Contact, lock_contacts
from service.store.event import Event
from service.store.referral import REWARDED, WELCOMED, Referral, count_friends, find_referrer
from service.store.reward import Reward, open_entry

JOINED, QUALIFIED = "referral.joined", "referral.qualified"
NAMELESS = {"en": "a friend", "de": "jemand"}


def invited(session: Session, published: Published, friend: Contact, code: object, now: datetime) -> None:
    """Note who brought a contact that was made in this very transaction, and has to confirm the address first.

    Nobody is told of it: whoever types a stranger's address would learn what becomes of it. The caller commits.
    """
    referrer_id = _referrer_of(session, friend, code)
    if referrer_id is None:
        return
    referral = _insert(session, friend, referrer_id, {"invited_at": now})
    if referral is not None:
        _open_entries(session, published, referral, State.INVITED, now)


def joined(
    session: Session, published: Published, friend: Contact, code: object, now: datetime, *, is_new: bool = True
) -> Referral | None:
    """Note who brought a locked contact that is new, or has just confirmed; None where the code is nobody's, or they
    were brought before.

    Nobody can wait for a contact that was made in this very transaction (`is_new`), so the referrer may be locked
    behind it, although their id is the lower one. Of somebody who was there the referrer is locked where that takes no
    waiting, and else told a moment later, by `look_after_referrals`. The caller commits.
    """
    referrer_id = _referrer_of(session, friend, code)
    if referrer_id is None:
        return None
    wake_at = now if published.library.business.referral else None
    # Of several who invited, the one counts whose invitation was confirmed.
    invitation = update(Referral).where(Referral.friend_id == friend.id, Referral.joined_at.is_(None))
    confirmed = invitation.values(referrer_id=referrer_id, joined_at=now, wake_at=wake_at).returning(Referral)
    referral = session.scalar(confirmed, execution_options={"populate_existing": True})
    referral = referral or _insert(session, friend, referrer_id, {"joined_at": now, "wake_at": wake_at})
    if referral is None:
        return None
    _open_entries(session, published, referral, State.SIGNED_UP, now)
    if lock_contacts(session, [referrer_id], wait=is_new or referrer_id > friend.id):
        tell_joined(session, published, referral, now)
    else:
        referral.wake_at = now
        session.flush()
    return referral


def _insert(session: Session, friend: Contact, referrer_id: int, times: dict[str, Any]) -> Referral | None:
    """The referral of a friend who was never brought before; None for one who was, forgotten since or not."""
    unanswered = (Referral.friend_id.is_(None), Referral.joined_at.is_(None))
    session.execute(delete(Referral).where(Referral.friend_hash == friend.address_hash, *unanswered))
    row = {"referrer_id": referrer_id, "friend_id": friend.id, "friend_hash": friend.address_hash}
    made = insert(Referral).values(row | times).on_conflict_do_nothing()
    return session.scalar(made.returning(Referral))


def tell_joined(session: Session, published: Published, referral: Referral, now: datetime) -> None:
    """Tell a locked referrer that a friend signed up; a second time changes nothing. The caller commits."""
    code = session.scalar(select(Contact.referral_code).where(Contact.id == referral.referrer_id))
    _tell_referrer(session, published, referral, JOINED, {"code": code}, now)


def _referrer_of(session: Session, friend: Contact, code: object) -> int | None:
    """Whose code it is, where that is somebody else than the friend."""
    known = read_code(code) if isinstance(code, str) else None
    referrer_id = find_referrer(session, known) if known else None
    if referrer_id is None or referrer_id == friend.id:
        return None
    own = session.scalar(select(Contact.email_key).where(Contact.id == referrer_id))
    if own is None or canonical(own) == canonical(friend.email_key):
        return None  # with a tag or dots of their own
    return referrer_id


def _open_entries(session: Session, published: Published, referral: Referral, state: State, now: datetime) -> None:
    programme = published.library.business.referral
    reason = "The friend has signed up." if state is State.SIGNED_UP else "The friend has yet to confirm the address."
    session.execute(
        update(Reward)
        .where(Reward.referral_id == referral.id, Reward.side == Side.REFERRER)
        .values(contact_id=referral.referrer_id)  # another one may have invited before
    )
    for side, contact_id in ((Side.FRIEND, referral.friend_id), (Side.REFERRER, referral.referrer_id)):
        if programme is not None and programme.reward(side) is not None and contact_id is not None:
            open_entry(session, referral.id, side, contact_id, state, reason, now)


def qualified(
    session: Session,
    published: Published,
    friend: Contact,
    event_name: str,
    now: datetime,
    value: Decimal | None = None,
    currency: str | None = None,
) -> None:
    """Tell whoever brought a locked contact that the friend was here, the first time that it counts.

    Only the events of QUALIFYING count, and of them what the programme names. The referrer should be locked already,
    together with the friend. The caller commits.
    """
    business = published.library.business
    programme = business.referral or Programme()
    money = currency or business.currency
    if event_name not in QUALIFYING or not any(_counts(each, event_name, value, money) for each in programme.qualifies):
        return
    waiting = (Referral.friend_id == friend.id, Referral.qualified_at.is_(None), Referral.joined_at.is_not(None))
    referrer_id = session.scalar(select(Referral.referrer_id).where(*waiting))
    if referrer_id is None or not lock_contacts(session, [referrer_id]):
        return
    referral = session.scalars(select(Referral).where(*waiting).with_for_update()).one_or_none()
    if referral is None:
        return
    referral.qualified_at = now
    if business.referral is not None:
        referral.wake_at = now
    session.flush()
    refused = select(exists().where(Reward.referral_id == referral.id, Reward.state == State.REFUSED))
    if session.scalar(refused):
        return
    count = count_friends(session, referrer_id).qualified
    _tell_referrer(session, published, referral, QUALIFIED, {"count": count}, now)


def _counts(qualifying: Qualifying, name: str, value: Decimal | None, currency: str) -> bool:
    if qualifying.event != name:
        return False
    if qualifying.above is None:
        return True
    return value is not None and value > qualifying.above and currency == qualifying.currency


def tell_rewarded(session: Session, published: Published, referral: Referral, reward: Reward, now: datetime) -> None:
    """Tell a locked contact what they got, by an event of their side's own. The caller commits."""
    zone = published.library.business.zone
    data = {"reward": reward.what, "code": reward.code, "expires": _day(reward, zone)}
    known = {name: value for name, value in data.items() if value is not None}
    if reward.side == Side.REFERRER:
        referral.rewarded_at = now
        session.flush()
        _tell_referrer(session, published, referral, REWARDED, known, now)
        return
    friend = session.get_one(Contact, reward.contact_id)
    first_name = session.scalar(select(Contact.first_name).where(Contact.id == referral.referrer_id))
    told = {"from": given_name(first_name) or _nameless(friend, published)} | known
    _tell(session, published, friend, referral, WELCOMED, told, now)


def _day(reward: Reward, zone: str) -> str | None:
    return reward.expires_at.astimezone(ZoneInfo(zone)).date().isoformat() if reward.expires_at else None


def _tell_referrer(
    session: Session, published: Published, referral: Referral, name: str, data: dict[str, Any], now: datetime
) -> None:
    referrer = session.get_one(Contact, referral.referrer_id)
    first_name = session.scalar(select(Contact.first_name).where(Contact.id == referral.friend_id))
    friend = given_name(first_name) or _nameless(referrer, published)
    _tell(session, published, referrer, referral, name, {"friend": friend} | data, now)


def _nameless(contact: Contact, published: Published) -> str:
    language = (contact.language or published.library.business.languages[0])[:2].lower()
    return NAMELESS.get(language, NAMELESS["en"])


def _tell(
    session: Session,
    published: Published,
    contact: Contact,
    referral: Referral,
    name: str,
    data: dict[str, Any],
    now: datetime,
) -> None:
    about = f"referral:{referral.id}"  # the same for all of them, so that `same:` in a sequence means this friend
    receive_event(session, published, contact, Seen(name, now, key=about, about=about, data=data), now)


def was_told(session: Session, referral_ids: list[int]) -> set[int]:
    """The referrals of which the referrer knows that the friend signed up."""
    keys = {f"referral:{each}": each for each in referral_ids}
    found = session.scalars(select(Event.key).where(Event.name == JOINED, Event.key.in_(keys)))
    return {keys[key] for key in found if key in keys}


def tell_rewarded_by_hand(
    session: Session, published: Published, referral: Referral, what: str | None, now: datetime
) -> None:
    """Tell a locked referrer that they got their thanks, where no programme promised any. The caller commits."""
    referral.rewarded_at = now
    session.flush()
    _tell_referrer(session, published, referral, REWARDED, {"reward": what}, now)
