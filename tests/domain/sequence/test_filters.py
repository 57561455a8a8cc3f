"""The filters of the language, asked as an author would: inside an expression."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from service.domain.sequence.expression import Empty, ExpressionError, Record, Sandbox, ask
from service.domain.sequence.filters import Speech, spell

BERLIN = ZoneInfo("Europe/Berlin")
ENGLISH = Speech("en", BERLIN, "EUR", date(2027, 3, 1))
GERMAN = Speech("de", BERLIN, "EUR", date(2027, 3, 1))
AT_FIVE_UTC = datetime(2027, 3, 11, 17, 0, tzinfo=UTC)


def say(source: str, speech: Speech = ENGLISH, **names: object) -> object:
    return Sandbox().compile_expression(source, undefined_to_none=False)(_speech=speech, **names)


@pytest.mark.parametrize(
    ("speech", "words"),
    [
        (ENGLISH, "Thursday, March 11"),
        (GERMAN, "Donnerstag, 11. März"),
        (Speech("de-AT", BERLIN, "EUR", date(2027, 3, 1)), "Donnerstag, 11. März"),
        (Speech("es", BERLIN, "EUR", date(2027, 3, 1)), "jueves, 11 de marzo"),
        (Speech("fr", BERLIN, "EUR", date(2027, 3, 1)), "jeudi 11 mars"),
        (Speech("hu", BERLIN, "EUR", date(2027, 3, 1)), "március 11., csütörtök"),
        (Speech("ja", BERLIN, "EUR", date(2027, 3, 1)), "3月11日木曜日"),
        (Speech("xx-nonsense", BERLIN, "EUR", date(2027, 3, 1)), "Thursday, March 11"),
    ],
)
def test_a_day_near_by_reads_without_its_year_in_the_readers_language(speech: Speech, words: str) -> None:
    assert say("when | day", speech, when=AT_FIVE_UTC) == words


def test_a_day_far_away_and_a_day_without_a_today_carry_their_year() -> None:
    assert say("when | day", when=date(2024, 3, 11)) == "Monday, March 11, 2024"
    assert say("when | day", Speech("de"), when=date(2027, 3, 11)) == "Donnerstag, 11. März 2027"


def test_a_birthday_without_a_year_is_a_day_of_a_month() -> None:
    assert say("when | day", when="02-29") == "February 29"
    assert say("when | day", GERMAN, when="--02-29") == "29. Februar"


def test_an_instant_is_told_in_the_readers_zone_and_a_place_keeps_its_own() -> None:
    assert say("when | time", GERMAN, when=AT_FIVE_UTC) == "18:00"
    assert say("when | time", when=AT_FIVE_UTC) == "6:00 PM"
    there = datetime(2027, 3, 11, 17, 0, tzinfo=timezone(timedelta(hours=-5)))
    assert say("when | time", GERMAN, when=there) == "17:00"
    assert say("when | day", GERMAN, when=datetime(2027, 3, 11, 23, 30, tzinfo=UTC)) == "Freitag, 12. März"


def test_times_and_days_written_as_text_are_read() -> None:
    assert say("when | time", GERMAN, when="2027-03-11T17:00:00Z") == "18:00"
    assert say("when | time", GERMAN, when="2027-03-11T17:00:00+01:00") == "17:00"
    assert say("when | time", GERMAN, when="17:00") == "17:00"
    assert say("when | day", GERMAN, when="2027-03-11") == "Donnerstag, 11. März"
    assert say("when | time", GERMAN, when=time(9, 5)) == "09:05"


@pytest.mark.parametrize(
    ("speech", "value", "words"),
    [
        (ENGLISH, Decimal("48.00"), "€48.00"),
        (GERMAN, Decimal("1248.5"), "1.248,50\xa0€"),
        (GERMAN, "48.00", "48,00\xa0€"),
        (Speech("en", None, "USD"), 7, "$7.00"),
    ],
)
def test_money_reads_in_the_businesss_currency(speech: Speech, value: object, words: str) -> None:
    assert say("value | money", speech, value=value) == words


def test_money_may_name_its_own_currency() -> None:
    francs = Record("event", {"value": 5, "currency": "CHF"})
    assert say("event.value | money(event.currency)", GERMAN, event=francs) == "5,00\xa0CHF"
    assert say("event.value | money(event.currency)", event=Record("event", {"value": 5})) == "€5.00"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("ana maría", "Ana María"),
        ("ANA MARÍA", "Ana María"),
        ("McDonald", "McDonald"),
        ("jean-luc", "Jean-Luc"),
        ("élodie", "Élodie"),
    ],
)
def test_title_gives_names_their_capitals_and_leaves_those_they_have(written: str, read: str) -> None:
    assert say("name | title", name=written) == read


@pytest.mark.parametrize("name", ["day", "time", "money", "title"])
def test_something_empty_stays_empty_so_that_a_fallback_works(name: str) -> None:
    contact = Record("contact", {"wish": None})
    assert isinstance(say(f"contact.wish | {name}", contact=contact), Empty)
    assert say(f'(contact.wish | {name}) or "soon"', contact=contact) == "soon"


@pytest.mark.parametrize(
    ("source", "value"),
    [("v | day", "soon"), ("v | day", 7), ("v | time", date(2027, 3, 11)), ("v | money", "much"), ("v | money", "NaN")],
)
def test_a_value_that_is_none_of_it_is_refused_in_a_sentence(source: str, value: object) -> None:
    with pytest.raises(ExpressionError, match="can't be asked"):
        ask(source, {"v": value})


@pytest.mark.parametrize(
    ("value", "speech", "words"),
    [
        ("as it is", ENGLISH, "as it is"),
        (1200, GERMAN, "1.200"),
        (Decimal("1.50"), ENGLISH, "1.5"),
        (date(2027, 3, 11), GERMAN, "11. März 2027"),
        (AT_FIVE_UTC, GERMAN, "11. März 2027, 18:00"),
        (["vip", "cold"], ENGLISH, "vip, cold"),
    ],
)
def test_values_without_a_filter_read_well_too(value: object, speech: Speech, words: str) -> None:
    assert spell(value, speech) == words


def test_yes_and_no_are_no_words() -> None:
    with pytest.raises(ValueError, match="can't be printed"):
        spell(True)
