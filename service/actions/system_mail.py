"""Ask one thing of one person by a mail with one button: queue it, and open or close what it asks.

The request is an enrolment whose `sequence` is a `SystemMail`, active while its button works; `date_at` is when that
ends, `data` what the button will need. Its mails count their occasions from 1, so that nothing of the engine's hangs on
them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from secrets import token_hex
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from service.actions.proceed import new_message_id
from service.domain.duration import add
from service.domain.system_mail import AGAIN_AFTER, MAIL, REMINDER, SystemMail, why_not_ask
from service.ports import Published, SystemLetter
from service.store.contact import Contact, lock_contacts
from service.store.delivery import Delivery, State
from service.store.enrolment import Enrolment
from service.store.history import read_standings, zone_of
from service.store.letter import Unwritten

UNSENT = (State.DUE, State.HELD, State.CLEARED)
RECIPIENT = "recipient"  # the key of `data` where it goes to another address than the contact's
FORM = "form"  # the key of the form whose title the mail names
LANGUAGE = "language"  # the key of the language to ask in, of whoever has none of their own
TOO_LATE = "Not answered in time."
REASONS = {
    SystemMail.CONFIRM: "Due: asks them to confirm their signup.",
    SystemMail.ADDRESS: "Due: asks the owner of the new address to confirm it.",
    SystemMail.FORGET: "Due: asks them to confirm that they want to be forgotten.",
}
REMINDS = "Due: asks once more, and for the last time, to confirm their signup."


class Request(StrEnum):
    """How something that was asked for stands."""

    OPEN = "open"
    DONE = "done"
    LATE = "late"
    GONE = "gone"  # nothing is kept of it, or of them


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it stands, with its enrolment where there is one."""

    state: Request
    enrolment: Enrolment | None = None


def write_system_mail(
    session: Session,
    published: Published,
    contact_id: int,
    what: SystemMail,
    now: datetime,
    *,
    keeps: timedelta,
    data: Mapping[str, Any] = {},
    recipient: str | None = None,
    again_after: timedelta = AGAIN_AFTER,
) -> int | None:
    """Queue a system mail, due now, whose button works for `keeps`; the id of its enrolment, whose `data` keeps what
    the button will need.

    None where one of this kind was asked for within `again_after`: one an address a window. It goes to the contact, or
    to `recipient`. The contact is locked; the caller commits and rings.
    """
    kept = dict(data) | ({RECIPIENT: recipient} if recipient else {})
    fresh = select(Enrolment.id).where(Enrolment.contact_id == contact_id, Enrolment.sequence == what)
    fresh = fresh.where(Enrolment.entered_at > now - again_after)
    if recipient is not None:
        fresh = fresh.where(Enrolment.data[RECIPIENT].as_string() == recipient)
    if session.scalar(fresh.limit(1)) is not None:
        return None
    enrolment = Enrolment(
        contact_id=contact_id,
        sequence=what,
        trigger_key=token_hex(8),
        state="active",
        began_by="request",
        entered_at=now,
        date_at=now + keeps,
        data=kept,
    )
    session.add(enrolment)
    session.flush()
    enrolment.wake_at = _wakes_at(published, enrolment, _zone(session, published, contact_id))
    ask(session, published, enrolment, now)
    return enrolment.id


def ask(
    session: Session, published: Published, enrolment: Enrolment, now: datetime, step: str = MAIL, reason: str = ""
) -> Delivery:
    """Queue one more mail of an open request, due now; with the same button. As `write_system_mail`."""
    of_step = (Delivery.enrolment_id == enrolment.id, Delivery.step == step)
    last: int = session.scalar(select(func.max(Delivery.occasion)).where(*of_step)) or 0
    delivery = Delivery(
        enrolment_id=enrolment.id,
        contact_id=enrolment.contact_id,
        step=step,
        occasion=last + 1,
        priority=0,
        staff_to=enrolment.data.get(RECIPIENT),
        state=State.DUE,
        rule="system",
        reason=reason or (REMINDS if step == REMINDER else REASONS[SystemMail(enrolment.sequence)]),
        due_at=now,
        wake_at=now,
        expires_at=enrolment.date_at,
        message_id=new_message_id(published),
    )
    session.add(delivery)
    session.flush()
    return delivery


def prolong(published: Published, enrolment: Enrolment, ends_at: datetime, zone: ZoneInfo) -> None:
    """Let the button of an open request work longer."""
    enrolment.date_at = max(ends_at, enrolment.date_at or ends_at)
    enrolment.wake_at = _wakes_at(published, enrolment, zone)


def look_at_request(session: Session, enrolment_id: int, what: SystemMail, now: datetime) -> Asked:
    """How a request stands; nothing is locked or changed."""
    enrolment = session.get(Enrolment, enrolment_id)
    return _asked(enrolment, what, now)


def open_request(session: Session, enrolment_id: int, what: SystemMail, now: datetime) -> Enrolment | None:
    """The request behind a button that was pressed, its contact and itself locked; None where it was done, is too late,
    or gone."""
    contact_id = session.scalar(select(Enrolment.contact_id).where(Enrolment.id == enrolment_id))
    if contact_id is None or not lock_contacts(session, [contact_id]):
        return None
    locked = select(Enrolment).where(Enrolment.id == enrolment_id).with_for_update()
    enrolment = session.scalar(locked.execution_options(populate_existing=True))
    asked = _asked(enrolment, what, now)
    return asked.enrolment if asked.state is Request.OPEN else None


def close_request(session: Session, enrolment: Enrolment, now: datetime, why: str) -> None:
    """The button was pressed, and works no more; what has not left of its mails is cancelled. The caller commits."""
    _end(session, enrolment, now, "finished", why)


def look_after_request(
    session: Session, published: Published, contact: Contact, enrolment: Enrolment, now: datetime
) -> None:
    """The engine's turn with a request that is open: remind once, and end it when its time is over."""
    zone = zone_of(contact, published.library.business)
    if enrolment.date_at is None or now >= enrolment.date_at:
        _end(session, enrolment, now, "stopped", TOO_LATE)
        return
    reminds_at = _reminds_at(published, enrolment, zone)
    if reminds_at is not None and now >= reminds_at:
        enrolment.passed = [*enrolment.passed, REMINDER]
        if not _stands_against(session, contact, enrolment, now):
            ask(session, published, enrolment, now, REMINDER)
    enrolment.wake_at = _wakes_at(published, enrolment, zone)


def system_letters(published: Published, letters: Iterable[Unwritten]) -> dict[int, SystemLetter]:
    """What each system mail says, by the mail's id."""
    forms = {form.slug: form.title for form in published.library.business.forms}
    return {
        each.mail.id: SystemLetter(
            what=SystemMail(each.enrolment.sequence),
            enrolment_id=each.enrolment.id,
            title=forms.get(str(each.enrolment.data.get(FORM)), ""),
            language=each.enrolment.data.get(LANGUAGE) or "",
            ends_at=each.enrolment.date_at,
            is_reminder=each.mail.step == REMINDER,
        )
        for each in letters
    }


def _asked(enrolment: Enrolment | None, what: SystemMail, now: datetime) -> Asked:
    if enrolment is None or enrolment.sequence != what:
        return Asked(Request.GONE)
    if enrolment.state == "finished":
        return Asked(Request.DONE, enrolment)
    if enrolment.state != "active" or enrolment.date_at is None or now >= enrolment.date_at:
        return Asked(Request.LATE, enrolment)
    return Asked(Request.OPEN, enrolment)


def _end(session: Session, enrolment: Enrolment, now: datetime, state: str, why: str) -> None:
    """Of what was kept for the button nothing is kept on but what it was about."""
    enrolment.state, enrolment.why = state, why
    enrolment.ended_at, enrolment.wake_at = now, None
    enrolment.data = {name: value for name, value in enrolment.data.items() if name in {FORM, LANGUAGE}}
    own = (Delivery.enrolment_id == enrolment.id, Delivery.state.in_(UNSENT))
    over = {"state": State.CANCELLED, "rule": "left", "reason": f"Not sent: {why}", "wake_at": None}
    session.execute(update(Delivery).where(*own).values(over | {"token": None, "lease_until": None}))
    session.flush()


def _stands_against(session: Session, contact: Contact, enrolment: Enrolment, now: datetime) -> bool:
    """Whether nobody is to be reminded: they left since, or no mail goes to them at all."""
    standing = read_standings(session, [contact], now)[contact.id]
    left_since = any(line.at >= enrolment.entered_at for line in standing.suppressed)
    return left_since or why_not_ask(standing, now) is not None


def _wakes_at(published: Published, enrolment: Enrolment, zone: ZoneInfo) -> datetime | None:
    return _reminds_at(published, enrolment, zone) or enrolment.date_at


def _reminds_at(published: Published, enrolment: Enrolment, zone: ZoneInfo) -> datetime | None:
    """When somebody is reminded who has not been yet, and may answer then."""
    after = published.library.business.consent.remind_after
    if enrolment.sequence != SystemMail.CONFIRM or after is None or REMINDER in enrolment.passed:
        return None
    at = add(enrolment.entered_at, after, zone)
    return at if enrolment.date_at is not None and at < enrolment.date_at else None


def _zone(session: Session, published: Published, contact_id: int) -> ZoneInfo:
    return zone_of(session.get_one(Contact, contact_id), published.library.business)
