"""How much mail weighs on a person, and what takes it off again."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.policy import PressurePolicy
from service.domain.pressure import UNKNOWN, Evidence, Mail, Pressure, What, falls_to, fold
from service.domain.sequence.vocabulary import Kind
from tests.domain.stories import at

NOW = at("2026-06-01 09:00")
DAY = timedelta(days=1)
POLICY = PressurePolicy()


def letter(number: int, days: float, kind: Kind = Kind.LETTER, thread: int = 1) -> Mail:
    return Mail(number, NOW + days * DAY, kind, thread)


def did(what: What, days: float, mail: int | None = None) -> Evidence:
    return Evidence(NOW + days * DAY, what, mail)


def level(*happened: Mail | Evidence, days: float, hidden: bool = False) -> float:
    mails = [each for each in happened if isinstance(each, Mail)]
    evidence = [each for each in happened if isinstance(each, Evidence)]
    return fold(mails, evidence, hidden, POLICY).level(NOW + days * DAY, POLICY)


def test_a_mail_weighs_what_its_kind_does_and_half_of_it_21_days_later() -> None:
    assert level(letter(1, 0), days=0) == 1
    assert level(letter(1, 0), days=21) == pytest.approx(0.5)
    assert level(letter(1, 0, Kind.DELIGHT), days=0) == pytest.approx(0.3)
    assert level(letter(1, 0, Kind.SERVICE), days=0) == 0


def test_each_follow_up_that_nobody_answers_weighs_half_as_much_again_up_to_the_fourth() -> None:
    weights = [letter(number, 0) for number in range(1, 7)]
    levels = [level(*weights[:count], days=0) for count in range(7)]
    added = [later - earlier for earlier, later in itertools.pairwise(levels)]
    assert added == pytest.approx([1, 1.5, 2.25, 3.375, 3.375, 3.375])


def test_mails_of_two_sequences_are_no_follow_ups_of_one_another_nor_are_newsletters() -> None:
    assert level(letter(1, 0, thread=1), letter(2, 0, thread=2), days=0) == 2
    news = [letter(number, 0, Kind.NEWSLETTER) for number in range(4)]
    assert level(*news, days=0) == 4


def test_who_hides_opens_is_not_taken_for_somebody_who_does_not_read() -> None:
    assert level(letter(1, 0), days=0, hidden=True) == 0.75


def test_an_open_lightens_its_own_mail_once() -> None:
    opened = (letter(1, 0), letter(2, 0, thread=2), did(What.OPEN, 0, 1))
    assert level(*opened, days=0) == 1.5
    assert level(*opened, did(What.OPEN, 0, 1), did(What.OPEN, 0, 1), days=0) == 1.5


def test_an_answer_within_72_hours_takes_the_own_weight_and_half_of_the_rest() -> None:
    earlier = letter(1, -21)
    assert level(earlier, letter(2, 0, thread=2), days=0) == pytest.approx(1.5)
    assert level(earlier, letter(2, 0, thread=2), did(What.ANSWER, 0, 2), days=0) == pytest.approx(0.25)
    late = level(letter(1, 0), did(What.ANSWER, 3.01, 1), days=3.01)
    assert late == pytest.approx(0.5 * 2 ** (-3.01 / 21))


def test_three_links_tapped_in_one_mail_are_one_answer() -> None:
    mails = [letter(number, -21, thread=number) for number in (1, 2, 3, 4)]
    taps = [did(What.ANSWER, days, 1) for days in (0, 0.01, 2, 30)]
    once = level(*mails, taps[0], days=30)
    assert once == pytest.approx(4 / 2 * 2 ** (-51 / 21))
    assert level(*mails, *taps, days=30) == once
    assert level(*mails, *taps, did(What.ANSWER, 2, 2), days=30) == pytest.approx(once / 2), "another mail"
    assert level(*mails, *taps, did(What.BOOKING, 2, 1), days=30) == pytest.approx(once * POLICY.booking), "more"


def test_what_was_done_to_no_mail_counts_each_time() -> None:
    for mail in (None, UNKNOWN):
        replies = [did(What.ANSWER, days, mail) for days in (5, 6)]
        assert level(letter(1, 0), *replies, days=6) == pytest.approx(0.25 * 2 ** (-6 / 21))


def test_a_mail_that_left_in_between_is_not_lightened_by_a_second_tap_in_an_older_one() -> None:
    told = (letter(1, 0), did(What.ANSWER, 0, 1), letter(2, 1))
    assert level(*told, did(What.ANSWER, 2, 1), days=2) == level(*told, days=2)


def test_a_booking_takes_what_was_just_sent_and_half_of_the_rest() -> None:
    booked = level(letter(1, -21), letter(2, 0, thread=2), did(What.BOOKING, 1), days=21)
    assert booked == pytest.approx(0.5 * 0.25)


def test_after_an_answer_the_next_mail_is_a_first_one_again() -> None:
    told = (letter(1, 0), letter(2, 1), did(What.ANSWER, 2, 2), letter(3, 60))
    before = level(*told[:-1], days=60)
    assert level(*told, days=60) - before == pytest.approx(1)


def test_when_a_level_has_fallen_is_told_beforehand() -> None:
    assert falls_to(2, 1, POLICY) == 21 * DAY
    assert falls_to(1, 1, POLICY) == timedelta(0)
    assert falls_to(1, 0, POLICY) is None


@pytest.mark.parametrize(
    ("reaction", "days"), [(None, (29, 31)), (What.OPEN, (17.5, 19)), (What.ANSWER, (7, 7))], ids=str
)
def test_a_weekly_newsletter_reaches_readers_as_often_as_they_care(
    reaction: What | None, days: tuple[float, float]
) -> None:
    """The promise of docs/throttling.md: ignored it comes about every 30 days, opened every 18, clicked every week."""
    pressure, now, sent = Pressure(), NOW, [NOW]
    room = POLICY.ceilings[6] - POLICY.weights[Kind.NEWSLETTER]
    for number in range(30):
        pressure = pressure.after_mail(Mail(number, now, Kind.NEWSLETTER, 1), False, POLICY)
        if reaction is not None:
            pressure = pressure.after_evidence(Evidence(now + DAY, reaction, number), POLICY)
        wait = falls_to(pressure.level(now + 7 * DAY, POLICY), room, POLICY)
        assert wait is not None
        now += 7 * DAY + wait
        sent.append(now)
    last = (sent[-1] - sent[-2]) / DAY
    assert days[0] <= last <= days[1]


MAILS = st.lists(
    st.builds(
        Mail,
        st.integers(1, 8),
        st.integers(0, 60).map(lambda days: NOW + days * DAY),
        st.sampled_from(Kind),
        st.integers(1, 3),
    ),
    max_size=8,
    unique_by=lambda mail: mail.id,
)
EVIDENCE = st.lists(
    st.builds(
        Evidence,
        st.integers(0, 70).map(lambda days: NOW + days * DAY),
        st.sampled_from(What),
        st.none() | st.integers(1, 8),
    ),
    max_size=5,
)


@given(MAILS, EVIDENCE, st.booleans(), st.randoms())
def test_the_same_facts_in_any_order_are_the_same_pressure(mails, evidence, hidden, random) -> None:
    pressure = fold(mails, evidence, hidden, POLICY)
    random.shuffle(mails)
    random.shuffle(evidence)
    assert fold(mails, evidence, hidden, POLICY) == pressure


@given(MAILS, EVIDENCE, st.booleans(), st.integers(0, 100), st.integers(0, 100))
def test_pressure_is_never_negative_and_falls_by_itself(mails, evidence, hidden, one, other) -> None:
    pressure = fold(mails, evidence, hidden, POLICY)
    sooner, later = (NOW + (100 + days) * DAY for days in sorted((one, other)))
    assert 0 <= pressure.level(later, POLICY) <= pressure.level(sooner, POLICY)


@given(MAILS, EVIDENCE, st.booleans(), st.sampled_from(What), st.none() | st.integers(1, 8))
def test_whatever_a_person_does_never_adds_pressure(mails, evidence, hidden, what, mail) -> None:
    now: datetime = NOW + 80 * DAY
    before = fold(mails, evidence, hidden, POLICY)
    after = fold(mails, [*evidence, Evidence(now, what, mail)], hidden, POLICY)
    assert after.level(now, POLICY) <= before.level(now, POLICY)


@given(MAILS, EVIDENCE, st.booleans(), st.integers(0, 4))
def test_what_is_told_of_a_mail_twice_is_told_once(mails, evidence, hidden, which) -> None:
    about = [each for each in evidence if each.mail and each.what is not What.OPEN]
    again = [replace(each, at=NOW + 80 * DAY) for each in about[which:]]
    assert fold(mails, evidence + again, hidden, POLICY) == fold(mails, evidence, hidden, POLICY)


@given(st.floats(0.01, 1000), st.floats(0.001, 1000))
def test_a_level_has_fallen_when_it_was_said_to(high: float, low: float) -> None:
    wait = falls_to(high, low, POLICY)
    assert wait is not None
    assert high * 2 ** (-(wait / POLICY.half_life)) <= low * (1 + 1e-6) or wait == timedelta(0)
