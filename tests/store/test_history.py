"""What words that call nothing are told of a person, from the rows that are read for them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from service.domain.facts import NOBODY
from service.domain.sequence.expression import lacking, value_of
from service.store.history import CONTACT_FIELDS, Past, facts_of, records_of
from service.store.letter import Inside, Reader
from tests.domain.stories import BUSINESS, at
from tests.domain.test_records import spelled

NOW = at("2026-11-20 20:00")  # the next day already in Auckland
EVENING = datetime(2026, 12, 3, 17, tzinfo=UTC)
DATA = {"event": {"starts": EVENING, "service": "cut"}, "form": {"wish": "short", "note": ""}}


def reader(**more: Any) -> Reader:
    known: dict[str, Any] = dict.fromkeys(Reader._fields) | {
        "id": 7,
        "email": "ana@example.org",
        "stage": "lead",
        "tags": [],
        "fields": {},
        "address_hash": b"ana",
    }
    return Reader(**known | more)


def inside(**more: Any) -> Inside:
    known: dict[str, Any] = dict.fromkeys(Inside._fields) | {
        "id": 1,
        "sequence": "letters",
        "entered_at": at("2026-11-01 09:00"),
        "data": {},
        "date_is_day": False,
    }
    return Inside(**known | more)


ANA = reader(
    first_name="Ana",
    last_name="",
    language="de",
    timezone="Pacific/Auckland",
    phone="0171",
    client_since=at("2026-05-01 10:00"),
    birthday="02-29",
    tags=["vip"],
    fields={"wish": "red", "hair": ""},
)


@pytest.mark.parametrize("person", [reader(), ANA, reader(timezone="Moon/Base")], ids=["bare", "ana", "no zone"])
@pytest.mark.parametrize(
    "enrolment",
    [
        inside(),
        inside(data=DATA, arm="b"),
        inside(data={"form": {"wish": "long"}}, arm="a"),
        inside(date_at=EVENING),
        inside(date_at=EVENING, date_is_day=True),
    ],
    ids=["nothing", "event and form", "form", "instant", "day"],
)
def test_each_name_is_what_it_is_for_whoever_asks_the_past(person: Reader, enrolment: Inside) -> None:
    known = records_of(BUSINESS, person, enrolment, NOW)
    everything = facts_of(BUSINESS, person, enrolment, Past(), NOW).names()
    assert set(known) <= set(everything)
    for name, value in known.items():
        assert spelled(value) == spelled(everything[name]), name


def test_they_know_the_person_and_what_began_the_enrolment() -> None:
    known = records_of(BUSINESS, ANA, inside(data=DATA, arm="b", date_at=EVENING, date_is_day=True), NOW)
    asked = ("contact.first_name", "contact.tags", "contact.wish", "event.service", "form.wish", "business.name", "arm")
    assert [value_of(source, known) for source in asked] == ["Ana", ["vip"], "red", "cut", "short", "Glow Studio", "b"]
    assert [str(value_of(source, known)) for source in ("today", "date")] == ["2026-11-21", "2026-12-04"]
    for source in ("contact.last_name", "contact.hair", "contact.company", "form.note"):
        assert lacking(source, known) == source


def test_a_field_of_the_businesss_own_never_stands_for_one_that_everybody_has() -> None:
    fields = dict.fromkeys(CONTACT_FIELDS, "somebody else")
    known = records_of(BUSINESS, ANA._replace(fields=fields), inside(), NOW)
    assert [value_of(f"contact.{name}", known) for name in ("email", "stage", "last_name")] == [ANA.email, "lead", None]


def test_what_friends_did_takes_a_past_to_know() -> None:
    """Words that name it get the facts instead, see `words_ask_the_past`."""
    past = Past(referral={**NOBODY, "code": "ANA7", "count": 2})
    assert value_of("referral.count", facts_of(BUSINESS, ANA, inside(), past, NOW).names()) == 2
    known = records_of(BUSINESS, ANA, inside(), NOW)
    assert value_of("referral.count", known) == 0
    assert lacking("referral.code", known) == "referral.code"
