"""Two contacts are one person: one row stays, with all that was known of both, and nobody is written to twice.

What either said no to stays no: the suppressions of the address that goes hold for the one that stays as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import structlog
from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from service.actions.change_contact import STAYS_BEHIND
from service.actions.expect import expect
from service.actions.hold_referral import move
from service.actions.leave import CAN_BE_CANCELLED, end
from service.actions.receive_event import wake
from service.actions.referral_task import close_look_task
from service.actions.suppress import suppress_address
from service.domain.departure import Leave
from service.domain.merge import EARLIEST, FILLED, LATEST, Way, doubles, filled
from service.domain.referral_ledger import MOVES
from service.domain.referral_ledger import State as Standing
from service.ports import Published
from service.store.belongings import pass_on, settle_referrals
from service.store.contact import Contact, Suppression, lock_contacts
from service.store.delivery import Delivery, State
from service.store.enrolment import Enrolment
from service.store.pressure import refresh_pressure
from service.store.referral import Referral
from service.store.reward import lock_rewards

RULE = "merged"
FURTHER = "Stopped: two contacts were made one, and the person has come further in this sequence as the other one."
ANEW = "Stopped: two contacts were made one, and what was awaited for this one is reckoned anew."
HAD = "Not sent: the person got this as the contact that was made one with this."
BROUGHT = "The friend was brought before, under another address."
KNOWN = (*FILLED, *EARLIEST, *LATEST, "stage", "less_often", "fields", "tags")

log = structlog.get_logger()


class CantMerge(Exception):  # noqa: N818 (what the answer says)
    """These two can't be made one; the message is a sentence."""


def merge(session: Session, published: Published, stays: int, goes: int, now: datetime) -> dict[str, int]:
    """Make two contacts one; how much passed on, by what it is. The caller commits.

    Both are locked in ascending order with whoever brought them, so that no mail to either leaves meanwhile. Links of
    either work for ever. Raises CantMerge.
    """
    if stays == goes:
        raise CantMerge("A contact can't be made one with itself.")
    brought_by = session.scalars(select(Referral.referrer_id).where(Referral.friend_id.in_((stays, goes)))).all()
    locked = lock_contacts(session, sorted({stays, goes, *brought_by}))
    for missing in {stays, goes} - set(locked):
        raise CantMerge(f"There is no contact {missing}; it may have been forgotten, or made one with another.")
    keeper = session.get_one(Contact, stays, populate_existing=True)
    leaver = session.get_one(Contact, goes, populate_existing=True)
    _keep_no(session, keeper, leaver, now)
    _end_doubles(session, published, keeper, leaver, now)
    changed = filled(_plain(keeper), _plain(leaver))
    _refuse_twice(session, settle_referrals(session, goes, stays), now)
    moved = pass_on(session, goes, stays)
    session.execute(delete(Contact).where(Contact.id == goes))
    session.execute(update(Contact).where(Contact.id == stays).values(**changed, updated_at=now))
    session.expire_all()
    _go_on(session, published, stays, now)
    log.info("contact.merged", contact=stays, gone=goes)
    return moved


def _refuse_twice(session: Session, referral_ids: Sequence[int], now: datetime) -> None:
    """One friend is rewarded once: what was not given yet for bringing them a second time is refused."""
    for rewards in lock_rewards(session, referral_ids).values():
        for entry in rewards:
            if Standing.REFUSED in MOVES[Standing(entry.state)]:
                move(session, entry, Standing.REFUSED, BROUGHT, now)
    for referral in session.scalars(select(Referral).where(Referral.id.in_(referral_ids))).all():
        close_look_task(session, referral, BROUGHT, now)


def _plain(contact: Contact) -> dict[str, object]:
    return {name: getattr(contact, name) for name in KNOWN}


def _keep_no(session: Session, keeper: Contact, leaver: Contact, now: datetime) -> None:
    """What a person said holds at each of their addresses; that a mailbox is dead holds there alone."""
    query = select(Suppression).where(Suppression.address_hash == leaver.address_hash)
    for line in session.scalars(query.order_by(Suppression.id)).all():
        if line.reason not in STAYS_BEHIND:
            suppress_address(
                session,
                keeper.address_hash,
                now,
                topic=line.topic,
                reason=line.reason,
                source=line.source,
                at=line.at,
                expires_at=line.expires_at,
            )


def _end_doubles(session: Session, published: Published, keeper: Contact, leaver: Contact, now: datetime) -> None:
    """Of two ways through one sequence the one that is further goes on, without what the other one brought already."""
    both = Enrolment.contact_id.in_((keeper.id, leaver.id))
    enrolments = session.scalars(select(Enrolment).where(both).order_by(Enrolment.id).with_for_update()).all()
    mine = Delivery.contact_id.in_((keeper.id, leaver.id))
    unsent = select(Delivery).where(mine, Delivery.state.in_(CAN_BE_CANCELLED)).order_by(Delivery.id)
    rows = session.scalars(unsent.with_for_update()).all()
    ways = [_way(each, each.contact_id == keeper.id) for each in enrolments]
    by_id = {each.id: each for each in enrolments}
    journeys = {sequence.key: sequence for sequence in published.library.sequences}
    found = doubles(ways, journeys)
    for ended, holder in found.ended.items():
        own = [row for row in rows if row.enrolment_id == ended]
        end(session, by_id[ended], own, Leave("stopped", RULE, ANEW if holder is None else FURTHER), now)
    for holder, others in found.behind.items():
        had = [step for other in others for step in by_id[other].passed]
        _put_behind(by_id[holder], had, [row for row in rows if row.enrolment_id == holder])
    session.flush()


def _way(enrolment: Enrolment, mine: bool) -> Way:
    return Way(
        enrolment.id,
        enrolment.sequence,
        enrolment.state,
        enrolment.trigger_key,
        enrolment.about,
        len(enrolment.passed),
        mine,
    )


def _put_behind(holder: Enrolment, brought: Sequence[str], rows: Sequence[Delivery]) -> None:
    """What another way has brought already is behind the one that goes on."""
    had = [step for step in dict.fromkeys(brought) if step not in holder.passed]
    holder.passed = [*holder.passed, *had]
    for row in rows:
        if row.step in had and row.staff_to is None and row.state in CAN_BE_CANCELLED:
            row.state, row.rule, row.reason, row.wake_at = State.CANCELLED, RULE, HAD, None


def _go_on(session: Session, published: Published, contact_id: int, now: datetime) -> None:
    """Everything is looked at anew, as one person's: what may be sent, how much weighs on them, what is awaited.

    What was cleared may be in somebody's hands, put into words for the address that is gone: it is taken out of them.
    """
    mine = (Delivery.contact_id == contact_id, or_(Delivery.state == State.CLEARED, Delivery.state == State.DUE))
    anew = {"state": State.DUE, "rule": "due", "wake_at": now, "token": None, "lease_until": None, "pace_group": None}
    session.execute(update(Delivery).where(*mine).values(**anew))
    session.flush()
    refresh_pressure(session, published.library, [contact_id], now)
    contact = session.get_one(Contact, contact_id, populate_existing=True)
    expect(session, published, contact, published.library.sequences, now)
    wake(session, contact_id, now)
