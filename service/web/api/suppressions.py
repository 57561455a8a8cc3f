"""`/suppressions`: whom nothing is sent to, why, and until when."""

from __future__ import annotations

from typing import Literal

from flask import Response
from pydantic import BaseModel, Field

from service.actions.keep_list import NeedsReason, lift, put_on_list
from service.domain.access import Scope
from service.domain.contact import Address, address_hash
from service.domain.field import Fault, Unfit
from service.domain.suppression import Line as Listed
from service.store.contact import Suppression
from service.store.suppression import find_line, search_list
from service.web.api.idempotency import Answer, IdempotencyHeader
from service.web.api.operation import ROW, operation
from service.web.api.paging import PageQuery, cut, never_null, read_id
from service.web.api.refusal import refuse
from service.web.api.schema import Email, In, Instant, Line, Moment, Out, searched_as, shown_as
from service.web.api.unit import Unit, read, write

ON = ("read_suppression", "lift_suppression")
NONE = "There is no line with this id."
Reason = Literal["manual", "unsubscribed", "complained", "bounced", "unengaged"]


class LinePath(BaseModel):
    id: int


class LineQuery(PageQuery):
    """Which lines. Several conditions all hold."""

    topic: str | None = Field(default=None, max_length=200, json_schema_extra=never_null)
    reason: Reason | None = Field(default=None, json_schema_extra=never_null)


class LineSearch(LineQuery):
    """Which lines, by their address too. Several conditions all hold."""

    model_config = searched_as({"email": "ana@example.org"})

    email: Email | None = Field(default=None, description="The lines of this address.", json_schema_extra=never_null)


class WhyQuery(BaseModel):
    """How you know that mail is wanted again."""

    why: str = Field(default="", max_length=200, description="Needed where the reason is `complained` or `bounced`.")


class LineIn(In):
    """Whom not to write to: about one topic, or about anything."""

    model_config = shown_as({"email": "ana@example.org", "reason": "manual"})

    email: Email
    topic: Line = Field(default=None, description="A topic of business.yaml; all mail where it is left out.")
    reason: Reason = "manual"
    expires_at: Moment = Field(default=None, description="Until when; for good where it is left out.")


class LineOut(Out):
    """A line of the list. `email` is null where nobody with this address is known any more: only a hash is kept."""

    id: int
    email: str | None
    topic: str | None
    reason: str
    source: str
    at: Instant
    expires_at: Instant | None


class LinesPage(Out):
    """Lines, the newest first."""

    items: list[LineOut]
    next: str | None = Field(description="The cursor of the next page; null at the end.")


@operation("get", "/suppressions", scope=Scope.SUPPRESSIONS_READ, answers={200: LinesPage}, leads_to={"items/0/id": ON})
def list_suppressions(query: LineQuery) -> Response:
    """List whom nothing is sent to, the newest first."""
    return read(lambda unit: _search(unit, query, None))


@operation(
    "post", "/suppressions/search", scope=Scope.SUPPRESSIONS_READ, answers={200: LinesPage}, leads_to={"items/0/id": ON}
)
def find_suppressions(body: LineSearch) -> Response:
    """Find what stands on the list for an address, the newest first.

    It changes nothing, and is a POST because no address belongs into a URL, which proxies and browsers keep.
    """
    return read(lambda unit: _search(unit, body, body.email))


@operation(
    "post",
    "/suppressions",
    scope=Scope.SUPPRESSIONS_WRITE,
    answers={201: LineOut, 200: LineOut},
    leads_to={"id": ON},
)
def suppress(header: IdempotencyHeader, body: LineIn) -> Response:
    """Put an address on the list.

    201 with the line; 200 where it stood there already. Whoever has the address leaves the sequences that the line is
    about at once; it need not be a contact's. Mail that is on its way to its provider can't be called back.
    """

    def keep(unit: Unit) -> Answer:
        if body.topic is not None and unit.published.library.business.topic(body.topic) is None:
            raise Unfit(Fault(("topic",), f"There is no topic “{body.topic}” in business.yaml."))
        if body.expires_at is not None and body.expires_at.tzinfo is None:
            raise Unfit(Fault(("expires_at",), "Say the offset too, like 2026-12-24T09:00:00+01:00."))
        if body.expires_at is not None and body.expires_at <= unit.now:
            raise Unfit(Fault(("expires_at",), "This is over already."))
        known = _hash(unit, body.email)
        line = Listed(known, body.topic, body.reason, f"api:{unit.key.name}", unit.now, body.expires_at)
        changed = put_on_list(unit.session, unit.published, line, unit.now)
        [(row, email)] = search_list(unit.session, 1, None, address_hash=known, reason=body.reason)
        return Answer(201 if changed else 200, _give(row, email).model_dump(mode="json"))

    return write(keep, header)


@operation("get", f"/suppressions/{ROW}", scope=Scope.SUPPRESSIONS_READ, answers={200: LineOut})
def read_suppression(path: LinePath) -> Response:
    """Read a line."""

    def look(unit: Unit) -> LineOut:
        found = find_line(unit.session, path.id)
        if found is None:
            refuse("not-found", NONE)
        return _give(*found)

    return read(look)


@operation(
    "delete",
    f"/suppressions/{ROW}",
    scope=Scope.SUPPRESSIONS_WRITE,
    answers={204: None},
    problems={409: "They complained, or their mailbox is dead: say `why`."},
)
def lift_suppression(path: LinePath, query: WhyQuery) -> Response:
    """Take a line off the list.

    It gives no consent and begins nothing: what they agreed to before counts again. Who complained, or whose mailbox
    refused mail for good, is taken off only with a reason; it stands in their timeline.
    """

    def take_off(unit: Unit) -> Answer:
        try:
            done = lift(unit.session, unit.published, path.id, f"the key “{unit.key.name}”", query.why, unit.now)
        except NeedsReason as error:
            refuse("needs-reason", str(error))
        if not done:
            refuse("not-found", NONE)
        return Answer(204, {})

    return write(take_off)


def _search(unit: Unit, query: LineQuery, address: Address | None) -> LinesPage:
    found = search_list(
        unit.session,
        query.limit + 1,
        read_id(query.cursor),
        address_hash=_hash(unit, address) if address else None,
        topic=query.topic,
        reason=query.reason,
    )
    page = cut(found, query.limit, lambda each: [each[0].id])
    return LinesPage(items=[_give(*each) for each in page.rows], next=page.next)


def _hash(unit: Unit, address: Address) -> bytes:
    return address_hash(unit.hash_key, address.key)


def _give(line: Suppression, email: str | None) -> LineOut:
    columns = {column.key: getattr(line, column.key) for column in Suppression.__table__.columns}
    return LineOut.model_validate(columns | {"email": email})
