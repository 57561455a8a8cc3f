"""Who brought whom, and the codes by which friends are told apart."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from secrets import randbits
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, ScalarSelect, func, select, text, update
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from service.domain.referral import BITS, given_name, spell
from service.store.bulk import among
from service.store.contact import Contact, lock_contacts
from service.store.event import Event
from service.store.merged import MergedContact
from service.store.tables import Id, Instant, Stamp, Table

REWARDED, WELCOMED = "referral.rewarded", "referral.welcomed"
OF_REWARD = text("EXISTS (SELECT FROM reward WHERE reward.referral_id = referral.id AND reward.state = :state)")
DOUBTFUL = text("EXISTS (SELECT FROM reward WHERE reward.referral_id = referral.id AND reward.asks)")
STATES = ("invited", "joined", "qualified", "rewarded")


class Referral(Table):
    """A friend who came by a client's link. A person is referred once, by whoever came first.

    A friend who asks to be forgotten leaves the keyed hash of the address, so that nobody is brought a second time.
    `wake_at` (journey time) is when its rewards are looked at next.
    """

    __tablename__ = "referral"
    __table_args__ = (
        Index("ix_referral_friend_hash", "friend_hash", unique=True),
        Index("ix_referral_wake", "wake_at", postgresql_where=text("wake_at IS NOT NULL")),
    )

    id: Mapped[Id]
    referrer_id: Mapped[int] = mapped_column(ForeignKey("contact.id", ondelete="CASCADE"), index=True)
    friend_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id", ondelete="SET NULL"), unique=True)
    friend_hash: Mapped[bytes | None] = mapped_column(LargeBinary())
    invited_at: Mapped[Instant | None]  # the form was filled in, and the address not confirmed yet
    joined_at: Mapped[Instant | None] = mapped_column(index=True)
    wake_at: Mapped[Instant | None]
    qualified_at: Mapped[Instant | None]  # the friend's first visit or purchase
    rewarded_at: Mapped[Instant | None]
    created_at: Mapped[Stamp]


@dataclass(frozen=True, slots=True)
class Friends:
    """How many came by somebody's link: `qualified` of those who `joined` were here, `rewarded` were thanked for."""

    joined: int = 0
    qualified: int = 0
    rewarded: int = 0


def give_codes(session: Session, contact_ids: Collection[int]) -> dict[int, str]:
    """The codes of contacts, made where there are none yet; who is not there any more is left out.

    Whoever gets a first code is locked. The caller commits.
    """
    known = select(Contact.id, Contact.referral_code).where(among(Contact.id, contact_ids))
    codes: dict[int, str | None] = dict(session.execute(known).all())
    bare = [contact_id for contact_id, code in codes.items() if code is None]
    for contact_id in lock_contacts(session, bare) if bare else ():
        # Another process may have made one while this one waited for the lock.
        made = func.coalesce(Contact.referral_code, _free_code(session))
        given = update(Contact).where(Contact.id == contact_id).values(referral_code=made)
        codes[contact_id] = session.scalar(given.returning(Contact.referral_code))
    return {contact_id: code for contact_id, code in codes.items() if code is not None}


def _free_code(session: Session) -> str:
    while True:
        code = spell(randbits(BITS))
        if find_referrer(session, code) is None:
            return code


def find_referrer(session: Session, code: str) -> int | None:
    """The contact whose code this is, or was before two were made one."""
    own = select(Contact.id).where(Contact.referral_code == code)
    return session.scalar(own.union(select(MergedContact.contact_id).where(MergedContact.referral_code == code)))


def who_waits(session: Session, friend_ids: Collection[int]) -> dict[int, int]:
    """Of these friends those who were brought and not here yet, with whoever brought them and waits for it.

    The two are to be locked together.
    """
    if not friend_ids:
        return {}
    columns = (Referral.friend_id, Referral.referrer_id)
    waiting = select(*columns).where(
        among(Referral.friend_id, friend_ids), Referral.qualified_at.is_(None), Referral.joined_at.is_not(None)
    )
    return {friend: referrer for friend, referrer in session.execute(waiting) if friend is not None}


def count_friends(session: Session, referrer_id: int) -> Friends:
    """How many friends somebody brought so far."""
    counts = select(func.count(Referral.joined_at), func.count(Referral.qualified_at), func.count(Referral.rewarded_at))
    return Friends(*session.execute(counts.where(Referral.referrer_id == referrer_id)).one())


def concerned(session: Session, contact_ids: Collection[int]) -> set[int]:
    """Those of these contacts who have a code, brought somebody or were brought: few, so this is asked first."""
    with_code = select(Contact.id).where(among(Contact.id, contact_ids), Contact.referral_code.is_not(None))
    referrers = select(Referral.referrer_id).where(among(Referral.referrer_id, contact_ids))
    friends = select(Referral.friend_id).where(among(Referral.friend_id, contact_ids))
    return set(session.scalars(with_code.union(referrers, friends)))


def read_referrals(session: Session, contact_ids: Collection[int]) -> dict[int, Mapping[str, Any]]:
    """`referral.…` of the language for each contact, in one query.

    `code` is None before it was needed (`give_codes` makes it), `from` the first name of whoever brought them, `friend`
    that of the friend with whom something happened last, `count` how many friends were here, `reward` the words of the
    newest reward. Names that another person can't be shown are None.
    """
    columns = (Contact.id, Contact.referral_code, _from(), _friend(), _count(), _reward())
    rows = session.execute(select(*columns).where(among(Contact.id, contact_ids)))
    return {
        contact_id: {
            "code": code,
            "from": given_name(referrer),
            "friend": given_name(friend),
            "count": count,
            "reward": reward,
        }
        for contact_id, code, referrer, friend, count, reward in rows
    }


def _from() -> ScalarSelect[str | None]:
    referrer = aliased(Contact)
    brought = select(referrer.first_name).join(Referral, Referral.referrer_id == referrer.id)
    return brought.where(Referral.friend_id == Contact.id).correlate(Contact).scalar_subquery()


def _friend() -> ScalarSelect[str | None]:
    friend = aliased(Contact)
    last = func.greatest(Referral.invited_at, Referral.joined_at, Referral.qualified_at, Referral.rewarded_at)
    names = select(friend.first_name).join(Referral, Referral.friend_id == friend.id)
    mine = names.where(Referral.referrer_id == Contact.id).order_by(last.desc(), Referral.id.desc())
    return mine.limit(1).correlate(Contact).scalar_subquery()


def _count() -> ScalarSelect[int]:
    mine = select(func.count(Referral.qualified_at)).where(Referral.referrer_id == Contact.id)
    return mine.correlate(Contact).scalar_subquery()


def _reward() -> ScalarSelect[str | None]:
    told = select(Event.data["reward"].astext).where(
        Event.contact_id == Contact.id, Event.name.in_((REWARDED, WELCOMED))
    )
    return told.order_by(Event.at.desc(), Event.id.desc()).limit(1).correlate(Contact).scalar_subquery()


def search_referrals(
    session: Session,
    limit: int,
    before: int | None,
    *,
    state: str | None,
    referrer_id: int | None,
    reward: str | None = None,
    doubtful: bool = False,
) -> Sequence[Referral]:
    """Up to `limit` referrals, the newest first, with ids below `before`; `state` is one of STATES, `reward` a state
    of the ledger, and `doubtful` are those that wait for a person."""
    query = select(Referral).order_by(Referral.id.desc()).limit(limit)
    if before is not None:
        query = query.where(Referral.id < before)
    if referrer_id is not None:
        query = query.where(Referral.referrer_id == referrer_id)
    if reward is not None:
        query = query.where(OF_REWARD.bindparams(state=reward))
    if doubtful:
        query = query.where(DOUBTFUL)
    match state:
        case "invited":
            query = query.where(Referral.joined_at.is_(None))
        case "joined":
            query = query.where(Referral.joined_at.is_not(None), Referral.qualified_at.is_(None))
        case "qualified":
            query = query.where(Referral.qualified_at.is_not(None), Referral.rewarded_at.is_(None))
        case "rewarded":
            query = query.where(Referral.rewarded_at.is_not(None))
    return session.scalars(query).all()
