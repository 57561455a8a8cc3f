"""`pacing` of business.yaml: what it says, and where it says what can't hold."""

from __future__ import annotations

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.pacing import DAY, Pacing, Rate
from service.domain.sequence.findings import Fault
from service.domain.sequence.library import read_library
from service.domain.sequence.pacing import read_rate
from tests.domain.sequence.paper import files, sequence
from tests.domain.sequence.test_business import NEEDED, business_of, found

WHOLE = """\
pacing:
  in all: [14 a second, 50000 a day]
  connections: 4
  each group: 500 an hour
  groups: {gmail: 2 per second, glow.example: 30/minute}
  warm up: {since: 2026-11-22, up to: 2000 a day}
"""
LINE = NEEDED.count("\n") + 2  # the first line below `pacing:`


def pacing_of(text: str) -> Pacing:
    return business_of(NEEDED + text).pacing


def faults(below: str) -> list[str]:
    return found(f"{NEEDED}pacing:\n{below}")


def test_without_it_nothing_is_limited() -> None:
    assert business_of(NEEDED).pacing == Pacing()
    assert pacing_of("pacing:\n") == Pacing()


def test_all_that_it_may_say_arrives() -> None:
    assert pacing_of(WHOLE) == Pacing(
        in_all=(Rate(14, 1), Rate(50_000, DAY)),
        connections=4,
        each=Rate(500, 3_600),
        groups=(("gmail", Rate(2, 1)), ("glow.example", Rate(30, 60))),
        warm_up=date(2026, 11, 22),
        warm_up_to=2_000,
    )
    assert pacing_of("pacing: {in all: 600 / minute}\n").in_all == (Rate(600, 60),)


@pytest.mark.parametrize(
    ("below", "code"),
    [
        ("  in all: -3 a second\n", "bad-rate"),
        ("  in all: 0 a second\n", "bad-rate"),
        ("  each group: 0 a day\n", "bad-rate"),
        ("  in all: fast\n", "bad-rate"),
        ("  in all: 1.5 a second\n", "bad-rate"),
        ("  in all: 5 a fortnight\n", "bad-rate"),
        ("  in all: 99999999999 a day\n", "bad-rate"),
        ("  connections: 0\n", "bad-connections"),
        ("  connections: -1\n", "bad-connections"),
        ("  connections: 5000\n", "bad-connections"),
        ("  warm up: {since: soon}\n", "bad-date"),
        ("  warm up: {up to: 2000 a day}\n", "missing-key"),
        ("  warm up: {since: 2026-11-22, up to: 20 a second}\n", "bad-rate"),
        ("  warm up: {since: 2026-11-22, up to: 5 a day}\n", "beyond-the-limit"),
        ("  warm up: {since: 2026-11-22, up to: 200000 a day}\n", "beyond-the-limit"),
        ("  groups: {gmial: 2 a second}\n", "unknown-group"),
        ("  speed: 3\n", "unknown-key"),
    ],
)
def test_what_cannot_hold_is_refused_on_its_line(below: str, code: str) -> None:
    (fault,) = faults(below)
    assert fault.startswith(f"{LINE}:")
    assert fault.endswith(code)


@pytest.mark.parametrize(
    "second",
    [
        "  warm up: {since: 2026-11-22, up to: 3000 a day}\n",
        "  each group: 3000 a day\n",
        "  groups: {gmail: 20 a second}\n",
        "  groups: {gmail: 700 a minute}\n",
    ],
)
def test_nothing_goes_beyond_what_the_mail_service_takes(second: str) -> None:
    (fault,) = faults("  in all: [10 a second, 2000 a day]\n" + second)
    assert fault.startswith(f"{LINE + 1}:")
    assert fault.endswith("beyond-the-limit")


def test_the_refusal_says_what_to_write() -> None:
    text = NEEDED + "pacing:\n  in all: 2000 a day\n  warm up: {since: 2026-11-22, up to: 3000 a day}\n"
    (problem,) = [each for each in read_library(files(sequence(), text))[1] if each.code == "beyond-the-limit"]
    assert problem.message == "The warm-up goes up to 3000 mails a day, and the mail service takes 2000 in all."
    assert problem.hint == "write `up to: 2000 a day` or less"


@given(st.text(max_size=40))
def test_any_text_is_a_rate_above_zero_or_a_fault(text: str) -> None:
    rate = None
    with suppress(Fault):
        rate = read_rate(text)
    assert rate is None or (rate.count > 0 and rate.per_second > 0)
