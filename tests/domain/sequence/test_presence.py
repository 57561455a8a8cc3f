"""What may be empty where it is printed."""

from __future__ import annotations

import pytest

from service.domain.sequence.presence import given, may_be_empty, spelled
from service.domain.sequence.syntax import parse


def empty(source: str, *there: str) -> str:
    node = may_be_empty(parse(source), frozenset(there))
    return "" if node is None else spelled(node) or "?"


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("a.x", "a.x"),
        ('a.x or "you"', ""),
        ("a.x or a.y", "a.y"),
        ('a.x or a.y or "you"', ""),
        ("a.x | title", "a.x"),
        ('(a.x or "you") | title', ""),
        ('"Dear " + a.x', "a.x"),
        ("a.x * 2", "a.x"),
        ('"yes" if a.x else "no"', ""),
        ('a.x if a.x else "no"', ""),
        ('a.y if a.x else "no"', "a.y"),
        ('"no" if not a.x else a.x', ""),
        ('"yes" if a.x', "?"),
        ('a["x"]', "a.x"),
        ("a.x and a.x", "a.x"),
        ('coupon("K")', ""),
        ('coupon("K").expires | day', ""),
        ('count("visit")', ""),
        ('answer("step")', 'answer("step")'),
        ('days_since("visit")', 'days_since("visit")'),
        ('"only words"', ""),
    ],
)
def test_a_value_may_be_empty_unless_a_word_follows_it(source: str, what: str) -> None:
    assert empty(source) == what


@pytest.mark.parametrize(
    ("condition", "holds", "there"),
    [
        ("a.x", True, {"a.x"}),
        ("a.x", False, set()),
        ("not a.x", False, {"a.x"}),
        ("a.x and a.y", True, {"a.x", "a.y"}),
        ("a.x or a.y", True, set()),
        ("a.x or a.x and a.y", True, {"a.x"}),
        ("not a.x or not a.y", False, {"a.x", "a.y"}),
        ("not (a.x and a.y)", False, {"a.x", "a.y"}),
        ('a.x == "moved"', True, {"a.x", '"moved"'}),
        ('a.x != "moved"', True, {"a.x", '"moved"'}),
        ('a.x == "moved"', False, set()),
        ('a.x in ["a", "b"]', True, {"a.x"}),
        ('a.x not in ["a", "b"]', True, set()),
        ("a.x | day", True, {"a.x"}),
        ('answer("s") == "yes"', True, {'answer("s")', '"yes"'}),
    ],
)
def test_a_condition_says_what_is_there(condition: str, holds: bool, there: set[str]) -> None:
    assert given(parse(condition), holds) == there
