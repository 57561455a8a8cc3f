"""Sequences that would lead people round for ever."""

from __future__ import annotations

import pytest

from service.domain.sequence.model.problem import Problem
from tests.domain.sequence.paper import FRONT, problems_of, sequence

HELLO = "## Day 0: hello\n{}\n"


def ring(one: tuple[str, str], other: tuple[str, str]) -> list[Problem]:
    """What is wrong with two sequences, each of them (`enrol.on`, action)."""
    texts = [sequence(FRONT.replace("signup", on), HELLO.format(action)) for on, action in (one, other)]
    return problems_of(texts[0], other=texts[1])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("manual", "Enrol: other"), ("manual", "Enrol: welcome")),
        (("tagged warm", "Tag: +cold"), ("tagged cold", "Tag: -cold, +warm")),
        (("becomes client", 'Set: contact.stage = "lapsed"'), ("becomes lapsed", 'Set: contact.stage = "client"')),
        (("[signup, tagged warm]", "Enrol: other"), ("manual", "Tag: +warm")),
        (
            ("becomes lead", "Enrol: other"),
            ("manual", 'Set: contact.stage = "lead" if contact.phone else "former"'),
        ),
    ],
)
def test_a_loop_is_told_once_where_it_closes(one: tuple[str, str], other: tuple[str, str]) -> None:
    (problem,) = ring(one, other)
    assert (problem.code, problem.place.path, problem.place.line) == ("loop", "sequences/welcome.md", 10)
    assert problem.message == "This goes round in a circle: `other` → `welcome` → `other`."


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("manual", "Enrol: other"), ("manual", "Leave: welcome")),
        (("tagged warm", "Tag: +cold"), ("tagged cold", "Tag: -warm")),
        (("becomes client", 'Set: contact.stage = "lapsed"'), ("becomes lapsed", "Set: contact.stage = none")),
        (("becomes client", 'Set: contact.favourite_dish = "lapsed"'), ("becomes lapsed", "Enrol: welcome")),
    ],
)
def test_a_way_that_ends_is_no_loop(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert ring(one, other) == []


def test_a_sequence_that_lets_into_itself_is_a_loop() -> None:
    (problem,) = problems_of(sequence(steps=HELLO.format("Enrol: welcome")))
    assert str(problem).startswith(
        "sequences/welcome.md:10:8: error: This leads from `welcome` into itself, round in a circle."
    )


def test_two_loops_are_told_apart() -> None:
    first = sequence(steps=HELLO.format("Enrol: b\nEnrol: c"))
    back = sequence(steps=HELLO.format("Enrol: welcome"))
    assert [(each.code, each.place.path) for each in problems_of(first, b=back, c=back)] == [
        ("loop", "sequences/welcome.md"),
        ("loop", "sequences/welcome.md"),
    ]
