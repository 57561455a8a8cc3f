"""Why mail waits for its mailbox group, and until when at least."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.bucket import Grant, Limit
from service.domain.pacing import DAY, so_far
from service.domain.pacing_wait import wait_of

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 25, 14, tzinfo=BERLIN)
WARM = Limit(quota=50, allowed=32, soft=True)


@pytest.mark.parametrize(
    ("limit", "grant", "sentence"),
    [
        (
            WARM,
            Grant(0, 0, 32),
            "Wed 25 Nov 14:00 at least: 32 of the day's 50 mails to Gmail are out (25 Nov, day 4 of the warm-up)",
        ),
        (
            WARM,
            Grant(0, 0, 40),
            "Wed 25 Nov 15:46 at least: 40 of the day's 50 mails to Gmail are out (25 Nov, day 4 of the warm-up)",
        ),
        (
            replace(WARM, soft=False, allowed=50),
            Grant(0, 0, 50),
            "Thu 26 Nov 00:00 at least: 50 of the day's 50 mails to Gmail are out (25 Nov)",
        ),
        (
            Limit(),
            Grant(0, 0, 9, 0.5, 600.0, True),
            "Wed 25 Nov 14:10 at least: Gmail asks us to slow down, and nothing goes there before that",
        ),
        (Limit(rate=2.0), Grant(0, 0, 9), "Wed 25 Nov 14:00 at least: no more than 2 a second go to Gmail"),
        (Limit(rate=1 / 3_600), Grant(0, 0, 9), "Wed 25 Nov 15:00 at least: no more than 1 an hour go to Gmail"),
        (Limit(rate=0.5 / DAY), Grant(0, 0, 9), "Fri 27 Nov 14:00 at least: no more than 0.5 a day go to Gmail"),
        (
            Limit(),
            Grant(0, 0, 9, 0.25),
            "Wed 25 Nov 14:00 at least: no more than 2.5 a second go to Gmail, since it asked us to slow down",
        ),
        (
            replace(WARM, soft=False),
            Grant(0, 0, 9, alone=True),
            "Wed 25 Nov 14:00 at least: Valkey is away, and until it is back this process has sent its share to Gmail",
        ),
        (Limit(), Grant(0, 0), "Wed 25 Nov 14:00 at least: other mail to Gmail has waited longer"),
    ],
)
def test_what_waits_says_until_when_and_why_in_one_sentence(limit: Limit, grant: Grant, sentence: str) -> None:
    assert wait_of("gmail", limit, grant, 4, NOW).reason == f"Held until {sentence}."


def test_what_waits_for_all_mail_together_names_the_mail_service() -> None:
    reasons = [
        wait_of("", Limit(rate=14.0, quota=50, allowed=50), grant, 4, NOW).reason.partition(" at least: ")[2]
        for grant in (Grant(0, 0, 50), Grant(0, 0, 9), Grant(0, 0, 9, 0.5, 600.0, True))
    ]
    assert reasons == [
        "50 of the day's 50 mails to the mail service are out (25 Nov).",
        "no more than 14 a second go to the mail service.",
        "the mail service asks us to slow down, and nothing goes there before that.",
    ]


def test_the_numbers_behind_the_sentence_are_few() -> None:
    assert wait_of("gmail", WARM, Grant(0, 0, 40), 4, NOW).inputs == {
        "group": "gmail", "out": 40, "allowed": 32, "quota": 50, "warm_up": 4,
    }  # fmt: skip
    assert wait_of("gmail", Limit(), Grant(0, 0, 9, 0.5, 600.0), None, NOW).inputs == {
        "group": "gmail", "pause": 600, "factor": 0.5,
    }  # fmt: skip


@given(st.integers(1, 20_000), st.integers(0, 86_399))
def test_a_warm_ups_next_mail_may_leave_when_the_sentence_says_and_no_minute_before(quota: int, second: int) -> None:
    now = datetime(2026, 11, 25, tzinfo=BERLIN) + timedelta(seconds=second)
    allowed = so_far(quota, now)
    wait = wait_of("gmail", Limit(quota=quota, allowed=allowed, soft=True), Grant(0, 0, allowed), 4, now)
    until = wait.until.astimezone(BERLIN)
    assert until > now
    if allowed == quota:
        assert (until.date(), until.hour, until.minute) == (now.date() + timedelta(1), 0, 0)
    else:
        assert so_far(quota, until) > allowed
        before = until - timedelta(minutes=1)
        assert before <= now or so_far(quota, before) <= allowed


def test_the_next_day_begins_at_midnight_also_where_the_clock_is_turned_back() -> None:
    now = datetime(2026, 10, 24, 20, tzinfo=BERLIN)
    turned = datetime(2026, 10, 25, 20, tzinfo=BERLIN)
    full = Limit(quota=5, allowed=5)
    assert wait_of("gmail", full, Grant(0, 0, 5), None, now).until == datetime(2026, 10, 25, tzinfo=BERLIN)
    assert wait_of("gmail", full, Grant(0, 0, 5), None, turned).until == datetime(2026, 10, 26, tzinfo=BERLIN)


def test_its_end_can_be_moved_to_another_time_of_the_year_where_clocks_are_set_otherwise() -> None:
    summer = datetime(2027, 7, 1, 14, tzinfo=BERLIN)
    winter = datetime(2026, 11, 20, 10, tzinfo=UTC)
    wait = wait_of("gmail", Limit(quota=5, allowed=5), Grant(0, 0, 5), None, summer)
    assert wait.until + (winter - summer) == winter + timedelta(hours=10)
