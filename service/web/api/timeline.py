"""`/contacts/ID/timeline`: all that happened to a person and what is planned, in order, each touch with its reason."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from flask import Response

from service.actions.proceed import find_step
from service.domain.access import Scope
from service.ports import Published
from service.store.contact import Consent, Contact
from service.store.event import Event
from service.store.history import zone_of
from service.store.task import Task
from service.store.timeline import KINDS, Entry, read_timeline
from service.web.api.contacts import NOBODY, ContactPath
from service.web.api.operation import ROW, operation
from service.web.api.paging import PageQuery, cut, read_place
from service.web.api.refusal import refuse
from service.web.api.sentences import event_sentence, task_sentence
from service.web.api.sequence_schema import kind_of
from service.web.api.timeline_schema import ConsentEntry, EventEntry, TaskEntry, TimelinePage, TouchEntry
from service.web.api.unit import Unit, read

EVENT = ("id", "at", "name", "key", "about", "data", "value", "currency", "replaced")


@operation("get", f"/contacts/{ROW}/timeline", scope=Scope.CONTACTS_READ, answers={200: TimelinePage})
def contact_timeline(path: ContactPath, query: PageQuery) -> Response:
    """Read a person's timeline.

    Past and planned touches, each with its reason; tasks that a reply opened; events, clicks of people among them;
    acts of consent.
    """

    def look(unit: Unit) -> TimelinePage:
        contact = unit.session.get(Contact, path.id)
        if contact is None:
            refuse("unknown-contact", NOBODY)
        zone = zone_of(contact, unit.published.library.business)
        entries = read_timeline(unit.session, contact.id, query.limit + 1, read_place(query.cursor, KINDS))
        page = cut(entries, query.limit, lambda entry: [entry.at, entry.kind, entry.id])
        return TimelinePage(items=[_give(entry, unit.published, zone) for entry in page.rows], next=page.next)

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
            {name: getattr(row, name) for name in ("at", "topic", "act", "basis", "source", "wording")}
            | {"local": local}
        )
    delivery, enrolment, task_id = row
    written = find_step(published, enrolment, delivery.step)
    return TouchEntry(
        at=entry.at,
        local=local,
        sequence=enrolment.sequence,
        step=delivery.step,
        kind=kind_of(written[1]) if written else "email",
        state=delivery.state,
        reason=delivery.reason,
        mail_class=written[1].kind if written else None,
        transactional=delivery.priority == 0,
        enrolment=enrolment.id,
        delivery=delivery.id,
        task=task_id,
    )
