"""`/enrolments`: one person's way through one sequence; begun and ended by hand."""

from __future__ import annotations

from typing import Any, Self

from flask import Response
from pydantic import BaseModel, Field, model_validator
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.actions.enrol_by_hand import enrol_by_hand, take_out
from service.domain.access import Scope
from service.store.contact import Contact
from service.store.enrolment import Enrolment
from service.store.merged import lock_contact
from service.web.api.idempotency import Answer, IdempotencyHeader
from service.web.api.operation import ROW, operation
from service.web.api.refusal import refuse
from service.web.api.schema import Email, In, Instant, Name, Out, RowId, shown_as
from service.web.api.sequence_schema import SequencePath
from service.web.api.sequences import find_sequence
from service.web.api.unit import Unit, read, write

MADE = "api.read_enrolment"
NONE = "There is no enrolment with this id."


class EnrolmentPath(BaseModel):
    id: int


class EnrolmentIn(In):
    """Whom to let in: `email` or `contact`, one of them."""

    model_config = shown_as({"email": "ana@example.org"})

    email: Email | None = None
    contact: RowId | None = Field(default=None, description="The contact's id.")
    data: dict[Name, Any] = Field(default={}, max_length=50, description="What `event.…` says in its letters.")

    @model_validator(mode="after")
    def _one_person(self) -> Self:
        if (self.email is None) == (self.contact is None):
            raise ValueError("Say who is to enter: `email` or `contact`, one of them.")
        return self


class EnrolmentOut(Out):
    """An enrolment. `passed` are the steps behind the person, in their order, done or not."""

    id: int
    contact: int = Field(validation_alias="contact_id")
    sequence: str
    state: str = Field(description="`active`, `finished`, `converted`, `stopped`, `left`.")
    why: str | None = Field(description="Why it ended, or what it waits for.")
    entered_at: Instant
    ended_at: Instant | None
    passed: list[str]
    arm: str | None
    data: dict[str, Any]


@operation(
    "post",
    "/sequences/<key>/enrolments",
    scope=Scope.ENROLMENTS_WRITE,
    answers={201: EnrolmentOut, 200: EnrolmentOut},
    leads_to={"id": ("read_enrolment", "end_enrolment")},
    problems={409: "The sequence does not let this person in; `detail` says why and what to do."},
)
def enrol_contact(path: SequencePath, header: IdempotencyHeader, body: EnrolmentIn) -> Response:
    """Let a person into a sequence.

    201 with the new enrolment; 200 with the one there is where the person is inside already. The sequence's own
    `when` and `again` hold, and nobody enters who may not be written to about its topic.
    """

    def begin(unit: Unit) -> Answer:
        sequence = find_sequence(unit, path.key)
        contact = _lock(unit.session, body)
        entered = enrol_by_hand(unit.session, unit.published, contact, sequence, body.data, unit.now)
        given = EnrolmentOut.model_validate(entered.enrolment).model_dump(mode="json")
        return Answer(201 if entered.is_new else 200, given, contact_id=contact.id)

    return write(begin, header, made=MADE)


@operation("get", f"/enrolments/{ROW}", scope=Scope.ENROLMENTS_READ, answers={200: EnrolmentOut})
def read_enrolment(path: EnrolmentPath) -> Response:
    """Read an enrolment."""

    def look(unit: Unit) -> EnrolmentOut:
        enrolment = unit.session.get(Enrolment, path.id)
        if enrolment is None:
            refuse("not-found", NONE)
        return EnrolmentOut.model_validate(enrolment)

    return read(look)


@operation("delete", f"/enrolments/{ROW}", scope=Scope.ENROLMENTS_WRITE, answers={200: EnrolmentOut})
def end_enrolment(path: EnrolmentPath) -> Response:
    """Take a person out of a sequence.

    What has not left is cancelled, with the reason. An enrolment that is over already stays as it ended.
    """

    def end(unit: Unit) -> Answer:
        enrolment = take_out(unit.session, path.id, f"the key “{unit.key.name}” through the API", unit.now)
        if enrolment is None:
            refuse("not-found", NONE)
        return Answer(200, EnrolmentOut.model_validate(enrolment).model_dump(mode="json"))

    return write(end)


def _lock(session: Session, body: EnrolmentIn) -> Contact:
    contact_id = body.contact
    if body.email is not None:
        contact_id = session.scalar(select(Contact.id).where(Contact.email_key == body.email.key))
    contact = lock_contact(session, contact_id) if contact_id is not None else None
    if contact is None:
        refuse("unknown-contact", "There is no such contact; create it with POST /api/v1/contacts first.")
    return contact
