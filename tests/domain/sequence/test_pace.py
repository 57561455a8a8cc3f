"""Mails written closer to one another than anybody gets them."""

from __future__ import annotations

import pytest

from tests.domain.sequence.paper import BUSINESS, FRONT, problems_of, sequence

HELLO = "Subject: Hello\n\nWell?\n\n"
DATED = FRONT + "date: contact.birthday\n"


def steps(*headings: str, fields: str = "") -> str:
    return "".join(f"## {when}: step {number}\n{fields}{HELLO}" for number, when in enumerate(headings))


def told(text: str, front: str = FRONT, business: str = BUSINESS) -> list[tuple[str, str]]:
    found = problems_of(sequence(front, text), business)
    return [(each.code, each.message) for each in found]


@pytest.mark.parametrize(
    ("headings", "hours"),
    [
        (("Day 1", "Day 2"), 24),
        (("Day 1 at 10:00", "Day 2 at 10:00"), 24),
        (("Day 1 at 20:00", "Day 2 at 08:00"), 24),
        (("Day 1", "1 day later"), 24),
        (("Day 1", "10 hours later"), 10),
        (("Day 1", "90 minutes later"), 2),
        (("Day 1", "Day 1 at 18:00"), 0),
    ],
)
def test_two_mails_keep_their_distance(headings: tuple[str, ...], hours: int) -> None:
    message = f"{hours} hours after `step-0` is too soon: nobody gets two mails within 48 hours."
    assert told(steps(*headings)) == [("pace", message)]


@pytest.mark.parametrize(
    "headings",
    [
        ("Day 1", "Day 3"),
        ("Day 1 at 18:00", "Day 3 at 09:00"),
        ("Day 1", "2 days later"),
        ("Day 1", "Day 2-3"),
        ("Day 1", "1 week later", "1 month later"),
        ("Day 0", "Day 2", "Day 4", "Day 7"),
    ],
)
def test_what_can_be_met_is_not_told(headings: tuple[str, ...]) -> None:
    assert told(steps(*headings)) == []


def test_a_warm_kind_keeps_a_shorter_distance() -> None:
    warm = FRONT + "kind: check-in\n"
    assert told(steps("Day 1", "Day 2"), warm) == []
    assert told(steps("Day 1", "10 hours later"), warm)[0][0] == "pace"


def test_a_week_and_a_month_hold_only_so_many() -> None:
    assert told(steps("Day 0", "Day 2", "Day 4", "Day 6")) == [
        ("pace", "This is mail 4 within 7 days, and nobody gets more than 3.")
    ]
    business = BUSINESS + "throttle: {per week: 3, per month: 4}\n"
    assert told(steps("Day 0", "Day 7", "Day 14", "Day 21", "Day 28"), business=business) == [
        ("pace", "This is mail 5 within 30 days, and nobody gets more than 4.")
    ]
    assert told(steps("Day 0", "Day 7", "Day 14", "Day 21", "Day 30"), business=business) == []


@pytest.mark.parametrize(
    "fields", ["Kind: service\n", "If: contact.phone\n", "Wait for: contact.phone\nWait up to: 9 days\n"]
)
def test_what_may_be_skipped_or_wait_or_is_exempt_is_not_counted(fields: str) -> None:
    assert told(steps("Day 1") + steps("Day 2", fields=fields).replace("step 0", "other")) == []


def test_a_step_that_is_skipped_takes_no_time() -> None:
    skipped = "## 9 days later: maybe\nIf: contact.phone\n" + HELLO
    assert told(steps("Day 1") + skipped + steps("1 day later").replace("step 0", "other")) == []


def test_dated_steps_keep_their_distance_too() -> None:
    assert told(steps("1 day before", "On the day"), DATED) == [
        ("pace", "24 hours after `step-0` is too soon: nobody gets two mails within 48 hours.")
    ]
    assert told(steps("7 days before", "On the day", "3 weeks after"), DATED) == []


def test_the_businesss_own_limits_are_asked() -> None:
    assert told(steps("Day 1", "Day 2"), business=BUSINESS + "throttle: {gap: 20 hours}\n") == []
    assert told(steps("Day 1", "Day 3"), business=BUSINESS + "throttle: {gap: 3 days}\n")[0][0] == "pace"
