"""`/contacts`: people, created or updated by their address; read, changed, forgotten."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response
from pydantic import BaseModel

from service.actions.change_contact import change_contact
from service.actions.erase import erase
from service.actions.merge import CantMerge, merge
from service.actions.sign_up import upsert_contact
from service.domain.access import Scope
from service.domain.contact import Address
from service.store.contact import Contact
from service.store.history import read_standings
from service.store.merged import find_contact, lock_contact
from service.store.search import search_contacts
from service.web.api.contact_schema import (
    ContactChanges,
    ContactIn,
    ContactOut,
    ContactPage,
    ContactQuery,
    ContactSearch,
)
from service.web.api.idempotency import Answer, IdempotencyHeader
from service.web.api.operation import ROW, operation
from service.web.api.paging import cut, read_id
from service.web.api.refusal import refuse
from service.web.api.schema import In, RowId, shown_as
from service.web.api.unit import Unit, read, write

MADE = "api.read_contact"
ON = ("read_contact", "contact_timeline", "update_contact", "merge_contacts", "forget_contact")
NOBODY = "There is no contact with this id; it may have been forgotten, or made one with another."


class ContactPath(BaseModel):
    id: int


class MergeIn(In):
    """The contact that goes."""

    model_config = shown_as({"contact": 4711})

    contact: RowId


@operation(
    "post", "/contacts", scope=Scope.CONTACTS_WRITE, answers={201: ContactOut, 200: ContactOut}, leads_to={"id": ON}
)
def save_contact(header: IdempotencyHeader, body: ContactIn) -> Response:
    """Create a contact, or update the one of this address.

    201 where it is new, 200 where it was there. A new stage begins the sequences that wait for it. Consents are
    added to those on file; who has unsubscribed stays unsubscribed.
    """

    def save(unit: Unit) -> Answer:
        source = body.source or "api"
        contact, is_new = upsert_contact(unit.session, unit.hash_key, body.email, {}, unit.now, source=source)
        _change(unit, contact, body)
        return _answer(unit, contact, 201 if is_new else 200)

    return write(save, header, made=MADE)


@operation("get", "/contacts", scope=Scope.CONTACTS_READ, answers={200: ContactPage}, leads_to={"items/0/id": ON})
def list_contacts(query: ContactQuery) -> Response:
    """List contacts, the newest first."""
    return read(lambda unit: _search(unit, query, None))


@operation(
    "post", "/contacts/search", scope=Scope.CONTACTS_READ, answers={200: ContactPage}, leads_to={"items/0/id": ON}
)
def find_contacts(body: ContactSearch) -> Response:
    """Find a contact by address, the newest first.

    It changes nothing, and is a POST because no address belongs into a URL, which proxies and browsers keep.
    """
    return read(lambda unit: _search(unit, body, body.email))


@operation("get", f"/contacts/{ROW}", scope=Scope.CONTACTS_READ, answers={200: ContactOut})
def read_contact(path: ContactPath) -> Response:
    """Read a contact.

    Whoever was made one with another is found by the old number too, here, in their timeline, in events, enrolments
    and changes; only forgetting, and making one once more, need the number that they have now.
    """

    def look(unit: Unit) -> ContactOut:
        contact = find_contact(unit.session, path.id)
        if contact is None:
            refuse("unknown-contact", NOBODY)
        return describe(unit, [contact])[0]

    return read(look)


@operation(
    "patch",
    f"/contacts/{ROW}",
    scope=Scope.CONTACTS_WRITE,
    answers={200: ContactOut},
    problems={409: "Another contact has the new address."},
)
def update_contact(path: ContactPath, body: ContactChanges) -> Response:
    """Change a contact.

    A new address takes the person's unsubscribes along.
    """

    def save(unit: Unit) -> Answer:
        contact = lock_contact(unit.session, path.id)
        if contact is None:
            refuse("unknown-contact", NOBODY)
        _change(unit, contact, body)
        return _answer(unit, contact, 200)

    return write(save)


@operation("delete", f"/contacts/{ROW}", scope=Scope.CONTACTS_WRITE, answers={204: None})
def forget_contact(path: ContactPath) -> Response:
    """Forget a contact for good.

    Everything that hangs on it goes too: consents, enrolments, deliveries, events. If the address is on the
    suppression list, it stays there, as a keyed hash.
    """

    def forget(unit: Unit) -> Answer:
        if not erase(unit.session, path.id):
            refuse("unknown-contact", NOBODY)
        return Answer(204, {})

    return write(forget)


@operation(
    "post",
    f"/contacts/{ROW}/merge",
    scope=Scope.CONTACTS_WRITE,
    answers={200: ContactOut},
    problems={409: "They are one already, or one of them is not there."},
)
def merge_contacts(path: ContactPath, header: IdempotencyHeader, body: MergeIn) -> Response:
    """Make two contacts one.

    The contact of the path stays, with its address; the other one goes, and all that was known of it passes on. Gaps
    are filled, nothing is overwritten. What either unsubscribed from stays so, and of a sequence that both were in the
    one goes on that is further. Links in old mails to either work for ever.
    """

    def make_one(unit: Unit) -> Answer:
        try:
            merge(unit.session, unit.published, path.id, body.contact, unit.now)
        except CantMerge as error:
            refuse("cant-merge", str(error))
        return _answer(unit, unit.session.get_one(Contact, path.id), 200)

    return write(make_one, header)


def _search(unit: Unit, query: ContactQuery, address: Address | None) -> ContactPage:
    found = search_contacts(
        unit.session,
        query.limit + 1,
        read_id(query.cursor),
        email_key=address.key if address else None,
        stage=query.stage,
        tag=query.tag,
    )
    page = cut(found, query.limit, lambda contact: [contact.id])
    return ContactPage(items=describe(unit, page.rows), next=page.next)


def _change(unit: Unit, contact: Contact, body: ContactChanges) -> None:
    change_contact(unit.session, unit.published, unit.hash_key, contact, body.changes(), unit.now)


def _answer(unit: Unit, contact: Contact, status: int) -> Answer:
    given = describe(unit, [contact])[0]
    return Answer(status, given.model_dump(mode="json"), contact_id=contact.id)


def describe(unit: Unit, contacts: Sequence[Contact]) -> list[ContactOut]:
    """Contacts as they are given out, in two queries however many they are."""
    standings = read_standings(unit.session, contacts, unit.now)
    return [
        ContactOut.model_validate(
            {name: getattr(contact, name) for name in ContactOut.model_fields if hasattr(contact, name)}
            | {
                "consented": sorted(standings[contact.id].agreed_to(unit.now)),
                "suppressed": standings[contact.id].suppressed,
            }
        )
        for contact in contacts
    ]
