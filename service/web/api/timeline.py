"""`/contacts/ID/timeline`: all that happened to a person and what is planned, in order, each touch with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Response

from service.actions.foresee import foresee
from service.actions.lives import NEW
from service.actions.proceed import find_step
from service.domain.access import Scope
from service.domain.simulation.calendar import Touch
from service.ports import Published
from service.store.contact import Consent, Contact
from service.store.decision import Decision
from service.store.delivery import Delivery, State
from service.store.event import Event
from service.store.history import zone_of
from service.store.merged import find_contact
from service.store.task import Task
from service.store.timeline import KINDS, Entry, read_timeline
from service.web.api.contacts import NOBODY, ContactPath
from service.web.api.operation import ROW, operation
from service.web.api.paging import cut, read_place
from service.web.api.refusal import refuse
from service.web.api.sentences import event_sentence, task_sentence
from service.web.api.sequence_schema import kind_of
from service.web.api.timeline_schema import (
    AheadEntry,
    ConsentEntry,
    DecisionOut,
    EventEntry,
    FeedbackOut,
    TaskEntry,
    TimelinePage,
    TimelineQuery,
    TouchEntry,
)
from service.web.api.unit import Unit, read

CONSENT = (
    "at",
    "topic",
    "act",
    "basis",
    "channel",
    "expires_at",
    "source",
    "form",
    "page",
    "user_agent",
    "wording",
    "version",
)
EVENT = ("id", "at", "name", "key", "about", "data", "value", "currency", "replaced")


@operation("get", f"/contacts/{ROW}/timeline", scope=Scope.CONTACTS_READ, answers={200: TimelinePage})
def contact_timeline(path: ContactPath, query: TimelineQuery) -> Response:
    """Read a person's timeline.

    Past and planned touches, each with its reason and with every decision about its mail; tasks that a reply opened;
    events, clicks of people among them; acts of consent.

    The first page tells under `ahead` what would come next, by the rules that send: mails with the time at which they
    would leave, or why they would wait or expire.
    """

    def look(unit: Unit) -> TimelinePage:
        contact = find_contact(unit.session, path.id)
        if contact is None:
            refuse("unknown-contact", NOBODY)
        zone = zone_of(contact, unit.published.library.business)
        entries = read_timeline(unit.session, contact.id, query.limit + 1, read_place(query.cursor, KINDS))
        page = cut(entries, query.limit, lambda entry: [entry.at, entry.kind, entry.id])
        items = [_give(entry, unit.published, zone) for entry in page.rows]
        ahead = _ahead(unit, contact, query.days) if query.days and query.cursor is None else None
        return TimelinePage(items=items, next=page.next, ahead=ahead)

    return read(look)


def _give(entry: Entry, published: Published, zone: ZoneInfo) -> TouchEntry | TaskEntry | EventEntry | ConsentEntry:
    local = entry.at.astimezone(zone).isoformat(timespec="seconds")
    row = entry.row
    if isinstance(row, Event):
        return EventEntry.model_validate(
            {name: getattr(row, name) for name in EVENT} | {"local": local, "sentence": event_sentence(row, published)}
        )
    if isinstance(row, Task):
        return TaskEntry.model_validate(
            {name: getattr(row, name) for name in ("id", "what", "assignee", "state")}
            | {"at": entry.at, "local": local, "sentence": task_sentence(row)}
        )
    if isinstance(row, Consent):
        return ConsentEntry.model_validate(
            {name: getattr(row, name) for name in CONSENT} | {"local": local, "network_address": row.address}
        )
    delivery, enrolment, task_id, decisions, told = row
    written = find_step(published, enrolment, delivery.step)
    return TouchEntry(
        at=entry.at,
        local=local,
        sequence=enrolment.sequence,
        step=delivery.step,
        kind=kind_of(written[1]) if written else "email",
        state=delivery.state,
        rule=delivery.rule,
        reason=delivery.reason,
        until=_until(delivery, decisions),
        mail_class=written[1].kind if written else None,
        transactional=delivery.priority == 0,
        enrolment=enrolment.id,
        delivery=delivery.id,
        task=task_id,
        decisions=[DecisionOut.model_validate(each) for each in decisions],
        feedback=[FeedbackOut.model_validate(each) for each in told],
    )


def _until(delivery: Delivery, decisions: Sequence[Decision]) -> datetime | None:
    """When a held mail is looked at again, and when one that pace holds, or nobody took yet, may leave soonest."""
    if delivery.state == State.CLEARED and decisions:
        return decisions[-1].until
    return delivery.wake_at if delivery.state == State.HELD else None


def _ahead(unit: Unit, contact: Contact, days: int) -> list[AheadEntry]:
    until = unit.now + timedelta(days=days)
    touches = foresee(unit.session, unit.published.library, contact, unit.now, until)
    return [_give_ahead(each) for each in touches]


def _give_ahead(touch: Touch) -> AheadEntry:
    is_open = touch.state == "held" and touch.kind == "task"
    holds = touch.holds[:-1] if touch.state == "held" else touch.holds
    return AheadEntry(
        at=touch.at,
        local=touch.local.isoformat(timespec="seconds"),
        sequence=touch.sequence,
        step=touch.step,
        kind=touch.kind,
        state="open" if is_open else touch.state,
        rule=touch.rule,
        reason=touch.reason,
        until=touch.at if touch.state == "held" and not is_open else None,
        holds=[each.reason for each in holds],
        mail_class=touch.mail_class,
        transactional=touch.transactional,
        enrolment=touch.enrolment if touch.enrolment < NEW else None,
        delivery=touch.number if touch.number < NEW else None,
    )
