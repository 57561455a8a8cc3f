"""Programs tell what happened, one event or a thousand: all of it is taken, or nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from service.actions.receive_event import Seen, begins_something, keep_quietly, receive_event
from service.actions.refer import qualified
from service.domain.contact import Address
from service.domain.effect import STAGE_AFTER
from service.domain.event import read_data, why_no_event
from service.domain.field import Fault, Unfit, in_utc
from service.domain.referral import QUALIFYING
from service.domain.sequence.model.business import Business
from service.ports import Published
from service.store.contact import Contact, find_by_key
from service.store.event import Event
from service.store.history import read_contacts, zone_of
from service.store.merged import who_are_now
from service.store.referral import who_waits
from service.store.told import Person, lock_people

AHEAD = timedelta(days=1)  # a clock or zone set wrong; further ahead, `at` is not when something happened
UNKNOWN_CONTACT = "unknown-contact"


@dataclass(frozen=True, slots=True)
class Told:
    """An event in a program's words. `who` is an address or a contact's id; `at` may be without an offset."""

    who: Address | int
    name: str
    at: datetime | None = None
    key: str | None = None
    about: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    value: Decimal | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """The event's id; `duplicate` where the same name and key were told before, and this changed nothing."""

    id: int
    contact_id: int
    duplicate: bool


def tell(session: Session, published: Published, told: Sequence[Told], now: datetime) -> list[Receipt]:
    """Keep events, in their order; one receipt each. The caller commits.

    Raises Unfit with every fault found, each under its event's place in `told`; then nothing is to be kept.
    """
    business = published.library.business
    unknown = {name: _name_faults(name, business) for name in dict.fromkeys(each.name for each in told)}
    _refuse([_under(at, unknown[each.name]) for at, each in enumerate(told)])
    found = _find(session, told)
    concerned = {each for each in found if each is not None}
    visitors = {who for each, who in zip(told, found, strict=True) if who is not None and each.name in QUALIFYING}
    brought = who_waits(session, visitors)
    people = lock_people(session, concerned | set(brought.values()))
    if now_others := who_are_now(session, concerned - set(people)):
        return tell(session, published, [_renumbered(each, now_others) for each in told], now)
    seen: list[tuple[int, Seen]] = []
    faults: list[list[Fault]] = []
    for at, (each, who) in enumerate(zip(told, found, strict=True)):
        person = people.get(who) if who is not None else None
        if person is None:
            faults.append(_under(at, [_nobody(each)]))
            continue
        event, wrong = _read(each, person, business, now)
        seen.append((person.id, event))
        faults.append(_under(at, wrong))
    _refuse(faults)
    quiet = _quiet(published, seen, people, brought)
    return _receipts(session, seen, _keep_all(session, published, seen, quiet, now))


def is_quiet(published: Published, told: Told) -> bool:
    """Whether an event can be kept by `tell_quietly`, as far as can be seen without looking at anybody."""
    return (
        told.about is None
        and told.name not in QUALIFYING
        and why_no_event(told.name, published.library.business) is None
        and not begins_something(published, told.name)
    )


def tell_quietly(session: Session, published: Published, told: Sequence[Told], now: datetime) -> list[Receipt | None]:
    """Keep what several programs tell at the same time, each of it quiet. The caller commits.

    None for what is wrong, or needs `tell` after all: nothing of that was kept.
    """
    business = published.library.business
    found = _find(session, told)
    people = lock_people(session, {who for who in found if who is not None})
    seen: list[tuple[int, tuple[int, Seen]]] = []
    for at, (each, who) in enumerate(zip(told, found, strict=True)):
        person = people.get(who) if who is not None else None
        if person is not None and STAGE_AFTER.get(each.name, person.stage) == person.stage:
            event, wrong = _read(each, person, business, now)
            if not wrong:
                seen.append((at, (person.id, event)))
    receipts: list[Receipt | None] = [None] * len(told)
    if seen:
        ids = keep_quietly(session, published, [each for _, each in seen], now)
        for (at, (who, _)), id_ in zip(seen, ids, strict=True):
            receipts[at] = Receipt(id_, who, duplicate=False) if id_ is not None else None
    return receipts


def _quiet(
    published: Published,
    seen: Sequence[tuple[int, Seen]],
    people: Mapping[int, Person],
    brought: Collection[int],
) -> set[int]:
    """Those of whom nothing is told that would begin or change anything."""
    begins = {name: begins_something(published, name) for name in {event.name for _, event in seen}}
    moved = {
        who
        for who, event in seen
        if begins[event.name] or event.about or STAGE_AFTER.get(event.name, people[who].stage) != people[who].stage
    }
    return {who for who, _ in seen} - moved - set(brought)


def _keep_all(
    session: Session, published: Published, seen: Sequence[tuple[int, Seen]], quiet: Collection[int], now: datetime
) -> list[int | None]:
    """The ids of the events, None where one was told before: those about quiet people at once, the others in turn."""
    ids: dict[int, int | None] = {}
    at_once = [at for at, (who, _) in enumerate(seen) if who in quiet]
    if at_once:
        kept = keep_quietly(session, published, [seen[at] for at in at_once], now)
        ids.update(zip(at_once, kept, strict=True))
    contacts = read_contacts(session, {who for who, _ in seen} - set(quiet)) if len(at_once) < len(seen) else {}
    for at, (who, event) in enumerate(seen):
        if at not in ids:
            ids[at] = _keep(session, published, contacts[who], event, now)
    return [ids[at] for at in range(len(seen))]


def _keep(session: Session, published: Published, contact: Contact, event: Seen, now: datetime) -> int | None:
    event_id = receive_event(session, published, contact, event, now)
    qualified(session, published, contact, event.name, now, event.value, event.currency)
    return event_id


def _refuse(faults: Sequence[Sequence[Fault]]) -> None:
    all_faults = [fault for of_one in faults for fault in of_one]
    if all_faults:
        raise Unfit(*all_faults)


def _under(at: int, faults: Sequence[Fault]) -> list[Fault]:
    return [replace(fault, path=(at, *fault.path)) for fault in faults]


def _name_faults(name: str, business: Business) -> list[Fault]:
    sentence = why_no_event(name, business)
    return [Fault(("name",), sentence)] if sentence else []


def _renumbered(told: Told, now_others: Mapping[int, int]) -> Told:
    """The same about the contact that an old number means now."""
    known = told.who if isinstance(told.who, Address) else now_others.get(told.who, told.who)
    return replace(told, who=known)


def _nobody(told: Told) -> Fault:
    named = "email" if isinstance(told.who, Address) else "contact"
    return Fault((named,), "There is no such contact; create it with POST /api/v1/contacts first.", UNKNOWN_CONTACT)


def _find(session: Session, told: Sequence[Told]) -> list[int | None]:
    """The contact's id of each event, None where nobody is there."""
    keys = {each.who.key for each in told if isinstance(each.who, Address)}
    by_key = find_by_key(session, keys) if keys else {}
    return [by_key.get(each.who.key) if isinstance(each.who, Address) else each.who for each in told]


def _read(told: Told, contact: Person, business: Business, now: datetime) -> tuple[Seen, list[Fault]]:
    zone = zone_of(contact, business)
    at = in_utc(told.at, zone) if told.at else now
    data, faults = read_data(told.name, told.data, business, zone)
    if at > now + AHEAD:
        faults.append(Fault(("at",), "This lies ahead; `at` is when it happened. A date to come belongs in `data`."))
    currency = told.currency or (business.currency if told.value is not None else None)
    return Seen(told.name, at, told.key, told.about, data, told.value, currency), faults


def _receipts(session: Session, seen: Sequence[tuple[int, Seen]], ids: Sequence[int | None]) -> list[Receipt]:
    """Who was told before gets the first event's id. Raises Unfit where that one was about somebody else."""
    again = {(event.name, event.key) for (_, event), id_ in zip(seen, ids, strict=True) if id_ is None}
    known: dict[tuple[str, str | None], tuple[int, int]] = {}
    if again:
        query = select(Event.name, Event.key, Event.id, Event.contact_id)
        for name, key, event_id, contact_id in session.execute(
            query.where(Event.key.is_not(None), tuple_(Event.name, Event.key).in_(again))
        ):
            known[name, key] = (event_id, contact_id)
    receipts, faults = [], []
    for at, ((who, event), id_) in enumerate(zip(seen, ids, strict=True)):
        first, of = (id_, who) if id_ is not None else known[event.name, event.key]
        receipts.append(Receipt(first, who, duplicate=id_ is None))
        if of != who:
            sentence = "This key was told before, about somebody else; every event needs a key of its own."
            faults.append(Fault((at, "key"), sentence))
    _refuse([faults])
    return receipts
