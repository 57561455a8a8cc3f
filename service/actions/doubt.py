"""After a backup was brought back: what may have left since it was made is doubted, and never sent a second time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from service.actions.proceed import find_step
from service.ports import Published
from service.store.bulk import among
from service.store.delivery import Delivery, State
from service.store.enrolment import Enrolment

BATCH = 5_000


def doubt(session: Session, published: Published, now: datetime) -> int:
    """Give every mail whose time has come by `now` (journey time) for handed over without an answer; how many.

    What the backup holds as planned, due, held or cleared may have left after it was made. `reap` makes each of them
    `uncertain`, its chain goes on, and an operator can tell from the mail server's log. The caller commits; nothing
    else may be at work.
    """
    came = or_(
        Delivery.state.in_((State.DUE, State.CLEARED)),
        (Delivery.state == State.HELD) & (Delivery.wake_at <= now),
        (Delivery.state == State.PLANNED) & (Delivery.due_at <= now),
    )
    query = select(Delivery.id, Delivery.step, Delivery.staff_to, Enrolment).join(Enrolment).where(came)
    rows = session.execute(query.execution_options(yield_per=BATCH))
    mails = [number for number, step, staff, inside in rows if staff or _is_mail(published, inside, step)]
    given = {
        "state": State.HANDED,
        "token": None,
        "pace_group": None,
        "wake_at": None,
        "lease_until": func.clock_timestamp(),
        "handed_at": func.coalesce(Delivery.handed_at, func.least(Delivery.due_at, now)),
        "handed_machine_at": func.coalesce(Delivery.handed_machine_at, func.clock_timestamp()),
    }
    for start in range(0, len(mails), BATCH):
        these = among(Delivery.id, mails[start : start + BATCH])
        session.execute(update(Delivery).where(these).values(given), execution_options={"synchronize_session": False})
    return len(mails)


def _is_mail(published: Published, inside: Enrolment, key: str) -> bool:
    """A step that was taken out of its file was a mail, as far as anybody knows."""
    written = find_step(published, inside, key)
    return written is None or written[1].is_email
