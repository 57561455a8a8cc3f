"""A person says what became of an uncertain delivery: it was sent, or it is to be sent again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.actions.case import Case, read_cases
from service.actions.send_again import send_again
from service.actions.system_mail import ask
from service.domain.system_mail import is_system
from service.ports import Published
from service.store.contact import lock_contacts
from service.store.delivery import Delivery, State

log = structlog.get_logger()

Word = Literal["sent", "resend"]


class CannotResolve(Exception):  # noqa: N818 (what the answer says)
    """This delivery takes no such word now; the message is a sentence that says why."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """The delivery, and the new one where it is sent again."""

    delivery: Delivery
    again: Delivery | None = None


def resolve(
    session: Session, published: Published, delivery_id: int, word: Word, who: str, now: datetime, why: str = ""
) -> Resolved | None:
    """Settle an uncertain delivery as `who` says; None where there is no such delivery. The caller commits.

    The uncertain row itself never goes back: its bytes leave at most once, whatever a frozen worker does with them
    later. To send again is a row of its own, the step's next occasion, which is asked about like any other mail
    (consent, window, caps). The old row becomes `failed` in the same commit and gives its slot back, so a second
    word finds nothing uncertain and no mail is sent again twice. Raises CannotResolve.
    """
    contact_id = session.scalar(select(Delivery.contact_id).where(Delivery.id == delivery_id))
    if contact_id is None or not lock_contacts(session, [contact_id]):
        return None
    case = next(iter(read_cases(session, published, Delivery.id == delivery_id)), None)
    if case is None:
        return None
    if case.delivery.state != State.UNCERTAIN:
        raise CannotResolve(f"Only an uncertain delivery can be resolved; this one is {case.delivery.state}.")
    because = f" ({why})" if why else ""
    log.info("delivery.resolved", delivery=delivery_id, word=word, who=who)
    if word == "sent":
        _settle(case.delivery, State.SENT, f"Sent: {who} says so{because}.")
        case.delivery.sent_at = case.delivery.handed_at
        return Resolved(case.delivery)
    return Resolved(case.delivery, _send_again(session, published, case, who, because, now))


def _send_again(session: Session, published: Published, case: Case, who: str, because: str, now: datetime) -> Delivery:
    reason = f"Due: sent again, because {who} says that delivery {case.delivery.id} did not arrive{because}."
    if is_system(case.enrolment.sequence):
        if case.enrolment.state != "active":
            raise CannotResolve("What it asks is settled, or too late, so there is nothing to send again.")
        again = ask(session, published, case.enrolment, now, case.delivery.step, reason)
    elif case.written is None:
        raise CannotResolve("Its step was taken out of the sequence, so there are no words to send again.")
    else:
        again = send_again(
            session, published, case.contact, case.enrolment, case.written, now, rule="resend", reason=reason
        )
    _settle(case.delivery, State.FAILED, f"Not sent: {who} says so{because}; sent again as delivery {again.id}.")
    return again


def _settle(delivery: Delivery, state: State, reason: str) -> None:
    delivery.state, delivery.rule, delivery.reason = state, "resolved", reason
    delivery.token = delivery.lease_until = None
