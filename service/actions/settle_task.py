"""A colleague has done a task, skips it, or puts it off."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.orm import Session

from service.actions.asked_fields import read_asked, write_asked
from service.actions.carry_out import carry_out
from service.actions.held_task import Held, hold_task
from service.actions.outcomes import outcomes_of
from service.actions.receive_event import Seen, receive_event, wake
from service.actions.referral_task import lock_people_of
from service.actions.settle_referral import settle_referral
from service.actions.settle_reply import end_after_reply, go_on
from service.actions.staff_mail import cancel_staff_mail
from service.domain.field import Fault, Unfit
from service.domain.reason import done_by, skipped_by
from service.domain.sequence.model.business import Business
from service.domain.task import END, GO_ON, LONGEST_SNOOZE, REFUSE
from service.ports import Published
from service.store.delivery import State
from service.store.task import REFERRAL, Task

log = structlog.get_logger()


class TaskOver(Exception):  # noqa: N818 (what the answer says)
    """The task is done, skipped, expired or cancelled already; the message is a sentence."""


def settle_task(
    session: Session,
    published: Published,
    task_id: int,
    who: str,
    outcome: str | None,
    note: str | None,
    asked: Mapping[str, Any],
    now: datetime,
) -> Task | None:
    """`who` has done a task; None where there is no such task. The caller commits.

    What the step asks for is written to the contact, the event `task.done` wakes their enrolments, and the step's
    riding actions happen. Raises TaskOver; Unfit, where the outcome is none that the step offers or a value does not
    fit its field, and then nothing is to be kept.
    """
    held = _hold_open(session, published, task_id)
    if held is None:
        return None
    business = published.library.business
    outcome = outcome.strip().replace(" ", "-") if outcome else None
    faults = _outcome_faults(held, business, outcome)
    ask = held.written[1].task.ask if held.written and held.written[1].task else ()
    values, wrong = read_asked(ask, business, held.contact, asked)
    if faults or wrong:
        raise Unfit(*faults, *wrong)
    task = held.task
    task.outcome, task.note, task.asked = outcome, note or None, values
    _close(session, held, "done", State.DONE, done_by(who, outcome, note, now, ZoneInfo(business.zone)), now)
    write_asked(held.contact, values, now)
    session.flush()  # what follows asks the database
    if task.delivery_id is None:
        _settle_reply(session, held, who, outcome, now)
    if held.written is not None:
        undone = carry_out(session, published, held.enrolment, held.contact, held.written[1], now)
        if undone:
            held.say(f"{task.reason} {undone}")
    if held.enrolment.sequence == REFERRAL:
        settle_referral(session, published, held, who, outcome, note, now)
    _tell_of_it(session, published, held, now)
    return task


def _tell_of_it(session: Session, published: Published, held: Held, now: datetime) -> None:
    """The event `task.done`, which wakes what waits for it."""
    data = {
        "sequence": held.enrolment.sequence,
        "step": held.touch.step if held.touch else None,
        "value": held.task.outcome,
        "note": held.task.note,
        "enrolment": held.enrolment.id,
    }
    done = Seen("task.done", now, key=f"task:{held.task.id}", data=data)
    receive_event(session, published, held.contact, done, now)


def _settle_reply(session: Session, held: Held, who: str, outcome: str | None, now: datetime) -> None:
    if outcome == GO_ON:
        go_on(session, held.enrolment, who, now)
    else:
        end_after_reply(session, held.enrolment, f"{who} answered their reply, and ended it.", now)


def skip_task(
    session: Session, published: Published, task_id: int, who: str, reason: str | None, now: datetime
) -> Task | None:
    """`who` will not do a task, and says why; None where there is no such task. The caller commits.

    What waits for it goes on; nothing that rides on it happens. Raises TaskOver; Unfit for a task that a reply opened.
    """
    held = _hold_open(session, published, task_id)
    if held is None:
        return None
    if held.task.delivery_id is None:
        raise Unfit(Fault((), f"They wrote back, and the sequence waits: answer, then say “{GO_ON}” or “{END}”."))
    words = skipped_by(who, reason, now, ZoneInfo(published.library.business.zone))
    _close(session, held, "skipped", State.SKIPPED, words, now)
    session.flush()
    if held.enrolment.sequence == REFERRAL:
        settle_referral(session, published, held, who, REFUSE, reason, now)
    wake(session, held.contact.id, now)
    return held.task


def snooze_task(
    session: Session, published: Published, task_id: int, who: str, until: datetime, now: datetime
) -> Task | None:
    """`who` puts a task off `until` an instant (UTC); None where there is no such task. The caller commits.

    Raises TaskOver; Unfit where the instant is past, or more than a year away.
    """
    held = _hold_open(session, published, task_id)
    if held is None:
        return None
    if not now < until <= now + LONGEST_SNOOZE:
        raise Unfit(Fault(("until",), "This should lie ahead, and within a year."))
    task = held.task
    task.snoozed_until = until
    task.wake_at = held.times.wakes_at
    log.info("task.snoozed", task=task.id)
    return task


def _hold_open(session: Session, published: Published, task_id: int) -> Held | None:
    lock_people_of(session, task_id)
    held = hold_task(session, published, task_id)
    if held is not None and held.task.state != "open":
        raise TaskOver(held.task.reason or f"This task is {held.task.state} already.")
    return held


def _close(session: Session, held: Held, state: str, touch_state: State, reason: str, now: datetime) -> None:
    held.close(state, touch_state, reason, now)
    cancel_staff_mail(session, held.task, held.touch, f"the task is {state}.")
    log.info("task." + state, task=held.task.id)


def _outcome_faults(held: Held, business: Business, outcome: str | None) -> list[Fault]:
    offered = [each.value for each in outcomes_of(held.task, held.written, business)]
    if outcome in offered or (not offered and outcome is None) or held.is_removed:
        return []
    if not offered:
        return [Fault(("outcome",), "This task has no outcomes to choose from; leave it out.")]
    return [Fault(("outcome",), "Choose one of " + ", ".join(f"“{each}”" for each in offered) + ".")]
