"""Who may be written to now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from service.domain.sequence.model import Caps
from service.domain.throttle import Candidate, Ruling, arbitrate
from service.domain.window import Window
from tests.domain.stories import BERLIN, OFFICE, at

NOW = at("2026-11-20 10:00")
SOON = NOW + timedelta(days=7)


def mail(number: int, priority: int, *, expires: datetime = SOON, window: Window | None = None) -> Candidate:
    return Candidate(number, priority, expires, window or Window.any())


def decide(*candidates: Candidate, history: tuple[datetime, ...] = (), now: datetime = NOW, caps: Caps | None = None):
    return arbitrate(candidates, history, caps or Caps(), (), BERLIN, now)


def test_one_mail_wins_the_slot_and_the_other_is_held_with_a_date() -> None:
    verdicts = decide(mail(1, 4), mail(2, 2))
    assert verdicts[2].ruling is Ruling.CLEARED
    assert verdicts[1].ruling is Ruling.HELD
    assert verdicts[1].until == NOW + timedelta(hours=48)
    assert verdicts[1].reason == "Held until Sun 22 Nov 11:00: the last mail went out less than 48 hours before."


def test_ties_go_to_the_mail_that_expires_first() -> None:
    verdicts = decide(mail(1, 4), mail(2, 4, expires=NOW + timedelta(days=1)))
    assert verdicts[2].ruling is Ruling.CLEARED


def test_service_mail_asks_no_cap_and_counts_towards_none() -> None:
    busy = tuple(NOW - timedelta(hours=hour) for hour in range(1, 40, 5))
    verdicts = decide(mail(1, 0), history=busy)
    assert verdicts[1].ruling is Ruling.CLEARED
    assert decide(mail(1, 0), mail(2, 4))[2].ruling is Ruling.CLEARED


def test_three_mails_in_seven_days_hold_the_fourth_until_the_oldest_leaves_the_window() -> None:
    history = tuple(NOW - timedelta(days=days) for days in (6, 4, 2.5))
    verdict = decide(mail(1, 4), history=history)[1]
    assert verdict.rule == "per-week"
    assert verdict.until == NOW + timedelta(days=1)
    assert (
        verdict.reason == "Held until Sat 21 Nov 11:00: three mails in seven days; the oldest leaves the window then."
    )


def test_a_warm_mail_may_exceed_the_month_and_waits_for_a_shorter_gap() -> None:
    month = tuple(NOW - timedelta(days=days) for days in (29, 25, 22, 18, 15, 11, 8, 3))
    assert decide(mail(1, 4), history=month)[1].rule == "per-month"
    assert decide(mail(1, 2), history=month)[1].ruling is Ruling.CLEARED
    yesterday = (NOW - timedelta(hours=30),)
    assert decide(mail(1, 2), history=yesterday)[1].ruling is Ruling.CLEARED
    assert decide(mail(1, 4), history=yesterday)[1].rule == "gap"


def test_a_closed_window_holds_until_it_opens() -> None:
    night = at("2026-11-20 22:00")
    verdict = decide(mail(1, 4, window=OFFICE), now=night)[1]
    assert verdict.until == at("2026-11-21 08:00")
    assert verdict.reason == "Held until Sat 21 Nov 09:00: its window is closed now."


def test_a_mail_past_its_end_expires_and_one_that_can_not_leave_before_it_is_held_until_then() -> None:
    assert decide(mail(1, 4, expires=NOW - timedelta(seconds=1)))[1].ruling is Ruling.EXPIRED
    tomorrow = NOW + timedelta(days=1)
    verdict = decide(mail(1, 4, expires=tomorrow), history=(NOW - timedelta(hours=1),))[1]
    assert verdict.ruling is Ruling.HELD
    assert verdict.until is not None
    assert tomorrow < verdict.until < tomorrow + timedelta(seconds=1)


CANDIDATES = st.lists(
    st.builds(
        Candidate,
        st.integers(1, 10_000),
        st.integers(0, 7),
        st.datetimes(datetime(2026, 11, 19), datetime(2026, 12, 30), timezones=st.just(UTC)),
        st.sampled_from([Window.any(), OFFICE]),
    ),
    max_size=12,
    unique_by=lambda each: each.id,
)
HISTORY = st.lists(st.datetimes(datetime(2026, 10, 1), datetime(2026, 11, 20, 10), timezones=st.just(UTC)), max_size=20)
CAPS = st.builds(
    Caps, st.integers(1, 4), st.integers(1, 9), st.integers(1, 20), st.integers(0, 100), st.integers(0, 100)
)


@given(CANDIDATES, HISTORY, CAPS)
def test_no_cap_is_ever_exceeded(candidates: list[Candidate], history: list[datetime], caps: Caps) -> None:
    verdicts = arbitrate(candidates, history, caps, (), BERLIN, NOW)
    won = [each for each in candidates if each.capped and verdicts[each.id].ruling is Ruling.CLEARED]
    for span, cap in ((timedelta(days=1), caps.per_day), (timedelta(days=7), caps.per_week)):
        before = sum(1 for instant in history if instant + span > NOW)
        assert not won or before + len(won) <= cap


@given(CANDIDATES, HISTORY, CAPS)
def test_every_candidate_gets_one_verdict_with_a_reason_and_held_ones_a_later_look(
    candidates: list[Candidate], history: list[datetime], caps: Caps
) -> None:
    verdicts = arbitrate(candidates, history, caps, (), BERLIN, NOW)
    assert set(verdicts) == {each.id for each in candidates}
    assert verdicts == arbitrate(list(reversed(candidates)), history, caps, (), BERLIN, NOW)
    for verdict in verdicts.values():
        assert verdict.reason.endswith(".")
        assert (verdict.until is not None and verdict.until > NOW) == (verdict.ruling is Ruling.HELD)


@given(CANDIDATES, HISTORY)
def test_service_mail_is_never_held_by_the_pace(candidates: list[Candidate], history: list[datetime]) -> None:
    verdicts = arbitrate(candidates, history, Caps(), (), BERLIN, NOW)
    for each in candidates:
        if each.priority == 0:
            assert verdicts[each.id].rule in {"slot", "expired", "window"}
