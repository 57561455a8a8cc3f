"""What pace promises whatever happens: over arbitrary candidates, histories and policies."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.domain.kind import MANNERS
from service.domain.policy import Caps, Policy, PressurePolicy
from service.domain.sequence.times import read_window
from service.domain.sequence.vocabulary import Kind
from service.domain.throttle import PAST, Breaker, Candidate, Person, Ruling, Verdict, arbitrate
from service.domain.window import Window, is_open, next_open
from tests.domain.stories import BERLIN, at

NOW = at("2026-11-20 10:00")
DAY = timedelta(days=1)
EVERY_SENTENCE = ("Cleared to leave.", "Not sent: its window does not open within a year.")
WINDOWS = [Window.any(), *map(read_window, ("Mon-Fri 09:00-17:00", "20:00-24:00, 00:00-06:00", "Sun 23:58-24:00"))]


def minutes(before: int, after: int) -> st.SearchStrategy[datetime]:
    """Instants about NOW, in minutes."""
    return st.integers(-before * 1440, after * 1440).map(lambda count: NOW + timedelta(minutes=count))


def often(usual: object, seldom: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Mostly what stands against no mail: else several rules hold each one, and none is seen by itself."""
    return st.sampled_from(range(4)).flatmap(lambda side: st.just(usual) if side < 3 else seldom)


# Where the spans and gaps of the caps end, a minute to either side.
EDGES = st.builds(
    lambda hours, minute: NOW - timedelta(hours=hours, minutes=minute),
    st.sampled_from((24, 48, 7 * 24, 30 * 24)),
    st.integers(-1, 1),
)


ENDS = st.integers(0, 60_000).map(lambda count: NOW + timedelta(minutes=count)) | minutes(1, 40)


@st.composite
def mails(draw: st.DrawFn, kinds: Collection[Kind] = tuple(Kind)) -> Candidate:
    kind = draw(st.sampled_from(kinds))
    return Candidate(
        draw(st.integers(1, 99)),
        MANNERS[kind].priority,
        draw(ENDS),
        draw(often(WINDOWS[0], st.sampled_from(WINDOWS))),
        kind,
        closed_days=kind is not Kind.SERVICE,
        seed=draw(st.sampled_from(["", "ana", "bea"])),
        due_at=draw(st.none() | minutes(40, 0)),
        asks_to_stay=kind is Kind.LETTER and draw(st.booleans()),
    )


CANDIDATES = st.lists(mails(), max_size=8, unique_by=lambda each: each.id)
PEOPLE = st.builds(
    Person,
    sent=st.just(()) | st.lists(EDGES, max_size=3) | st.lists(EDGES | minutes(1, 0) | minutes(30, 0), max_size=12),
    level=often(0.0, st.floats(0, 30)),
    less_often=st.booleans(),
    due_from=st.none() | minutes(60, 60),
    due_until=st.none() | minutes(60, 90),
    warm_ahead=often(None, minutes(1, 5)),
    silent_since=often(None, minutes(90, 0)),
    zone=st.just(BERLIN),
    closed=often((), st.lists(st.dates(date(2026, 11, 18), date(2026, 11, 30)), max_size=4).map(tuple)),
)
APART = st.sampled_from((1, 24, 48)) | st.integers(1, 100)
GAPS = st.just(0) | APART
MOST = [st.integers(1, most) for most in (3, 5, 6)]
CAPS = st.builds(Caps, *MOST, GAPS, GAPS)
WEIGHTLESS = PressurePolicy(ceilings=dict.fromkeys(range(1, 8), math.inf), ceiling_due=math.inf)
PRESSURES = st.builds(
    PressurePolicy,
    weights=st.fixed_dictionaries({kind: st.floats(0, 3) for kind in Kind}),
    ceilings=st.fixed_dictionaries({rank: st.floats(0, 12) for rank in range(1, 8)}),
    ceiling_due=st.floats(0, 12),
    less_often=st.floats(0.1, 1),
    half_life=st.integers(1, 60).map(lambda days: days * DAY),
)
POLICIES = st.builds(
    Policy,
    caps=CAPS,
    pressure=st.sampled_from((WEIGHTLESS, PressurePolicy())) | PRESSURES,
    look_ahead=st.sampled_from([timedelta(0), 2 * DAY]),
    spread=st.sampled_from([timedelta(0), timedelta(minutes=15), timedelta(hours=2)]),
)
COLD = Candidate(1, MANNERS[Kind.NEWSLETTER].priority, NOW + DAY, Window.any(), Kind.NEWSLETTER)
BREAKERS = often(Breaker.CLOSED, st.sampled_from(Breaker))


def cleared(verdicts: dict[int, Verdict], candidates: list[Candidate]) -> list[Candidate]:
    """Those that may leave now and count."""
    return [each for each in candidates if each.capped and verdicts[each.id].ruling is Ruling.CLEARED]


@given(CANDIDATES, PEOPLE, POLICIES, BREAKERS)
def test_no_cap_is_ever_exceeded(candidates, person, policy, breaker) -> None:
    keeps_to_the_caps(candidates, person, policy, breaker)


@settings(max_examples=300)
@given(CANDIDATES, PEOPLE, CAPS)
def test_no_cap_is_ever_exceeded_where_nothing_else_holds(candidates, person, caps) -> None:
    keeps_to_the_caps(candidates, Person(person.sent, zone=BERLIN), Policy(caps, pressure=WEIGHTLESS), Breaker.CLOSED)


def keeps_to_the_caps(candidates: list[Candidate], person: Person, policy: Policy, breaker: Breaker) -> None:
    won = cleared(arbitrate(candidates, person, policy, NOW, breaker), candidates)
    caps = policy.caps
    for span, cap, who in ((1, caps.per_day, won), (7, caps.per_week, won), (30, caps.per_month, won)):
        before = sum(1 for instant in person.sent if instant + span * DAY > NOW)
        bound = [each for each in who if span < 30 or not each.warm]
        assert not bound or before + len(bound) <= cap
    gaps = [timedelta(hours=caps.gap_warm if each.warm else caps.gap) for each in won]
    assert all(at + gap <= NOW for at in person.sent for gap in gaps)
    assert sum(1 for gap in gaps if gap) <= 1, "two mails in one slot"


@settings(max_examples=300)
@given(CANDIDATES, PEOPLE, POLICIES)
def test_no_ceiling_is_exceeded_by_all_that_leaves_at_once(candidates, person, policy) -> None:
    person = Person(level=person.level, less_often=person.less_often, due_from=person.due_from, zone=BERLIN)
    policy = replace(policy, caps=Caps(9, 9, 9, 0, 0))
    won = cleared(arbitrate(candidates, person, policy, NOW), candidates)
    assert not won or fits(won, person.level, policy)


def fits(mails: list[Candidate], level: float, policy: Policy) -> bool:
    """Whether these and what weighs on their reader keep to the highest ceiling that may hold for the last of them."""
    if any(each.asks_to_stay for each in mails):
        return True  # it heeds none
    pressure = policy.pressure
    ceilings = [pressure.ceilings[each.priority] for each in mails]
    due = [pressure.ceiling_due for each in mails if each.kind is Kind.OFFER]
    return math.fsum([level, *(pressure.weights[each.kind] for each in mails)]) <= max(ceilings + due) + 1e-9


@given(CANDIDATES, PEOPLE, POLICIES, BREAKERS)
def test_a_held_mail_is_looked_at_again_later_and_at_most_just_past_its_end(
    candidates, person, policy, breaker
) -> None:
    verdicts = arbitrate(candidates, person, policy, NOW, breaker)
    assert set(verdicts) == {each.id for each in candidates}
    for each in candidates:
        verdict = verdicts[each.id]
        if verdict.ruling is Ruling.HELD:
            assert verdict.until is not None
            assert NOW < verdict.until <= each.expires_at + PAST
        else:
            assert verdict.until is None
        assert (verdict.rule == "expired") == (each.expires_at < NOW)


@given(mails(), PEOPLE, POLICIES, BREAKERS)
def test_nobody_starves_a_held_mail_is_sent_or_expires(mail, person, policy, breaker) -> None:
    """Looked at whenever it is said to be, it comes to an end after few looks; nothing else is sent meanwhile. When it
    leaves, there is room for what it weighs."""
    now, left = NOW, person.level
    for _ in range(60):
        level = left * 2 ** (-((now - NOW) / policy.pressure.half_life))
        verdict = arbitrate([mail], person._replace(level=level), policy, now, breaker)[mail.id]
        if verdict.ruling is not Ruling.HELD:
            assert verdict.ruling is Ruling.EXPIRED or not mail.capped or fits([mail], level, policy)
            return
        assert verdict.until is not None
        now = verdict.until
    raise AssertionError(f"held for ever: {verdict}")


@given(CANDIDATES, mails([Kind.SERVICE]), PEOPLE, POLICIES, st.sampled_from(Breaker))
def test_service_mail_is_never_held_by_pace_and_counts_towards_nothing(others, mail, person, policy, breaker) -> None:
    mail = mail._replace(id=100)
    verdicts = arbitrate([*others, mail], person, policy, NOW, breaker)
    verdict = verdicts.pop(mail.id)
    assert verdict.rule in {"slot", "expired", "window"}
    alone = arbitrate([mail], Person(zone=BERLIN, closed=person.closed), Policy(), NOW)
    assert verdict == alone[mail.id]
    opens = next_open(mail.window, NOW, BERLIN, ())
    assert opens is not None
    assert verdict.until in {None, opens, mail.expires_at + PAST}, "nor does it take turns"
    assert arbitrate(others, person, policy, NOW, breaker) == verdicts


@given(CANDIDATES, PEOPLE, POLICIES, BREAKERS, st.randoms())
def test_the_order_of_candidates_and_of_history_does_not_matter(candidates, person, policy, breaker, random) -> None:
    verdicts = arbitrate(candidates, person, policy, NOW, breaker)
    sent = list(person.sent)
    random.shuffle(candidates)
    random.shuffle(sent)
    assert arbitrate(candidates, person._replace(sent=sent), policy, NOW, breaker) == verdicts


@given(CANDIDATES, CANDIDATES, PEOPLE, PEOPLE, POLICIES, BREAKERS)
def test_the_same_is_decided_whoever_was_decided_about_before(one, other, ana, bea, policy, breaker) -> None:
    verdicts = arbitrate(one, ana, policy, NOW, breaker)
    arbitrate(other, bea, policy, NOW, breaker)
    assert arbitrate(one, ana, policy, NOW, breaker) == verdicts


@given(mails(), PEOPLE, POLICIES, BREAKERS, st.floats(0, 30))
def test_more_pressure_never_sends_a_mail_that_less_would_not(mail, person, policy, breaker, more) -> None:
    heavier = person._replace(level=person.level + more)
    if arbitrate([mail], heavier, policy, NOW, breaker)[mail.id].ruling is Ruling.CLEARED:
        assert arbitrate([mail], person, policy, NOW, breaker)[mail.id].ruling is Ruling.CLEARED


@given(CANDIDATES, PEOPLE, st.builds(Caps, *MOST, APART, APART), BREAKERS, st.floats(0, 30))
def test_more_pressure_never_sends_more_mails(candidates, person, caps, breaker, more) -> None:
    policy = Policy(caps=caps)
    few = arbitrate(candidates, person._replace(level=person.level + more), policy, NOW, breaker)
    many = arbitrate(candidates, person, policy, NOW, breaker)
    assert len(cleared(few, candidates)) <= len(cleared(many, candidates))


@example([COLD], Person(), Caps(per_week=1), Breaker.CLOSED, 9.0, NOW + DAY)  # the week's last slot
@given(CANDIDATES, PEOPLE, CAPS, st.sampled_from(Breaker), st.floats(0, 30), st.none() | minutes(0, 2))
def test_pressure_lifts_no_other_rule(candidates, person, caps, breaker, more, warm_ahead) -> None:
    """Where it has no ceilings, what weighs on somebody changes no verdict."""
    person = person._replace(warm_ahead=warm_ahead)
    light, heavy = (
        arbitrate(
            candidates, person._replace(level=level), Policy(caps, pressure=WEIGHTLESS), NOW, breaker, is_told=False
        )
        for level in (person.level, person.level + more)
    )
    assert light == heavy


@given(mails(), PEOPLE, POLICIES)
def test_whoever_asked_for_less_and_whoever_others_complain_about_gets_no_more(mail, person, policy) -> None:
    rulings = [
        arbitrate([mail], person._replace(less_often=less), policy, NOW, breaker)[mail.id].ruling is Ruling.CLEARED
        for less, breaker in ((False, Breaker.CLOSED), (True, Breaker.CLOSED), (True, Breaker.SLOW))
    ]
    assert rulings == sorted(rulings, reverse=True)
    stopped = arbitrate([mail], person, policy, NOW, Breaker.STOPPED)[mail.id]
    assert not mail.capped or stopped.ruling is not Ruling.CLEARED


@given(CANDIDATES, PEOPLE, POLICIES, BREAKERS)
def test_nothing_leaves_outside_its_window_or_past_its_end(candidates, person, policy, breaker) -> None:
    verdicts = arbitrate(candidates, person, policy, NOW, breaker)
    for each in candidates:
        if verdicts[each.id].ruling is Ruling.CLEARED:
            assert each.expires_at >= NOW
            assert is_open(each.window, NOW, BERLIN, person.closed if each.closed_days else ())


@given(CANDIDATES, PEOPLE, POLICIES, BREAKERS)
def test_every_verdict_has_a_rule_a_sentence_and_plain_numbers(candidates, person, policy, breaker) -> None:
    for verdict in arbitrate(candidates, person, policy, NOW, breaker).values():
        assert verdict.reason in EVERY_SENTENCE or any(
            day in verdict.reason for day in ("Mon ", "Tue ", "Wed ", "Thu ", "Fri ", "Sat ", "Sun ")
        )
        assert verdict.reason.endswith(".")
        assert verdict.rule
        assert all(isinstance(value, int | float) for value in verdict.inputs.values())


@given(mails(), PEOPLE, CAPS)
def test_what_window_and_caps_hold_until_an_instant_leaves_then(mail, person, caps) -> None:
    """Nothing was sent meanwhile and nothing weighs on the person: what was promised holds, taking turns included."""
    free = Person(person.sent, zone=BERLIN, closed=person.closed)
    held = arbitrate([mail], free, Policy(caps=caps), NOW)[mail.id]
    if held.until is not None:
        then = arbitrate([mail], free, Policy(caps=caps), held.until)[mail.id]
        assert then.ruling is (Ruling.EXPIRED if held.until > mail.expires_at else Ruling.CLEARED)
        if held.rule != "window" and mail.window.always_open and not person.closed:
            sooner = arbitrate([mail], free, Policy(caps=caps), held.until - PAST)[mail.id]
            assert sooner.ruling is Ruling.HELD, "no moment is lost"


@given(mails(), st.floats(0.1, 12), POLICIES)
def test_what_pressure_holds_until_an_instant_leaves_then_and_has_room(mail, level, policy) -> None:
    mail = mail._replace(window=WINDOWS[0], closed_days=False, expires_at=NOW + 400 * DAY)
    held = arbitrate([mail], Person(level=level, zone=BERLIN), policy, NOW)[mail.id]
    if held.rule == "pressure" and held.until is not None and held.until < mail.expires_at:
        left = level * 2 ** (-((held.until - NOW) / policy.pressure.half_life))
        then = arbitrate([mail], Person(level=left, zone=BERLIN), policy, held.until)[mail.id]
        assert then.ruling is Ruling.CLEARED
        assert fits([mail], left, policy)
