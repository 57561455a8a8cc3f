"""The rules of the ledger: whatever happens in whatever order, nobody is paid twice, nor without a person's word."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain.referral_doubt import Doubt
from service.domain.referral_ledger import (
    MOVES,
    PAID,
    Await,
    Become,
    CannotDecide,
    Case,
    Entry,
    State,
    decide,
    next_step,
)
from service.domain.sequence.model.duration import Duration, Unit
from service.domain.sequence.model.referral import Cap, Programme, Reward, RewardKind, Side
from tests.domain.stories import at

NOW = at("2026-11-20 10:00")
DAY = timedelta(days=1)
ZONE = ZoneInfo("Europe/Berlin")
SOME = Reward(RewardKind.TEXT, "a coffee")
SURE, VAGUE = Doubt("The same mailbox.", is_sure=True), Doubt("The same network.")
PROGRAMME = Programme(friend=replace(SOME, at_signup=True), referrer=SOME, each=Cap(3), in_all=9)

# What may happen to an entry: time passes, the friend comes or gets money back, somebody looks, a cap fills.
HAPPENING = st.sampled_from(["day", "month", "year", "confirm", "visit", "refund", "doubt", "sure", "clear", "forget"])
ACT = st.one_of(HAPPENING, st.sampled_from(["look", "look", "look", "approve", "refuse", "redeem", "full"]))


LENGTHS = {"day": DAY, "month": 30 * DAY, "year": 366 * DAY}
DOUBTS = {"doubt": (VAGUE,), "sure": (SURE,), "clear": ()}


def learn(case: Case, act: str, now: datetime) -> Case:
    """What is known of the referral once this has happened."""
    known: dict[str, dict[str, object]] = {
        "confirm": {"joined_at": case.joined_at or now},
        "visit": {"joined_at": case.joined_at or now, "qualified_at": case.qualified_at or now},
        "refund": {"refunded": case.qualified_at is not None},
        "forget": {"forgotten": True},
        "full": {"paid_lately": 3},
    }
    return replace(case, doubts=DOUBTS[act]) if act in DOUBTS else replace(case, **known.get(act, {}))


def step(entry: Entry, case: Case, act: str, now: datetime) -> tuple[Entry, Become | None]:
    """What an act makes of an entry; `cleared` is the person's word that is kept beside it."""
    became: Become | Await | None = None
    if act == "look":
        became = next_step(entry, case, PROGRAMME, now, ZONE)
    if act == "redeem" and entry.state is State.GRANTED:
        became = Become(State.REDEEMED, "It was used.")
    if act in {"approve", "refuse"}:
        with suppress(CannotDecide):
            became = decide(entry, case, PROGRAMME, "Mia", None, yes=act == "approve")
            entry = replace(entry, cleared=act == "approve")
    return entry, became if isinstance(became, Become) else None


def walk(side: Side, acts: list[str]) -> list[tuple[str, State]]:
    """The states that an entry comes to, each with the act that brought it there."""
    now, entry, case = NOW, Entry(side, State.INVITED, NOW), Case()
    states = [("", entry.state)]
    for act in acts:
        now += LENGTHS.get(act, timedelta())
        case = learn(case, act, now)
        entry, became = step(entry, case, act, now)
        if became is not None:
            assert became.state in MOVES[entry.state]
            assert became.reason.endswith(".")
            states.append((act, became.state))
            ends = now + 365 * DAY if became.state is State.GRANTED else None
            entry = replace(entry, state=became.state, since=now, ends_at=ends)
    return states


@settings(max_examples=1_000, deadline=None)
@given(side=st.sampled_from(Side), acts=st.lists(ACT, max_size=60))
def test_no_path_pays_twice(side: Side, acts: list[str]) -> None:
    states = [state for _, state in walk(side, acts)]
    for state in (State.GRANTED, State.REDEEMED, State.EXPIRED):
        assert states.count(state) <= 1


@settings(max_examples=1_000, deadline=None)
@given(side=st.sampled_from(Side), acts=st.lists(ACT, max_size=60))
def test_what_was_refused_is_never_granted_without_a_person(side: Side, acts: list[str]) -> None:
    came = walk(side, acts)
    for (_, before), (act, _) in pairwise(came):
        if before is State.REFUSED:
            assert act == "approve"


@settings(max_examples=1_000, deadline=None)
@given(acts=st.lists(ACT, max_size=60))
def test_a_referrer_is_paid_for_a_friend_who_was_here_alone(acts: list[str]) -> None:
    if State.GRANTED in {state for _, state in walk(Side.REFERRER, acts)}:
        assert "visit" in acts


@settings(max_examples=1_000, deadline=None)
@given(acts=st.lists(st.sampled_from(["look", "day", "month", "visit", "doubt", "redeem"]), max_size=60))
def test_a_doubt_that_nobody_looks_at_pays_nothing(acts: list[str]) -> None:
    assert not PAID & {state for _, state in walk(Side.REFERRER, ["doubt", *acts])}


def test_nothing_leads_back_to_granted() -> None:
    seen: set[State] = set()
    ahead = set(MOVES[State.GRANTED])
    while ahead:
        state = ahead.pop()
        seen.add(state)
        ahead |= MOVES[state] - seen
    assert seen == {State.REDEEMED, State.EXPIRED}


def here(state: State = State.QUALIFIED, **known: object) -> tuple[Entry, Case]:
    return Entry(Side.REFERRER, state, NOW), replace(Case(NOW - DAY, NOW), **known)


def look(entry: Entry, case: Case, now: datetime, programme: Programme = PROGRAMME) -> Become | Await:
    return next_step(entry, case, programme, now, ZONE)


def test_the_waiting_days_end_on_the_minute() -> None:
    entry, case = here()
    wait = look(entry, case, NOW)
    assert isinstance(wait, Await)
    assert wait.until == NOW + 14 * DAY
    assert look(entry, case, NOW + 14 * DAY - timedelta(seconds=1)) == wait
    assert look(entry, case, NOW + 14 * DAY) == Become(State.APPROVED, "Nothing speaks against it.")


def test_a_friend_is_welcomed_at_once_and_a_referrer_is_not() -> None:
    friend = Entry(Side.FRIEND, State.SIGNED_UP, NOW)
    assert look(friend, Case(NOW), NOW) == Become(State.QUALIFIED, "The friend has signed up, which is enough.")
    assert isinstance(look(replace(friend, state=State.QUALIFIED), Case(NOW), NOW), Become)
    wait = look(Entry(Side.REFERRER, State.SIGNED_UP, NOW), Case(NOW), NOW)
    assert isinstance(wait, Await)
    assert wait.until == at("2027-11-20 10:00")


@pytest.mark.parametrize(
    ("known", "programme", "reason"),
    [
        ({"refunded": True}, PROGRAMME, "The friend's purchase was refunded."),
        ({"doubts": (VAGUE, SURE)}, PROGRAMME, "The same mailbox."),
        ({"paid_lately": 3}, PROGRAMME, "They have had 3 rewards, which is the most for one person."),
        (
            {"paid_lately": 1},
            replace(PROGRAMME, each=Cap(1, Duration.of(1, Unit.YEARS))),
            "They have had 1 reward in 1 year, which is the most for one person.",
        ),
        ({"paid_in_all": 9}, PROGRAMME, "All 9 rewards of the programme are given."),
    ],
)
def test_why_a_reward_is_refused(known: dict[str, object], programme: Programme, reason: str) -> None:
    entry, case = here(**known)
    assert look(entry, case, NOW + 14 * DAY, programme) == Become(State.REFUSED, reason)


def test_a_person_is_asked_where_something_is_doubtful_or_nobody_can_look() -> None:
    for known in ({"doubts": (VAGUE,)}, {"forgotten": True}):
        entry, case = here(**known)
        wait = look(entry, case, NOW + 14 * DAY)
        assert isinstance(wait, Await)
        assert wait.asks
        assert wait.until is None
        assert isinstance(look(replace(entry, cleared=True), case, NOW + 14 * DAY), Become)


@pytest.mark.parametrize("state", State)
def test_a_word_said_twice_changes_nothing_more(state: State) -> None:
    for yes in (True, False):
        entry, case = here(state)
        try:
            first = decide(entry, case, PROGRAMME, "Mia", "I know them", yes=yes)
        except CannotDecide:
            continue
        if first is not None:
            assert first.reason == f"{'Approved' if yes else 'Refused'} by Mia: I know them."
            assert decide(replace(entry, state=first.state), case, PROGRAMME, "Mia", None, yes=yes) is None


def test_a_refused_one_taken_up_before_the_visit_waits_for_the_visit() -> None:
    entry = Entry(Side.REFERRER, State.REFUSED, NOW)
    back = decide(entry, Case(NOW), PROGRAMME, "Mia", None, yes=True)
    assert back is not None
    assert back.state is State.SIGNED_UP
    cleared = Entry(Side.REFERRER, State.SIGNED_UP, NOW, cleared=True)
    assert isinstance(look(cleared, Case(NOW, doubts=(SURE,)), NOW), Await)
