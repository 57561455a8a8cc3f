"""A person's own pause."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from service.domain.clearance import held_by_wish
from service.domain.pause import LONGEST, pause_ends
from service.domain.sequence.model.business import Topic
from service.domain.throttle import PAST, Ruling
from tests.domain.stories import BERLIN, at

NOW = at("2026-11-20 23:30")  # the 21st already, in Berlin
TIPS = Topic("Tips")
UNTIL = at("2026-12-20 23:00")


def test_it_ends_when_the_day_begins_where_the_person_is() -> None:
    assert pause_ends(NOW, 30, BERLIN) == UNTIL
    assert pause_ends(NOW + timedelta(hours=20), 30, BERLIN) == UNTIL, "the same wish twice on one day is one"
    summer = pause_ends(at("2027-03-01 12:00"), 30, BERLIN)
    assert summer == at("2027-03-30 22:00"), "a clock that was moved meanwhile moves no day"


def test_no_days_end_it_and_too_many_are_cut() -> None:
    assert pause_ends(NOW, 0, BERLIN) is None
    assert pause_ends(NOW, 10_000, BERLIN) == pause_ends(NOW, LONGEST, BERLIN)


def test_the_sentence_names_the_day() -> None:
    verdict = held_by_wish(UNTIL, TIPS, 4, UNTIL + timedelta(days=9), NOW, BERLIN)
    assert verdict is not None
    assert (verdict.ruling, verdict.rule, verdict.until) == (Ruling.HELD, "pause", UNTIL)
    assert "pause until 21 December 2026" in verdict.reason


def test_a_mail_that_ends_before_the_pause_is_looked_at_just_past_its_end() -> None:
    ends = NOW + timedelta(days=2)
    verdict = held_by_wish(UNTIL, TIPS, 4, ends, NOW, BERLIN)
    assert verdict is not None
    assert verdict.until == ends + PAST
    assert held_by_wish(UNTIL, TIPS, 4, ends, ends + PAST, BERLIN) is None, "it expires by the rules of its turn"


@pytest.mark.parametrize(
    ("until", "topic", "priority", "now"),
    [
        (None, TIPS, 4, NOW),
        (UNTIL, TIPS, 4, UNTIL),
        (UNTIL, TIPS, 0, NOW),
        (UNTIL, Topic("Your appointments", "service"), 3, NOW),
    ],
)
def test_it_holds_no_service_mail_and_nothing_once_it_is_over(
    until: datetime | None, topic: Topic, priority: int, now: datetime
) -> None:
    assert held_by_wish(until, topic, priority, NOW + timedelta(days=90), now, BERLIN) is None
