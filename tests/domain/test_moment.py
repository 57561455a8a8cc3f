"""The date that steps count from: where it is taken from, when it comes again, and where it is found again."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from service.domain.moment import Given, Moment, first, month_day, near, read_moment, resolve
from service.domain.sequence.model.business import Business
from service.domain.sequence.model.duration import Duration, Unit
from service.domain.sequence.model.sequence import Sequence
from tests.domain.stories import BERLIN, BUSINESS, at, day, letters, step

NOW = at("2026-11-20 10:00")
KOLKATA = ZoneInfo("Asia/Kolkata")
YEAR = Duration.of(1, Unit.YEARS)


def counts_from(source: str, every: Duration | None = None) -> Sequence:
    return replace(letters(step("hello", day(0))), date=source, every=every)


def given(
    zone: ZoneInfo = BERLIN, business: Business = BUSINESS, event: dict[str, Any] | None = None, **contact: Any
) -> Given:
    return Given(business, zone, contact, event or {}, {})


def days(found: list[Moment], zone: ZoneInfo = BERLIN) -> list[str]:
    assert all(each.is_day and each.at.astimezone(zone).time() == time.min for each in found)
    return [each.at.astimezone(zone).date().isoformat() for each in found]


def test_a_day_of_the_year_comes_every_year_and_29_february_falls_on_the_28th() -> None:
    found = days(near(counts_from("contact.birthday"), given(birthday="02-29"), NOW))
    assert found == ["2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]


@pytest.mark.parametrize(
    ("value", "read"),
    [("02-29", (2, 29)), ("--12-24", (12, 24)), ("13-01", None), ("02-30", None), (5, None), ("", None)],
)
def test_a_day_of_the_year_is_month_and_day(value: object, read: tuple[int, int] | None) -> None:
    assert month_day(value) == read


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2026-12-03", Moment(at("2026-12-02 23:00"), is_day=True)),
        (date(2026, 12, 3), Moment(at("2026-12-02 23:00"), is_day=True)),
        ("2026-12-03 18:00", Moment(at("2026-12-03 17:00"))),
        ("2026-12-03T18:00:00+05:30", Moment(at("2026-12-03 12:30"))),
        (datetime(2026, 12, 3, 18), Moment(at("2026-12-03 17:00"))),
        ("next week", None),
        ("2026-02-30", None),
        (None, None),
        (42, None),
    ],
)
def test_a_day_or_an_instant_is_read_as_fields_hold_them(value: object, moment: Moment | None) -> None:
    assert read_moment(value, BERLIN) == moment


def test_a_written_day_is_everybodys_own_and_a_written_time_is_the_businesss() -> None:
    in_india = given(KOLKATA)
    assert days(near(counts_from("2026-12-03"), in_india, NOW), KOLKATA) == ["2026-12-03"]
    assert near(counts_from("2026-12-03 18:00"), in_india, NOW) == [Moment(at("2026-12-03 17:00"))]


def test_a_calendar_holds_days_that_move_in_their_order() -> None:
    days_off = ("easter", (date(2028, 4, 16), datetime(2027, 3, 28, 18), date(2026, 4, 5)))
    found = near(counts_from("calendar easter"), given(KOLKATA, replace(BUSINESS, calendar=(days_off,))), NOW)
    assert found == [
        Moment(at("2026-04-04 18:30"), is_day=True),
        Moment(at("2027-03-28 16:00")),
        Moment(at("2028-04-15 18:30"), is_day=True),
    ]
    assert near(counts_from("calendar summer"), given(), NOW) == []


@pytest.mark.parametrize("began", ["1931-01-31", "1999-12-31", "2026-08-31"])
def test_a_date_that_returns_every_three_months_is_found_however_long_ago_it_began(began: str) -> None:
    every = Duration.of(3, Unit.MONTHS)
    found = near(counts_from("contact.since", every), given(since=began), NOW)
    ahead, behind = [each for each in found if each.at > NOW], [each for each in found if each.at <= NOW]
    assert 0 < (ahead[0].at - NOW).days < 93
    assert behind
    assert len({(each.at.astimezone(BERLIN).month - 1) % 3 for each in found}) == 1


def test_every_year_from_a_29_february_is_the_28th_but_for_leap_years() -> None:
    found = days(near(counts_from("contact.since", YEAR), given(since="2024-02-29"), at("2027-06-01 10:00")))
    assert {"2026-02-28", "2027-02-28", "2028-02-29"} <= set(found)
    assert "2024-02-29" in days(
        near(counts_from("contact.since", YEAR), given(since="2024-02-29"), at("2024-06-01 10:00"))
    )


def test_a_date_that_does_not_return_is_one() -> None:
    assert days(near(counts_from("contact.day"), given(day="2020-05-01"), NOW)) == ["2020-05-01"]
    assert near(counts_from("event.starts"), given(event={"starts": "2026-12-03T16:00:00+01:00"}), NOW) == [
        Moment(at("2026-12-03 15:00"))
    ]


def test_who_enters_counts_from_the_next_that_lies_ahead_else_from_the_last_that_was() -> None:
    ahead = first(counts_from("contact.birthday"), given(birthday="11-21"), NOW)
    assert ahead == Moment(at("2026-11-20 23:00"), is_day=True)
    assert first(counts_from("contact.day"), given(day="2020-05-01"), NOW) == Moment(
        at("2020-04-30 22:00"), is_day=True
    )
    assert first(counts_from("contact.day"), given(), NOW) is None


def test_a_moved_date_is_found_again_and_a_removed_one_is_gone() -> None:
    sequence = counts_from("event.starts")
    then = Moment(at("2026-12-03 15:00"))
    moved = given(event={"starts": "2026-12-10T10:00:00+01:00"})
    assert resolve(sequence, moved, then) == Moment(at("2026-12-10 09:00"))
    assert resolve(sequence, given(), then) is None
    assert resolve(replace(sequence, date=None), given(), then) == then


@pytest.mark.parametrize(
    ("then", "corrected", "now_on"),
    [
        ("2026-11-25", "11-25", "2026-11-25"),
        ("2026-11-25", "12-24", "2026-12-24"),
        ("2026-05-01", "12-01", "2026-12-01"),  # nearer to that of the year before, which nobody means
        ("2026-12-31", "01-01", "2026-01-01"),  # this year's is over: the next one is an enrolment of its own
        ("2027-02-28", "02-29", "2027-02-28"),
    ],
)
def test_a_corrected_birthday_stays_in_its_year(then: str, corrected: str, now_on: str) -> None:
    current = read_moment(then, BERLIN)
    assert resolve(counts_from("contact.birthday"), given(birthday=corrected), current) == read_moment(now_on, BERLIN)
