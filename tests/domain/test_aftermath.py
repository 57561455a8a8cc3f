"""What follows from what was told, and how many mails in vain are enough."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as some

from service.domain.aftermath import IN_A_ROW, SPAN, Aftermath, aftermath, in_vain, kind_of
from service.domain.feedback import Bounce, Feedback, What

START = datetime(2026, 11, 1, tzinfo=UTC)
days = some.integers(0, 60).map(lambda day: START + timedelta(days=day))
bounces = some.lists(some.tuples(days, some.integers(1, 6)), max_size=12)
signs = some.lists(days, max_size=6)


def on(*numbers: int) -> list[datetime]:
    return [START + timedelta(days=number) for number in numbers]


def test_three_mails_in_a_row_over_fifteen_days_are_enough() -> None:
    assert in_vain(zip(on(0, 8, 15), "abc", strict=True), ())


@pytest.mark.parametrize(
    ("when", "mails", "arrived", "why"),
    [
        ((0, 8, 14), "abc", (), "over fourteen days only"),
        ((0, 20), "ab", (), "two"),
        ((0, 8, 20), "abb", (), "two mails, one of them told twice"),
        ((0, 8, 20), "abc", (9,), "one arrived between"),
        ((0, 8, 20), "abc", (8,), "one arrived at the same moment"),
    ],
)
def test_fewer_are_not(when: tuple[int, ...], mails: str, arrived: tuple[int, ...], why: str) -> None:
    assert not in_vain(zip(on(*when), mails, strict=True), on(*arrived)), why


def test_what_arrives_after_a_whole_row_does_not_undo_it() -> None:
    assert in_vain(zip(on(0, 8, 15), "abc", strict=True), on(16, 40))


def test_what_arrived_before_the_row_does_not_break_it() -> None:
    assert in_vain(zip(on(5, 12, 25), "abc", strict=True), on(1, 4))


@given(bounces, signs, some.randoms(use_true_random=False))
def test_order_and_repetition_say_nothing(told, arrived, chance) -> None:
    again = told + told[: len(told) // 2]
    chance.shuffle(again)
    assert in_vain(again, arrived * 2) == in_vain(told, arrived)


@given(bounces, signs)
def test_it_agrees_with_looking_at_every_stretch_between_two_signs(told, arrived) -> None:
    edges = [datetime.min.replace(tzinfo=UTC), *sorted(set(arrived)), datetime.max.replace(tzinfo=UTC)]
    rows = [[each for each in told if low < each[0] <= high] for low, high in pairwise(edges)]

    def is_enough(row) -> bool:
        for at, _ in row:
            until = [(when, mail) for when, mail in row if when <= at]
            first = min(when for when, _ in until)
            if len({mail for _, mail in until}) >= IN_A_ROW and at - first >= SPAN:
                return True
        return False

    assert in_vain(told, arrived) == any(map(is_enough, rows))


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (Feedback(What.BOUNCED, "k", bounce=Bounce.HARD), Aftermath.DEAD),
        (Feedback(What.BOUNCED, "k", code="5.1.1"), Aftermath.DEAD),
        (Feedback(What.BOUNCED, "k", bounce=Bounce.SOFT), Aftermath.WEIGHED),
        (Feedback(What.BOUNCED, "k", code="550", words="5.7.26 unauthenticated"), Aftermath.POLICY),
        (Feedback(What.BOUNCED, "k", bounce=Bounce.BLOCKED), Aftermath.NONE),
        (Feedback(What.BOUNCED, "k", bounce=Bounce.ECHO), Aftermath.NONE),
        (Feedback(What.COMPLAINED, "k"), Aftermath.COMPLAINT),
        (Feedback(What.UNSUBSCRIBED, "k"), Aftermath.LEFT),
        (Feedback(What.REPLIED, "k"), Aftermath.ANSWERED),
        (Feedback(What.RESUBSCRIBED, "k"), Aftermath.NONE),
        (Feedback(What.DELIVERED, "k"), Aftermath.WEIGHED),
        (Feedback(What.OPENED, "k"), Aftermath.NONE),
        (Feedback(What.REJECTED, "k"), Aftermath.NONE),
    ],
)
def test_what_is_done_about_each(told: Feedback, expected: Aftermath) -> None:
    assert aftermath(told) is expected


def test_only_a_bounce_has_a_kind() -> None:
    assert kind_of(Feedback(What.DELIVERED, "k", code="250")) is None
