"""`/events`: what the booking system, shop or CRM saw."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from flask import Response

from service.actions.tell import UNKNOWN_CONTACT, Receipt, tell
from service.domain.access import Scope
from service.domain.field import Unfit
from service.web.api.event_schema import EventReceipt, EventsIn, EventsTaken
from service.web.api.idempotency import Answer, IdempotencyHeader
from service.web.api.operation import operation
from service.web.api.refusal import refuse
from service.web.api.unit import JSON, Unit, write
from service.web.current import current_reception


@operation(
    "post",
    "/events",
    scope=Scope.EVENTS_WRITE,
    answers={202: EventsTaken, 200: EventReceipt},
    problems={404: "One event, and no such contact. (In a list, 422 says which ones.)"},
)
def tell_events(header: IdempotencyHeader, body: EventsIn) -> Response:
    """Tell what happened: one event, or a list of up to 1,000.

    202 with the event's id; 200 where the same name and key were told before. A list is taken whole or not at all, in
    its order, and is always answered with 202 and `items`, one for each event. What has to follow (letters that
    begin, stop or reach their goal) follows within seconds.
    """
    told = body.told()
    one = not isinstance(body.root, list)
    receipt = current_reception().hear(told[0]) if one and header.key is None else None
    if receipt is not None:
        return Response(json.dumps(_give([receipt])[0]), 202, mimetype=JSON)

    def keep(unit: Unit) -> Answer:
        try:
            receipts = tell(unit.session, unit.published, told, unit.now)
        except Unfit as error:
            raise _of_one(error) if one else error from None
        given = _give(receipts)
        return Answer(202, {"items": given}) if not one else Answer(200 if given[0]["duplicate"] else 202, given[0])

    return write(keep, header)


def _give(receipts: Sequence[Receipt]) -> list[dict[str, Any]]:
    """As EventReceipt describes them; a thousand objects would be made only to be taken apart again."""
    return [{"id": each.id, "contact": each.contact_id, "duplicate": each.duplicate} for each in receipts]


def _of_one(error: Unfit) -> Unfit:
    """The same of an event that was sent alone: nobody is 404 there, and paths need no number."""
    if any(fault.code == UNKNOWN_CONTACT for fault in error.faults):
        refuse("unknown-contact", error.faults[0].sentence)
    return Unfit(*(replace(fault, path=fault.path[1:]) for fault in error.faults))
