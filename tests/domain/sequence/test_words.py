from __future__ import annotations

import pytest

from service.domain.sequence.heading import read_when
from service.domain.sequence.model.expression import Expression
from service.domain.sequence.model.place import Place
from service.domain.sequence.model.words import Subject, placeholder
from service.domain.sequence.times import read_window
from service.domain.sequence.words import as_written, when_in_words, window_in_words

HERE = Place("sequences/letters.md")


@pytest.mark.parametrize(
    "words",
    [
        "Day 0",
        "Day 3 at 10:00",
        "Day 3-5",
        "2 days later",
        "1 hour later",
        "4 weeks before at 09:30",
        "On the day at 18:00",
    ],
)
def test_a_time_reads_as_it_is_written(words: str) -> None:
    assert when_in_words(read_when(words)) == words


@pytest.mark.parametrize(
    "words", ["any", "09:00-17:00", "Mon-Fri 09:00-17:00, Sat 10:00-14:00", "Sun 00:00-24:00", "Mon-Sat 09:00-19:00"]
)
def test_a_window_reads_as_it_is_written(words: str) -> None:
    assert window_in_words(read_window(words)) == words


def test_days_over_the_weekend_are_told_apart() -> None:
    assert window_in_words(read_window("Fri-Mon 09:00-12:00")) == "Mon and Fri-Sun 09:00-12:00"


def test_a_subject_has_its_merge_fields_back() -> None:
    fields = (Expression("contact.first_name or “friend”", HERE), Expression("date | day", HERE))
    subject = Subject(f"Hello {placeholder(0)}, see you on {placeholder(1)}", fields, HERE)
    assert as_written(subject) == "Hello {{ contact.first_name or “friend” }}, see you on {{ date | day }}"
