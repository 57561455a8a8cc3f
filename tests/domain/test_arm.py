"""Which arm of a test a person is in."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from service.domain.arm import HOLDOUT, draw_arm
from service.domain.draw import code, draw
from service.domain.enrolment import Open, Skip, next_move
from service.domain.schedule import Progress
from service.domain.sequence.model.step import TaskField
from service.domain.sequence.model.words import Subject
from service.domain.sequence.vocabulary import Kind
from tests.domain.stories import HERE, at, day, facts, letters, step

NOW = at("2026-11-20 14:30")
PLAIN = letters(step("hello", day(0)))
TESTED = replace(PLAIN, arms=(("short", 45), ("long", 45), (HOLDOUT, 10)))


def test_the_shares_come_out_and_everybody_stays_where_they_are() -> None:
    drawn = [draw_arm(TESTED, f"person {number}") for number in range(10_000)]
    counts = Counter(drawn)
    assert abs(counts["short"] - 4_500) < 200
    assert abs(counts["long"] - 4_500) < 200
    assert abs(counts[HOLDOUT] - 1_000) < 120
    assert drawn[:100] == [draw_arm(TESTED, f"person {number}") for number in range(100)]


def test_another_sequence_draws_anew() -> None:
    other = replace(TESTED, key="other")
    same = sum(draw_arm(TESTED, str(number)) == draw_arm(other, str(number)) for number in range(1_000))
    assert 300 < same < 550  # 0.45² + 0.45² + 0.1² of them


def test_letters_of_subjects_share_evenly_and_are_the_same_in_every_step() -> None:
    lettered = step("tip", day(2))
    subjects = tuple(Subject(f"Subject {arm}", (), HERE, arm) for arm in "AB")
    sequence = letters(step("hello", day(0)), replace(lettered, subjects=subjects))
    counts = Counter(draw_arm(sequence, str(number)) for number in range(2_000))
    assert set(counts) == {"A", "B"}
    assert abs(counts["A"] - 1_000) < 100


def test_without_a_test_there_is_no_arm() -> None:
    assert draw_arm(PLAIN, "ana") is None


def test_the_holdout_gets_service_mail_and_nothing_else() -> None:
    known = replace(facts(NOW, NOW), arm=HOLDOUT)
    service = replace(TESTED, steps=(step("hello", day(0), Kind.SERVICE),))
    assert isinstance(next_move(service, Progress(NOW), known, NOW), Open)
    call = replace(step("call", day(0)), subjects=(), task=TaskField("call", "front-desk"))
    for each in (step("tip", day(0)), call):
        move = next_move(replace(TESTED, steps=(each,)), Progress(NOW), known, NOW)
        assert isinstance(move, Skip)
        assert move.rule == "holdout"


def test_draws_are_even_and_codes_are_short_and_stable() -> None:
    points = [draw(str(number), "purpose") for number in range(5_000)]
    assert all(0 <= point < 1 for point in points)
    assert abs(sum(points) / len(points) - 0.5) < 0.02
    assert code("ana", "coupon") == code("ana", "coupon") != code("bea", "coupon")
    assert len(code("ana", "coupon")) == 6
