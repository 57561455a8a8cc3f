"""When a person will enter by themselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time

from service.domain.facts import Facts
from service.domain.occurrence import Entered, awaited, awaits, upcoming
from service.domain.sequence.model.duration import Duration, Unit
from service.domain.sequence.model.enrol import Again, Enrol, Trigger
from service.domain.sequence.model.sequence import Sequence
from tests.domain.stories import at, before, facts, letters, on_the_day, step

NOW = at("2026-11-20 10:00")
BIRTHDAY: Sequence = replace(
    letters(step("soon", before(7, Unit.DAYS, time(11))), step("today", on_the_day(time(9)))),
    enrol=Enrol((Trigger("date"),), again=Again.ALWAYS),
    date="contact.birthday",
)
ANNIVERSARY = replace(BIRTHDAY, date="contact.client_since", every=Duration.of(1, Unit.YEARS))


def known(now: datetime = NOW, **contact: object) -> Facts:
    return facts(now, now, **contact)


def test_the_next_birthday_is_entered_when_its_first_step_is_due() -> None:
    found = upcoming(BIRTHDAY, known(birthday="02-29"), NOW)
    assert found is not None
    assert found.key == "2027"
    assert found.date is not None
    assert found.date.at == at("2027-02-27 23:00")
    assert found.enters_at == at("2027-02-20 18:00")  # the 21st is a Sunday: back to Saturday's last minute


def test_a_birthday_learned_late_is_entered_at_once_and_one_learned_on_the_day_next_year() -> None:
    late = upcoming(BIRTHDAY, known(birthday="11-23"), NOW)
    assert late is not None
    assert late.enters_at < NOW
    assert late.date is not None
    assert late.date.at > NOW
    today = upcoming(BIRTHDAY, known(birthday="11-20"), NOW)
    assert today is not None
    assert today.key == "2027"


def test_a_date_itself_counts_only_if_it_lay_ahead_when_it_was_learned() -> None:
    found = upcoming(ANNIVERSARY, known(client_since="2026-11-01"), NOW)
    assert found is not None
    assert found.key == "2027-11-01"
    assert upcoming(replace(ANNIVERSARY, every=None), known(client_since="2026-11-01"), NOW) is None


def test_without_a_date_nobody_is_awaited() -> None:
    assert upcoming(BIRTHDAY, known(), NOW) is None
    assert awaits(BIRTHDAY)
    assert not awaits(letters(step("today", on_the_day())))


def test_the_one_behind_those_that_were_entered_is_awaited() -> None:
    person = known(birthday="11-25")
    inside = Entered("2026", "date", at("2026-11-24 23:00"))
    found = awaited(BIRTHDAY, person, [inside])
    assert found is not None
    assert found.key == "2027"


def test_a_birthday_corrected_within_its_year_is_not_entered_twice_and_next_years_is_still_awaited() -> None:
    inside = Entered("2026", "date", at("2026-11-24 23:00"))
    found = awaited(BIRTHDAY, known(birthday="11-28"), [inside])
    assert found is not None
    assert found.key == "2027"


def test_what_may_be_entered_once_is_awaited_once() -> None:
    once = replace(BIRTHDAY, enrol=replace(BIRTHDAY.enrol, again=Again.NEVER))
    person = known(birthday="11-25")
    assert awaited(once, person, []) is not None
    assert awaited(once, person, [Entered("once", "date", at("2025-11-24 23:00"))]) is None
