"""What words that call nothing may name: the same as what is known where they do call, made when it is asked for."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest

from service.domain.facts import NOBODY, Facts
from service.domain.moment import Moment
from service.domain.records import RECORDS, Records
from service.domain.sequence.expression import Empty, ExpressionError, Record, lacking, value_of
from service.domain.sequence.names import BUSINESS as OF_A_BUSINESS
from tests.domain.stories import BERLIN, BUSINESS, at

AUCKLAND = ZoneInfo("Pacific/Auckland")
NOW = at("2026-11-20 20:00")  # the next day already in Auckland
EVENING = Moment(at("2026-12-03 17:00"))
BIRTHDAY = Moment(at("2026-12-02 11:00"), is_day=True)  # midnight of the 3rd in Auckland
KNOWN: dict[str, Any] = {
    "business": BUSINESS,
    "contact": {"email": "ana@example.org", "first_name": "Ana", "phone": "", "company": None, "visits": 0},
    "event": {},
    "form": {},
    "referral": NOBODY,
    "date": None,
    "arm": None,
    "now": NOW,
    "zone": BERLIN,
}
PEOPLE: list[dict[str, Any]] = [
    {},
    {"contact": {}, "business": replace(BUSINESS, sender="mia@glow.example", phone="+49 30 5550123")},
    {"event": {"starts": EVENING.at, "value": Decimal("48.5")}, "form": {"wish": "short", "note": ""}},
    {"referral": {"code": "ANA7", "from": None, "friend": "Bea", "count": 2, "reward": ""}},
    {"date": EVENING, "arm": "b"},
    {"date": EVENING, "zone": AUCKLAND},
    {"date": BIRTHDAY, "zone": AUCKLAND, "arm": ""},
]
SOMEBODY = pytest.mark.parametrize("more", PEOPLE, ids=lambda more: "+".join(more) or "nobody knows more")


def records(**more: Any) -> Records:
    return Records(**KNOWN | more)


def facts(**more: Any) -> Facts:
    return Facts(enrolment_id=1, sequence="letters", entered_at=at("2026-11-01 09:00"), **KNOWN | more)


def spelled(value: object) -> object:
    """A value as it can be compared: of a record its fields and one that it lacks, of what is empty its name."""
    if isinstance(value, Record):
        return {field: spelled(value[field]) for field in (*value, "what nobody has")}
    if isinstance(value, Empty):
        return f"{value._undefined_name} is empty"
    return type(value), value


@SOMEBODY
def test_each_name_gives_what_it_gives_where_the_past_is_known_too(more: dict[str, Any]) -> None:
    known, everything = records(**more), facts(**more).names()
    assert list(known) == [name for name in everything if name in known]
    assert len(known) == len(list(known)) > 0
    for name, value in known.items():
        assert spelled(value) == spelled(everything[name]), name


@SOMEBODY
def test_an_expression_is_worth_the_same_and_lacks_the_same(more: dict[str, Any]) -> None:
    known, everything = records(**more), facts(**more).names()
    fields = [f"{name}.{field}" for name in ("contact", "event", "form", "referral") for field in (*KNOWN[name], "x")]
    for source in (*fields, *(f"business.{field}" for field in OF_A_BUSINESS), "date", "today", "arm"):
        assert value_of(source, known) == value_of(source, everything), source
        assert lacking(source, known) == lacking(source, everything), source


def test_each_name_stands_for_its_own_part_of_what_is_known() -> None:
    rooms = ("contact", "event", "form", "referral")
    known = records(arm="b", **{room: {"word": f"of {room}"} for room in rooms})
    assert [value_of(f"{room}.word", known) for room in rooms] == [f"of {room}" for room in rooms]
    said = [value_of(f"business.{field}", known) for field in OF_A_BUSINESS]
    assert said == ["Glow Studio", "Mia", "Lindenweg 4, 10969 Berlin", None]
    assert known["arm"] == "b"
    assert records()["arm"] is None  # as conditions compare it, and not Empty


@pytest.mark.parametrize("name", ["clicked", "tagged", "coupon", "segment"])
def test_what_is_called_is_none_of_them(name: str) -> None:
    assert name in facts().names()
    assert name not in records()
    with pytest.raises(KeyError):
        records()[name]


def test_what_is_not_known_is_empty_and_says_its_name() -> None:
    known = records()
    assert value_of("contact.first_name", known) == "Ana"
    assert value_of("contact.visits", known) == 0
    for source in ("contact.phone", "contact.company", "event.starts", "form.wish", "referral.code", "date"):
        assert lacking(source, known) == source
        assert value_of(source, known) is None
    assert isinstance(known["date"], Empty)
    assert lacking("business.phone", known) == "business.phone"


@pytest.mark.parametrize(
    ("sender", "signature"), [("Mia at Glow <mia@glow.example>", "Mia at Glow"), ("mia@glow.example",) * 2]
)
def test_a_business_signs_with_its_name_else_with_its_address(sender: str, signature: str) -> None:
    assert value_of("business.from", records(business=replace(BUSINESS, sender=sender))) == signature


def test_today_and_a_day_are_the_persons_and_an_instant_is_of_its_place() -> None:
    assert records()["today"] == date(2026, 11, 20)
    assert records(zone=AUCKLAND)["today"] == date(2026, 11, 21)
    assert spelled(records(zone=AUCKLAND, date=BIRTHDAY)["date"]) == (date, date(2026, 12, 3))
    assert spelled(records(zone=BERLIN, date=BIRTHDAY)["date"]) == (date, date(2026, 12, 2))
    instant = records(zone=AUCKLAND, date=EVENING)["date"]
    assert isinstance(instant, datetime)
    assert instant.isoformat() == "2026-12-03T18:00:00+01:00"


def test_a_name_is_made_only_for_whoever_asks_for_it() -> None:
    """Nobody can say this date; who names something else does not hear of it."""
    known = records(date=EVENING, business=replace(BUSINESS, zone="Moon/Base"))
    assert "date" in set(known)
    assert [known[name] is not None for name in RECORDS if name not in {"date", "arm"}] == [True] * (len(known) - 2)
    with pytest.raises(ZoneInfoNotFoundError):
        known["date"]


@pytest.mark.parametrize("nothing", [None, ""])
def test_our_own_code_gets_its_default_for_a_field_that_is_empty(nothing: object) -> None:
    contact = Record("contact", {"first_name": nothing, "last_name": "Ng"})
    assert contact.get("first_name", "you") == "you"
    assert contact.get("first_name") is None
    assert contact.get("company", "none") == "none"
    assert contact.get("company") is None
    assert contact.get("last_name", "you") == "Ng"
    assert isinstance(contact["first_name"], Empty)


@pytest.mark.parametrize("value", [0, False, Decimal(0), [], " ", date(2026, 11, 20)])
def test_what_is_only_false_or_blank_is_no_default(value: object) -> None:
    assert Record("event", {"value": value}).get("value", "a default") is value


def test_an_expression_asks_for_a_field_named_get_as_for_any_other() -> None:
    """What our own code may call is no function of the language."""
    assert value_of("contact.get", records(contact={"get": "there"})) == "there"
    assert lacking("contact.get", records()) == "contact.get"
    with pytest.raises(ExpressionError, match="can't be asked"):
        value_of("contact.get('email')", records())
