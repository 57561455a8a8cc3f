"""`throttle` of business.yaml: what it says, what is refused, and what changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from service.domain.policy import BreakerPolicy, Caps, Policy, SunsetPolicy
from service.domain.sequence.library import BUSINESS as PATH
from service.domain.sequence.library import read_library
from service.domain.sequence.model.problem import Problem
from service.domain.sequence.throttle import compare_policies
from service.domain.sequence.vocabulary import Kind
from tests.domain.sequence.paper import BUSINESS, files, marked, sequence

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def policy_of(throttle: str) -> Policy:
    library, problems = read_library(files(business=f"{BUSINESS}throttle:\n{throttle}"))
    assert library is not None, "\n".join(map(str, problems))
    return library.business.throttle


def problems_of(business: str) -> list[Problem]:
    problems = read_library(files(sequence(), business))[1]
    return [each for each in problems if each.place.path == PATH]


def test_a_business_that_says_nothing_has_the_numbers_of_the_research() -> None:
    assert policy_of("  {}\n") == Policy()


def test_every_number_can_be_set() -> None:
    policy = policy_of("""\
  per day: 2
  per week: 4
  per month: 9
  gap: 2 days
  gap warm: 12 hours
  look ahead: 1 day
  spread: 30 minutes
  keeps: {newsletter: 6 days, check-in: 36 hours}
  pressure:
    half-life: 14 days
    follow-up: 2
    opens hidden: 80%
    opened: 40%
    answered within: 2 days
    answer: 60%
    booking: 10%
    less often: 40%
    due from: 0.8 rhythms
    due until: 2 rhythms
    weights: {delight: 0.2, offer: 1.5}
    ceilings: {win-back: 5, offer: 2, offer when due: 4.5}
  sunset: {never reacted: 8, reacted once: 12, at least: 60 days, silence: 30 days}
  breaker: {slow: 0.05%, stop: 0.2 %, over: 14 days, fewest: 5}
""")
    assert policy.caps == Caps(2, 4, 9, 48, 12)
    assert (policy.look_ahead, policy.spread) == (DAY, 30 * timedelta(minutes=1))
    assert policy.keeps == {Kind.NEWSLETTER: 6 * DAY, Kind.CHECK_IN: 36 * HOUR}
    assert policy.sunset == SunsetPolicy(8, 12, 60 * DAY, 30 * DAY)
    assert policy.breaker == BreakerPolicy(0.0005, 0.002, 14 * DAY, 5)
    pressure, usual = policy.pressure, Policy().pressure
    assert pressure.weights == {**usual.weights, Kind.DELIGHT: 0.2, Kind.OFFER: 1.5}
    assert pressure.ceilings == {**usual.ceilings, 4: 5, 7: 2}
    assert replace(pressure, weights=usual.weights, ceilings=usual.ceilings) == replace(
        usual,
        half_life=14 * DAY,
        escalation=2,
        hidden=0.8,
        opened=0.4,
        answered_within=2 * DAY,
        answer=0.6,
        booking=0.1,
        less_often=0.4,
        due_from=0.8,
        due_until=2,
        ceiling_due=4.5,
    )


def test_looking_ahead_and_taking_turns_can_be_done_without() -> None:
    policy = policy_of("  look ahead: none\n  spread: none\n")
    assert (policy.look_ahead, policy.spread) == (timedelta(0), timedelta(0))


def test_a_gap_shorter_than_the_usual_warm_one_holds_for_warm_mail_too() -> None:
    assert policy_of("  gap: 20 hours\n").caps == Caps(gap=20, gap_warm=20)


BROKEN = [
    ("per day: ▸-1", "bad-number"),
    ("per week: ▸2.5", "bad-number"),
    ("per month: ▸5000", "bad-number"),
    ("gap: ▸-2 days", "bad-duration"),
    ("gap: ▸2 years", "bad-duration"),
    ("▸gap warm: 3 days", "contradiction"),
    ("look ahead: ▸9 days", "bad-duration"),
    ("spread: ▸5 hours", "bad-duration"),
    ("spread: ▸0 minutes", "bad-duration"),
    ("▸per weak: 3", "unknown-key"),
    ("keeps: {▸newsleter: 4 days}", "unknown-key"),
    ("keeps: {newsletter: ▸1 year}", "bad-duration"),
    ("keeps: ▸4 days", "wrong-shape"),
    ("pressure: {▸halflife: 21 days}", "unknown-key"),
    ("pressure: {half-life: ▸2 months}", "bad-duration"),
    ("pressure: {follow-up: ▸0.5}", "bad-number"),
    ("pressure: {opened: ▸0.5}", "bad-share"),
    ("pressure: {opened: ▸120%}", "bad-share"),
    ("pressure: {answer: ▸-5%}", "bad-share"),
    ("pressure: {less often: ▸0%}", "bad-share"),
    ("pressure: {due from: ▸3 weeks}", "bad-duration"),
    ("pressure: {▸due from: 3 rhythms, due until: 2 rhythms}", "contradiction"),
    ("pressure: {weights: {letter: ▸much}}", "bad-number"),
    ("pressure: {weights: {▸service: 1}}", "contradiction"),
    ("pressure: {weights: {▸leter: 1}}", "unknown-key"),
    ("pressure: {weights: {▸offer: 1.3}}", "contradiction"),
    ("pressure: {ceilings: {▸newsletter: 1}}", "contradiction"),
    ("pressure: {ceilings: {letter: ▸-1}}", "bad-number"),
    ("pressure: {ceilings: {check-in: 12, ▸nudge: 10}}", "duplicate-key"),
    ("pressure: {ceilings: {▸service: 1}}", "contradiction"),
    ("pressure: {ceilings: {▸offer: 6}}", "contradiction"),
    ("pressure: {ceilings: {▸offer when due: 1}}", "contradiction"),
    ("pressure: {ceilings: {▸offer when duel: 5}}", "unknown-key"),
    ("sunset: {never reacted: ▸0}", "bad-number"),
    ("sunset: {▸reacted once: 5}", "contradiction"),
    ("sunset: {silence: ▸2 hours}", "bad-duration"),
    ("breaker: {▸slow: 0.3%}", "contradiction"),
    ("breaker: {▸stop: 0.05%}", "contradiction"),
    ("breaker: {stop: ▸300%}", "bad-share"),
    ("breaker: {fewest: ▸none}", "bad-number"),
]


@pytest.mark.parametrize(("throttle", "code"), BROKEN, ids=[throttle for throttle, _ in BROKEN])
def test_what_can_not_be_meant_is_told_once_and_in_its_place(throttle: str, code: str) -> None:
    text, place = marked(f"{BUSINESS}throttle:\n  {throttle}\n")
    problems = problems_of(text)
    assert [(f"{each.place.line}:{each.place.column}", each.code) for each in problems] == [(place, code)]
    assert problems[0].hint


def test_a_ceiling_that_nothing_fits_under_names_the_kind_and_the_way_out() -> None:
    (problem,) = problems_of(BUSINESS + "throttle: {pressure: {ceilings: {letter: 0.8}, weights: {review: 0.5}}}\n")[:1]
    assert problem.message == "No letter could ever leave: it weighs 1, and its ceiling is 0.8."
    assert problem.hint == "write a ceiling above 1, or a smaller weight"


def test_an_unknown_kind_is_told_the_nearest_one() -> None:
    (problem,) = problems_of(BUSINESS + "throttle: {keeps: {news letter: 4 days}}\n")
    assert problem.hint == "did you mean `newsletter`?"


def test_what_changed_is_told_in_the_words_of_the_file() -> None:
    new = policy_of(
        "  per week: 4\n  gap: 36 hours\n  spread: none\n  keeps: {newsletter: 6 days}\n"
        "  pressure: {half-life: 14 days, less often: 40%, weights: {letter: 1.25}, ceilings: {review: 5}}\n"
        "  breaker: {slow: 0.05%}\n"
    )
    assert compare_policies(Policy(), new) == (
        "per week 3 → 4, gap 48 hours → 36 hours, spread 15 minutes → none, "
        "pressure half-life 21 days → 14 days, pressure less often 50% → 40%, breaker slow 0.1% → 0.05%, "
        "weight of letter 1 → 1.25, ceiling of letter/review/win-back 6 → 5, "
        "keeps newsletter as usual → 6 days"
    )
    assert compare_policies(new, new) == ""


def test_keeping_no_longer_than_usual_again_is_told_too() -> None:
    assert compare_policies(policy_of("  keeps: {offer: 5 days}\n"), Policy()) == "keeps offer 5 days → as usual"
