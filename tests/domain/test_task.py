from __future__ import annotations

from datetime import timedelta

import pytest

from service.domain.sequence.model.duration import Duration, Unit
from service.domain.task import Look, Times, opened
from tests.domain.stories import BERLIN, at

NOON = at("2026-11-20 11:00")
DAY = timedelta(days=1)


def days(amount: int) -> Duration:
    return Duration.of(amount, Unit.DAYS)


def test_a_task_is_due_on_the_business_s_calendar_and_keeps_thirty_days() -> None:
    times = opened(at("2026-03-28 11:00"), days(1), None, BERLIN)  # the clocks go forward that night
    assert times.due_at == at("2026-03-29 10:00")
    assert times.expires_at == at("2026-04-28 10:00")


@pytest.mark.parametrize(
    ("times", "looks"),
    [
        (Times(NOON, NOON + 30 * DAY), {-1: Look.WAIT, 0: Look.REMIND, 29: Look.REMIND, 30: Look.EXPIRE}),
        (Times(NOON, NOON + 30 * DAY, is_reminded=True), {0: Look.WAIT, 30: Look.EXPIRE}),
        (Times(NOON, NOON + 30 * DAY, NOON + 3 * DAY), {0: Look.WAIT, 3: Look.REMIND, 30: Look.EXPIRE}),
        (Times(None, NOON + 30 * DAY), {0: Look.WAIT, 29: Look.WAIT, 30: Look.EXPIRE}),
        (Times(None, NOON + 2 * DAY, NOON + DAY), {0: Look.WAIT, 1: Look.REMIND, 2: Look.REMIND, 8: Look.EXPIRE}),
        (Times(NOON, NOON - DAY), {-1: Look.EXPIRE}),
    ],
)
def test_what_a_look_finds(times: Times, looks: dict[int, Look]) -> None:
    assert {after: times.look(NOON + after * DAY) for after in looks} == looks


@pytest.mark.parametrize("snoozed", [None, 1, 50])
@pytest.mark.parametrize("is_reminded", [True, False])
@pytest.mark.parametrize("due", [None, 2])
def test_it_wakes_at_the_very_instant_at_which_there_is_something_to_do(
    due: int | None, is_reminded: bool, snoozed: int | None
) -> None:
    times = Times(
        NOON + due * DAY if due else None,
        NOON + 30 * DAY,
        NOON + snoozed * DAY if snoozed else None,
        is_reminded,
    )
    assert times.look(times.wakes_at) is not Look.WAIT
    assert times.look(times.wakes_at - timedelta(microseconds=1)) is Look.WAIT
