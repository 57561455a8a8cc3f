"""`/deliveries`: what became of each mail; and a person's word on those of which nobody knows."""

from __future__ import annotations

from flask import Response
from pydantic import BaseModel, Field

from service.actions.resolve import Word, resolve
from service.domain.access import Scope
from service.store.delivery import Delivery, State
from service.store.enrolment import Enrolment
from service.store.search import search_deliveries
from service.web.api.idempotency import Answer
from service.web.api.operation import ROW, operation
from service.web.api.paging import LARGEST_ID, PageQuery, cut, never_null, read_id
from service.web.api.refusal import refuse
from service.web.api.schema import In, Instant, Line, Out, shown_as
from service.web.api.unit import Unit, read, write

ON = ("read_delivery", "resolve_delivery")
NONE = "There is no delivery with this id."


class DeliveryPath(BaseModel):
    id: int


class DeliveryQuery(PageQuery):
    """Which deliveries. Several conditions all hold."""

    state: State | None = Field(default=None, json_schema_extra=never_null)
    contact: int | None = Field(
        default=None, ge=1, le=LARGEST_ID, description="A contact's id.", json_schema_extra=never_null
    )


class ResolveIn(In):
    """What became of it: `sent`, or `resend` it."""

    model_config = shown_as({"as": "sent", "why": "it stands in the provider's log"})

    word: Word = Field(alias="as")
    why: Line = Field(default=None, description="How you know; it stands in the reason.")


class DeliveryOut(Out):
    """A touch by mail. `reason` says in one sentence why it is in its state."""

    id: int
    contact: int = Field(validation_alias="contact_id")
    enrolment: int = Field(validation_alias="enrolment_id")
    sequence: str
    step: str
    occasion: int = Field(description="0; 1 and up where the same step was asked for again.")
    state: State
    rule: str | None
    reason: str | None
    transactional: bool
    attempts: int
    message_id: str
    provider: str | None
    provider_id: str | None
    due_at: Instant
    expires_at: Instant | None
    handed_at: Instant | None
    sent_at: Instant | None


class DeliveryPage(Out):
    """Deliveries, the newest first."""

    items: list[DeliveryOut]
    next: str | None = Field(description="The cursor of the next page; null at the end.")


class ResolvedOut(Out):
    """The delivery that was uncertain, and the new one where it is sent again."""

    delivery: DeliveryOut
    again: DeliveryOut | None


@operation("get", "/deliveries", scope=Scope.DELIVERIES_READ, answers={200: DeliveryPage}, leads_to={"items/0/id": ON})
def list_deliveries(query: DeliveryQuery) -> Response:
    """List deliveries, the newest first.

    `state=uncertain` are those that a person should look at: they may have left or not, and are never sent again by
    themselves.
    """

    def look(unit: Unit) -> DeliveryPage:
        before = read_id(query.cursor)
        state = query.state.value if query.state else None
        found = search_deliveries(unit.session, query.limit + 1, before, state=state, contact_id=query.contact)
        page = cut(found, query.limit, lambda row: [row[0].id])
        return DeliveryPage(items=[_give(*row) for row in page.rows], next=page.next)

    return read(look)


@operation("get", f"/deliveries/{ROW}", scope=Scope.DELIVERIES_READ, answers={200: DeliveryOut})
def read_delivery(path: DeliveryPath) -> Response:
    """Read a delivery."""

    def look(unit: Unit) -> DeliveryOut:
        delivery = unit.session.get(Delivery, path.id)
        if delivery is None:
            refuse("not-found", NONE)
        return _give(delivery, _sequence(unit, delivery))

    return read(look)


@operation(
    "post",
    f"/deliveries/{ROW}/resolve",
    scope=Scope.DELIVERIES_WRITE,
    answers={200: ResolvedOut},
    problems={409: "It is not uncertain, or its step is gone; `detail` says which."},
)
def resolve_delivery(path: DeliveryPath, body: ResolveIn) -> Response:
    """Say what became of an uncertain delivery.

    `sent`: it arrived, as the provider's log or the recipient says. `resend`: it did not. Then this one is `failed`,
    and a new delivery (`again`) of the same step is due, with a Message-ID of its own; consent, window and caps are
    asked as for any mail. A second word is refused, so nothing is sent again twice.
    """

    def settle(unit: Unit) -> Answer:
        who = f"the key “{unit.key.name}”"
        resolved = resolve(unit.session, unit.published, path.id, body.word, who, unit.now, body.why or "")
        if resolved is None:
            refuse("not-found", NONE)
        sequence = _sequence(unit, resolved.delivery)
        again = _give(resolved.again, sequence) if resolved.again else None
        given = ResolvedOut(delivery=_give(resolved.delivery, sequence), again=again)
        return Answer(200, given.model_dump(mode="json"))

    return write(settle)


def _sequence(unit: Unit, delivery: Delivery) -> str:
    return unit.session.get_one(Enrolment, delivery.enrolment_id).sequence


def _give(delivery: Delivery, sequence: str) -> DeliveryOut:
    columns = {column.key: getattr(delivery, column.key) for column in Delivery.__table__.columns}
    return DeliveryOut.model_validate(columns | {"sequence": sequence, "transactional": delivery.priority == 0})
