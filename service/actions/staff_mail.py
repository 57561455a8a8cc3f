"""Mail to a colleague about a task: when it opens, and once when it is overdue."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.actions.outcomes import look_outcomes, reply_outcomes
from service.actions.proceed import new_message_id
from service.domain.sequence.model.business import Business
from service.ports import Published, StaffLetter
from service.store.contact import Contact
from service.store.delivery import Delivery, State
from service.store.enrolment import Enrolment
from service.store.history import read_contacts
from service.store.letter import Mail
from service.store.task import LOOK_AT, REPLY, Task, read_staff_tasks

KEEPS = timedelta(days=3)
UNSENT = (State.DUE, State.HELD, State.CLEARED)

BRIEFING = {
    "en": "{who} has written back. Please answer. “{title}” sends them nothing until you say whether it goes on.",
    "de": "{who} hat zurückgeschrieben. Bitte antworte. Bis du sagst, ob es weitergeht, schickt „{title}“ nichts mehr.",
}


def reply_briefing(business: Business, contact: Contact, title: str) -> str:
    """What a colleague has to know who answers a reply."""
    name = " ".join(each for each in (contact.first_name, contact.last_name) if each)
    who = f"{name} ({contact.email})" if name else contact.email
    return BRIEFING.get(business.languages[0][:2], BRIEFING["en"]).format(who=who, title=title)


def write_staff_mail(
    session: Session, published: Published, task: Task, touch: Delivery | None, address: str, now: datetime
) -> None:
    """Queue a mail about a task, due now: the first one of its touch tells that it opened, the second reminds.

    The contact is locked already; the caller commits. A mail that is there already stays as it is.
    """
    step = touch.step if touch else REPLY
    of_step = (Delivery.enrolment_id == task.enrolment_id, Delivery.step == step)
    last: int = session.scalar(select(func.max(Delivery.occasion)).where(*of_step)) or 0
    first = 2 if task.reminded_at else 1
    session.execute(
        insert(Delivery)
        .values(
            enrolment_id=task.enrolment_id,
            contact_id=task.contact_id,
            step=step,
            occasion=first if touch else last + 1,
            priority=0,
            staff_to=address,
            state=State.DUE,
            rule="task",
            reason=f"Due: {'reminds' if task.reminded_at else 'tells'} {task.assignee} of a task.",
            due_at=now,
            wake_at=now,
            expires_at=now + KEEPS,
            message_id=new_message_id(published),
        )
        .on_conflict_do_nothing()
    )


def cancel_staff_mail(session: Session, task: Task, touch: Delivery | None, reason: str) -> None:
    """Nobody has to be told any more; what was handed over is on its way."""
    step = touch.step if touch else REPLY
    session.execute(
        update(Delivery)
        .where(
            Delivery.enrolment_id == task.enrolment_id,
            Delivery.step == step,
            Delivery.staff_to.is_not(None),
            Delivery.state.in_(UNSENT),
        )
        .values(state=State.CANCELLED, rule="task", reason=f"Not sent: {reason}", wake_at=None)
    )


def staff_letters(session: Session, published: Published, mails: Collection[Mail]) -> dict[int, StaffLetter]:
    """What each mail to a colleague says of its task, by the mail's id; those whose task is gone are left out."""
    business = published.library.business
    tasks = read_staff_tasks(session, mails)
    contacts = read_contacts(session, {task.contact_id for task in tasks.values()})
    enrolments = {each.enrolment_id for each in tasks.values() if each.delivery_id is None}
    keys = dict(session.execute(select(Enrolment.id, Enrolment.sequence).where(Enrolment.id.in_(enrolments))).all())
    letters: dict[int, StaffLetter] = {}
    for mail in mails:
        task = tasks.get(mail.id)
        if task is None:
            continue
        is_reply = task.delivery_id is None
        key = keys.get(task.enrolment_id, "")
        sequence = published.library.sequence(key)
        title = sequence.title if sequence else key
        letters[mail.id] = StaffLetter(
            task_id=task.id,
            due_at=task.due_at,
            is_reminder=task.reminded_at is not None and mail.due_at >= task.reminded_at,
            what=task.what,
            cost=task.cost,
            briefing=reply_briefing(business, contacts[task.contact_id], title) if is_reply else "",
            outcomes=_outcomes(business, task, is_reply),
            remark=task.reason or "",
        )
    return letters


def _outcomes(business: Business, task: Task, is_reply: bool) -> tuple[tuple[str, str], ...]:
    """Those that no file offers."""
    if is_reply:
        return reply_outcomes(business)
    return look_outcomes(business) if task.what == LOOK_AT else ()
