"""Lengths of time and windows, as people write them."""

from __future__ import annotations

from datetime import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.sequence.findings import Fault, Findings
from service.domain.sequence.model.duration import Duration, Unit
from service.domain.sequence.model.place import Place
from service.domain.sequence.times import read_day, read_duration, read_window
from service.domain.window import ALL_DAYS, Span, Window


@pytest.mark.parametrize("unit", list(Unit))
def test_a_length_of_time_reads_as_it_is_shown(unit: Unit) -> None:
    for amount in (1, 2, 9):
        length = Duration(Decimal(amount), unit)
        assert read_duration(str(length)) == length


@pytest.mark.parametrize("text", ["", "3", "days", "three days", "3days", "-1 days", "3 Tage", "1,5 rhythms", "٣ days"])
def test_what_is_no_length_of_time_is_refused(text: str) -> None:
    with pytest.raises(Fault) as fault:
        read_duration(text)
    assert fault.value.code == "bad-duration"


def test_nobody_waits_longer_than_ten_years() -> None:
    assert read_duration("10 years") == Duration(Decimal(10), Unit.YEARS)
    with pytest.raises(Fault):
        read_duration("11 years")


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("any", ()),
        ("Any", ()),
        ("09:00-17:00", (Span(ALL_DAYS, time(9), time(17)),)),
        ("Mon-Fri 09:00-17:00", (Span(frozenset({0, 1, 2, 3, 4}), time(9), time(17)),)),
        ("mon – fri 09:00 – 17:00", (Span(frozenset({0, 1, 2, 3, 4}), time(9), time(17)),)),
        ("Sat-Mon 09:00-17:00", (Span(frozenset({5, 6, 0}), time(9), time(17)),)),
        ("Mon-Mon 09:00-17:00", (Span(frozenset({0}), time(9), time(17)),)),
        ("Sun 00:00-24:00", (Span(frozenset({6}), time(0), time.max),)),
        (
            "Mon 09:00-12:00, Mon 14:00-18:00",
            (Span(frozenset({0}), time(9), time(12)), Span(frozenset({0}), time(14), time(18))),
        ),
    ],
)
def test_a_window_has_days_and_hours(text: str, spans: tuple[Span, ...]) -> None:
    assert read_window(text) == Window(spans)


@pytest.mark.parametrize(
    ("text", "at"),
    [("Mon 09:00-17:00, Tues 09:00-17:00", 17), ("Mon 09:00-17:00,Tue 17:00-09:00", 16), ("Mon", 0), (",", 0)],
)
def test_a_wrong_window_is_told_where_it_is_wrong(text: str, at: int) -> None:
    with pytest.raises(Fault) as fault:
        read_window(text)
    assert fault.value.at == at


@pytest.mark.parametrize("text", ["2026-13-01", "2026-02-29", "2026-1-5", "20261224", "24.12.2026", "0000-00-00", ""])
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(Fault):
        read_day(text)


@given(st.text(alphabet="Mon-Fri09:,1273 any–\t"))
def test_a_window_is_read_or_refused_in_its_place(text: str) -> None:
    findings = Findings()
    window = findings.attempt(Place("a.md"), read_window, text)
    assert (window is None) == bool(findings.problems)
    assert all(1 <= each.place.column <= len(text) + 1 for each in findings.problems)
    assert window is None or all(span.start < span.end and span.days for span in window.spans)
