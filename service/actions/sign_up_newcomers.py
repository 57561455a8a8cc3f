"""Signups of people whom nobody knew yet, many in one statement: the same rows that `sign_up` writes of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from service.actions.enrol import COLUMNS, condition_asks, draft_of
from service.actions.expect import asks_the_past, begun_by, draft_awaited
from service.actions.proceed import Plan, plan_next
from service.actions.sign_up import REF, Evidence, SignedUp, consents_of, contact_of, event_of, occasion_of, source_of
from service.domain.contact import Address
from service.domain.entry import Occasion, answers, starts, why_not_enter
from service.domain.moment import Given, is_given
from service.domain.sequence.model.form import Form
from service.domain.sequence.model.sequence import Sequence as Journey
from service.domain.sequence.model.sequence import Status
from service.ports import Published
from service.store.enrolment import Draft
from service.store.history import Past, contact_facts, facts_of, local_of, zone_of
from service.store.letter import Reader
from service.store.newcomer import Newcomers, store_newcomers

Beginning = tuple[Draft, Plan | None]


@dataclass(frozen=True, slots=True)
class Signup:
    """A form that was filled in, as `sign_up` takes it: `fields` are checked."""

    form: Form
    address: Address
    fields: Mapping[str, Any]
    evidence: Evidence


def is_plain(published: Published, signup: Signup) -> bool:
    """Whether a signup can be taken here: nothing is to be confirmed, nobody brought the person, and no rule asks about
    a past."""
    if signup.fields.get(REF) or signup.form.double_opt_in:
        return False
    begun = (each for each in published.library.sequences if starts(each, signup.form))
    return not any(map(condition_asks, begun)) and not any(map(asks_the_past, _awaiting(published)))


def sign_up_newcomers(
    session: Session, published: Published, hash_key: bytes, signups: Sequence[Signup], now: datetime
) -> list[SignedUp | None]:
    """Take plain signups, no two of one address, in one statement. The caller commits, and only then answers.

    None for whoever is here already: nothing of that signup was kept, and `sign_up` takes it.
    """
    rows = Newcomers()
    for number, signup in enumerate(signups):
        _write(rows, number, published, hash_key, signup, now)
    stored = store_newcomers(session, rows)
    return [_signed_up(stored.get(number)) for number in range(len(signups))]


def _signed_up(ids: tuple[int, tuple[int, ...]] | None) -> SignedUp | None:
    return SignedUp(ids[0], True, ids[1]) if ids is not None else None


def _write(rows: Newcomers, number: int, published: Published, hash_key: bytes, signup: Signup, now: datetime) -> None:
    fields = {name: value for name, value in signup.fields.items() if name != REF}
    columns = contact_of(hash_key, signup.address, fields, now, source_of(signup.form))
    rows.contacts.append(columns | {"id": number, "address_hash": f"\\x{columns['address_hash'].hex()}"})
    consents = consents_of(published, signup.form, signup.evidence, now)
    rows.consents += [row | {"id": each, "contact_id": number} for each, row in enumerate(consents, len(rows.consents))]
    rows.events.append(event_of(signup.form, now) | {"contact_id": number})
    stands = columns | {"id": number, "stage": "lead", "tags": []}
    contact = Reader._make(stands.get(name) for name in Reader._fields)
    occasion = occasion_of(signup.form, fields) if signup.evidence.mail else None
    for draft, plan in _beginnings(published, contact, occasion, now):
        ids = {"id": len(rows.enrolments), "contact_id": number}
        rows.enrolments.append({name: getattr(draft, name) for name in COLUMNS} | ids)
        if plan is not None:
            rows.deliveries.append(plan | {"enrolment_id": ids["id"], "contact_id": number})


def _beginnings(published: Published, contact: Reader, occasion: Occasion | None, now: datetime) -> Iterator[Beginning]:
    """What begins for a newcomer, each with its first touch, and what is awaited. By no `occasion` begins nothing."""
    business = published.library.business
    for sequence in published.library.sequences:
        if occasion is not None and answers(sequence, occasion):
            draft = draft_of(published, contact, sequence, occasion, now)
            facts = facts_of(business, contact, draft, Past(), now)
            if why_not_enter(sequence, facts, None, now) is None:
                plan = plan_next(published, draft, local_of(contact, business), now)
                yield draft, plan
    given = Given(business, zone_of(contact, business), contact_facts(contact), {}, {})
    for sequence in _awaiting(published):
        if not is_given(sequence, given):
            continue
        nobody = draft_of(published, contact, sequence, Occasion("date", "", ""), now)
        awaited = draft_awaited(published, contact, sequence, facts_of(business, contact, nobody, Past(), now), ())
        if awaited is not None:
            yield awaited, None


def _awaiting(published: Published) -> list[Journey]:
    """The sequences that a newcomer may come to be awaited by: those that begin on a date."""
    return [each for each in begun_by(published, "date") if each.status is Status.LIVE]
