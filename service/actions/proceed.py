"""What follows once a step is behind a person: the progress is noted and the next touch planned, in the same commit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from email.utils import parseaddr
from functools import lru_cache
from secrets import token_hex
from typing import Any, NamedTuple

import idna
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.domain.enrolment import passed
from service.domain.kind import MANNERS
from service.domain.schedule import Local, Progress, needs_rhythm, turns
from service.domain.sequence.model.sequence import Sequence
from service.domain.sequence.model.step import Step
from service.ports import Published
from service.store.delivery import Delivery, State
from service.store.enrolment import Draft, Enrolment
from service.store.handover import Way
from service.store.history import date_of
from service.store.letter import Inside

Plan = dict[str, Any]  # the columns of a touch to come


class Course(NamedTuple):
    """What is the same for everybody in a sequence: looked up once for many of them."""

    sequence: Sequence
    steps: Mapping[str, Step]  # by key
    needs_rhythm: bool


def course_of(published: Published, key: str) -> Course | None:
    """A sequence of the publication in force; None where it was taken out."""
    sequence = published.library.sequence(key)
    if sequence is None:
        return None
    return Course(sequence, {step.key: step for step in sequence.steps}, needs_rhythm(sequence))


def progress_of(enrolment: Enrolment | Draft | Way) -> Progress:
    """The row's progress as the core reads it."""
    return Progress(
        enrolment.entered_at,
        tuple(enrolment.passed),
        enrolment.last_done_at,
        enrolment.last_mail_at,
        enrolment.last_mail_step,
        date_of(enrolment),
        paused=enrolment.paused_at is not None,
        converted=enrolment.converted_at is not None,
        replanned_at=enrolment.replanned_at,
        passed_at=enrolment.passed_at,
    )


def put_behind(
    enrolment: Enrolment | Way, step: Step, at: datetime | None, over_at: datetime | None = None
) -> Progress:
    """Note that a step is behind: `at` when its mail left or may have, its task was opened, its action carried out;
    None where nothing of it was done, `over_at` being the end of its turn then. The progress since."""
    progress = passed(progress_of(enrolment), step, at, over_at)
    enrolment.passed = list(dict.fromkeys(progress.passed))
    enrolment.passed_at = progress.passed_at
    enrolment.last_done_at = progress.last_done_at
    enrolment.last_mail_at = progress.last_mail_at
    enrolment.last_mail_step = progress.last_mail_step
    return progress


def plan_next(published: Published, enrolment: Enrolment | Draft | Way, local: Local, now: datetime) -> Plan | None:
    """The touch that comes next, to be written by `write_plans`; the enrolment is woken when it is due.

    None where nothing comes, or where it takes the person's past to tell when: then the enrolment is woken at once.
    """
    course = course_of(published, enrolment.sequence)
    return plan_along(published, course, enrolment, progress_of(enrolment), local, now)


def plan_along(
    published: Published,
    course: Course | None,
    enrolment: Enrolment | Draft | Way,
    progress: Progress,
    local: Local,
    now: datetime,
) -> Plan | None:
    """The same, for whoever has the enrolment's course and progress at hand."""
    if course is None or enrolment.state != "active":
        enrolment.wake_at = now if enrolment.state == "active" else None
        return None
    unknown = local.rhythm is None and course.needs_rhythm
    in_line = [] if unknown else turns(course.sequence, progress, local)
    if not in_line:
        enrolment.wake_at = now
        return None
    enrolment.wake_at = in_line[0].due_at
    return plan(published, enrolment, in_line[0].step, in_line[0].due_at)


def plan(published: Published, enrolment: Enrolment | Draft | Way, step: Step, due: datetime) -> Plan:
    """The row of a touch that will be due."""
    return {
        "enrolment_id": enrolment.id,
        "contact_id": enrolment.contact_id,
        "step": step.key,
        "occasion": 0,
        "priority": MANNERS[step.kind].priority,
        "state": State.PLANNED,
        "due_at": due,
        "message_id": new_message_id(published),
    }


def write_plans(session: Session, plans: Iterable[Plan | None]) -> None:
    """Write planned touches, many in one statement. One that exists is moved, unless it has begun to leave."""
    rows = [each for each in plans if each is not None]
    if not rows:
        return
    planned = insert(Delivery)
    moved = {"due_at": planned.excluded.due_at, "priority": planned.excluded.priority}
    key = ["enrolment_id", "step", "occasion"]
    upsert = planned.on_conflict_do_update(index_elements=key, set_=moved, where=Delivery.state == State.PLANNED)
    session.connection().execute(upsert, rows)


def find_delivery(session: Session, enrolment: Enrolment, step: Step) -> Delivery:
    """The row of a step's first occasion."""
    key = (Delivery.enrolment_id == enrolment.id, Delivery.step == step.key, Delivery.occasion == 0)
    return session.scalars(select(Delivery).where(*key)).one()


def new_message_id(published: Published) -> str:
    """A Message-ID (RFC 5322 §3.6.4), fixed for a delivery; its left part is the idempotency key as well."""
    return f"<{token_hex(16)}@{_domain_of(published.library.business.sender)}>"


@lru_cache(maxsize=16)
def _domain_of(sender: str) -> str:
    domain = parseaddr(sender)[1].rpartition("@")[2]
    return domain if domain.isascii() else idna.encode(domain, uts46=True).decode()


def find_step(published: Published, enrolment: Enrolment | Inside | Way, key: str) -> tuple[Sequence, Step] | None:
    """The sequence and step of a delivery in the publication in force; None where it was taken out."""
    sequence = published.library.sequence(enrolment.sequence)
    step = sequence.step(key) if sequence else None
    return (sequence, step) if sequence and step else None
