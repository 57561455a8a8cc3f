"""How often a person comes, and what follows from it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from service.domain.facts import Facts
from service.domain.happening import Happening
from service.domain.occurrence import Occurrence, silenced, upcoming
from service.domain.policy import PressurePolicy
from service.domain.rhythm import due_between, interval, visits
from service.domain.sequence.model.business import Business
from service.domain.sequence.model.duration import Duration, Unit
from service.domain.sequence.model.enrol import Again, Enrol, Trigger
from service.domain.sequence.model.sequence import Sequence
from tests.domain.stories import BERLIN, BUSINESS, after, at, before, facts, letters, step

VISIT = "visit.completed"
WEEKS = (
    ("Cut", Duration.of(6, Unit.WEEKS)),
    ("Nails", Duration.of(3, Unit.WEEKS)),
    ("else", Duration.of(5, Unit.WEEKS)),
)
SALON: Business = replace(BUSINESS, rhythm=((VISIT, WEEKS),))
NOW = at("2026-11-20 10:00")
NUDGES: Sequence = replace(
    letters(step("soon", before(5, Unit.DAYS)), step("overdue", after(5, Unit.DAYS))),
    enrol=Enrol((Trigger("rhythm", VISIT),), again=Again.ALWAYS),
)


def visit(day: str, service: str = "Cut", key: str = "") -> Happening:
    return Happening(VISIT, at(f"{day} 10:00"), {"service": service}, key=key or day)


def booking(day: str, about: str | None = "A1", **data: str) -> Happening:
    return Happening("appointment.booked", at(f"{day} 10:00"), data, about=about, key=about or day)


def known(*happenings: Happening, now: datetime = NOW) -> Facts:
    return replace(facts(now, now, happenings), business=SALON)


def expected(*happenings: Happening, now: datetime = NOW) -> Occurrence | None:
    return upcoming(NUDGES, known(*happenings, now=now), now)


@pytest.mark.parametrize(
    ("days", "weeks"),
    [
        (("2026-11-20",), Decimal(6)),
        (("2026-09-25", "2026-10-23", "2026-11-20"), (3 * Decimal(6) + 4 + 4) / 5),
        (("2026-05-22", "2026-11-20"), (3 * Decimal(6) + 26) / 4),
    ],
)
def test_the_usual_interval_counts_as_three_gaps_of_the_persons_own(days: tuple[str, ...], weeks: Decimal) -> None:
    found = interval(SALON, VISIT, [visit(day) for day in days])
    assert found / timedelta(weeks=1) == pytest.approx(float(weeks))


def test_the_last_service_says_what_is_usual() -> None:
    assert interval(SALON, VISIT, [visit("2026-11-20", "Nails")]) == timedelta(weeks=3)
    assert interval(SALON, VISIT, [visit("2026-11-20", "Lashes")]) == timedelta(weeks=5)
    assert interval(BUSINESS, VISIT, [visit("2026-11-20")]) == timedelta(weeks=6)
    assert interval(SALON, VISIT, []) == timedelta(weeks=5)


def test_two_visits_in_a_week_are_one_and_make_one_nudge() -> None:
    both = (visit("2026-11-16"), visit("2026-11-20"))
    assert [each.at for each in visits(both, VISIT)] == [at("2026-11-20 10:00")]
    found = expected(*both)
    assert found is not None
    assert found.key == "2026-11-20"
    assert interval(SALON, VISIT, both) == timedelta(weeks=6)


def test_the_expected_day_is_a_day_and_the_first_nudge_is_where_one_enters() -> None:
    found = expected(visit("2026-11-20"))
    assert found is not None
    assert found.date is not None
    assert (found.date.at, found.date.is_day) == (at("2026-12-31 23:00"), True)  # 1 January in Berlin
    assert found.enters_at == at("2026-12-26 18:00")  # five days before, moved back from Sunday to Saturday evening
    assert found.event["service"] == "Cut"


def test_what_had_passed_when_it_was_learned_is_not_made_up_for() -> None:
    assert expected(visit("2026-08-01")) is None
    assert expected(visit("2026-10-13")) is not None  # five days before had passed, the day itself lies ahead


def test_an_upcoming_appointment_silences_and_a_cancelled_one_speaks_again() -> None:
    booked = booking("2026-11-19", starts="2026-12-20T10:00:00Z")
    seen = visit("2026-10-13")
    assert silenced("rhythm", seen.key, known(seen, booked))
    cancelled = Happening("appointment.cancelled", NOW, about="A1")
    assert not silenced("rhythm", seen.key, known(seen, booked, cancelled, now=NOW + timedelta(hours=1)))


def test_a_booking_made_since_the_visit_silences_even_where_its_day_is_not_known() -> None:
    seen = visit("2026-10-13")
    assert silenced("rhythm", seen.key, known(seen, booking("2026-10-20")))
    assert not silenced("rhythm", seen.key, known(seen))
    done = Happening(VISIT, at("2026-11-01 10:00"), about="A1", key="A1")
    assert not silenced("rhythm", "A1", known(seen, booking("2026-10-20"), done))
    assert not silenced("date", seen.key, known(seen, booking("2026-10-20")))


def test_quiet_for_so_many_rhythms_is_by_the_persons_own() -> None:
    quiet = replace(NUDGES, steps=(), enrol=Enrol((Trigger("quiet", VISIT, Duration(Decimal("1.75"), Unit.RHYTHMS)),)))
    found = upcoming(quiet, known(visit("2026-11-20")), NOW)
    assert found is not None
    assert (found.enters_at, found.date, found.key) == (at("2027-02-02 10:00"), None, "2026-11-20")
    assert upcoming(quiet, known(visit("2025-11-20")), NOW) is None


def due(*happenings: Happening, business: Business = SALON, now: datetime = NOW) -> tuple[str, str] | None:
    span = due_between(business, happenings, PressurePolicy(), BERLIN, now)
    return None if span is None else (f"{span[0]:%Y-%m-%d}", f"{span[1]:%Y-%m-%d}" if span[1] else "ever")


def test_a_client_is_due_from_three_quarters_to_twelve_times_their_interval() -> None:
    assert due(visit("2026-10-01")) == ("2026-11-01", "2028-02-17")


def test_whoever_never_came_is_due_all_along() -> None:
    assert due() == ("1970-01-01", "ever")


def test_whoever_has_booked_is_not_due_and_is_again_when_it_is_cancelled() -> None:
    booked = booking("2026-11-19", starts="2026-11-28T10:00:00+01:00")
    cancelled = replace(booked, name="appointment.cancelled", at=NOW)
    assert due(visit("2026-10-01"), booked) is None
    assert due(visit("2026-10-01"), booked, cancelled) is not None


def test_a_business_without_a_rhythm_knows_nobody_who_is_due() -> None:
    assert due(business=BUSINESS) is None
