"""Who may be written to now."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from service.domain.kind import MANNERS
from service.domain.policy import Caps, Policy, PressurePolicy
from service.domain.sequence.times import read_window
from service.domain.sequence.vocabulary import Kind
from service.domain.throttle import Breaker, Candidate, Person, Ruling, Verdict, arbitrate
from service.domain.window import Window
from tests.domain.stories import BERLIN, OFFICE, at

NOW = at("2026-11-20 10:00")
SOON = NOW + timedelta(days=7)


def mail(number: int, priority: int, *, expires: datetime = SOON, window: Window | None = None) -> Candidate:
    return Candidate(number, priority, expires, window or Window.any())


def decide(*candidates: Candidate, history: tuple[datetime, ...] = (), now: datetime = NOW, caps: Caps | None = None):
    return arbitrate(candidates, Person(history, zone=BERLIN), Policy(caps or Caps()), now)


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


def of(kind: Kind, number: int = 1, **fields: Any) -> Candidate:
    return Candidate(number, MANNERS[kind].priority, fields.pop("expires", SOON), Window.any(), kind, **fields)


def ruled(candidate: Candidate, person: Person, policy: Policy | None = None, **rest: Any) -> Verdict:
    known = person._replace(zone=BERLIN)
    return arbitrate([candidate], known, policy or Policy(), rest.pop("now", NOW), **rest)[candidate.id]


def test_pressure_holds_a_mail_until_the_level_has_fallen_far_enough() -> None:
    person = Person(level=0.8)
    held = ruled(of(Kind.NEWSLETTER, expires=NOW + timedelta(days=30)), person)
    assert (held.rule, held.ruling) == ("pressure", Ruling.HELD)
    assert held.reason == "Held until Sun 29 Nov 04:11: pressure 0.8 + 1 is over 1.6."
    assert held.until is not None
    later = Person(level=0.8 * 2 ** (-((held.until - NOW) / timedelta(days=21))))
    assert ruled(of(Kind.NEWSLETTER, expires=NOW + timedelta(days=30)), later, now=held.until).rule == "slot"


@pytest.mark.parametrize(("kind", "most"), [(Kind.CHECK_IN, 11.5), (Kind.ONBOARDING, 7.3), (Kind.LETTER, 5)])
def test_each_class_has_a_ceiling_of_its_own(kind: Kind, most: float) -> None:
    assert ruled(of(kind), Person(level=most - 0.01)).ruling is Ruling.CLEARED
    assert ruled(of(kind), Person(level=most + 0.01)).rule == "pressure"


def test_a_verdict_tells_the_numbers_it_was_decided_by() -> None:
    person = Person([NOW - timedelta(days=days) for days in (20, 6, 3)], level=1.234)
    verdict = ruled(of(Kind.REFERRAL), person)
    assert verdict.ruling is Ruling.CLEARED
    numbers = {"pressure": 1.23, "weight": 1.25, "ceiling": 2.5, "day": 0, "week": 2, "month": 3}
    assert verdict.inputs == {"class": 5, **numbers}


def test_the_weeks_last_slot_is_kept_for_a_warm_mail_that_is_near() -> None:
    sent = [NOW - timedelta(days=days) for days in (2.5, 4.5)]
    near = Person(sent, warm_ahead=NOW + timedelta(hours=20))
    held = ruled(of(Kind.REFERRAL), near)
    assert (held.rule, held.until) == ("look-ahead", NOW + timedelta(hours=20))
    assert held.reason == (
        "Held until Sat 21 Nov 07:00: the week's last slot is kept for a warmer mail within 48 hours."
    )
    assert ruled(of(Kind.REVIEW), near).ruling is Ruling.CLEARED
    assert ruled(of(Kind.REFERRAL), Person(sent, warm_ahead=NOW + timedelta(hours=49))).ruling is Ruling.CLEARED
    assert ruled(of(Kind.REFERRAL), Person(sent[:1], warm_ahead=near.warm_ahead)).ruling is Ruling.CLEARED


def test_the_slot_is_not_the_last_one_where_another_comes_free_in_time() -> None:
    sent = [NOW - timedelta(days=days) for days in (2.5, 6.5)]
    near = Person(sent, warm_ahead=NOW + timedelta(hours=20))
    assert ruled(of(Kind.REFERRAL), near).ruling is Ruling.CLEARED


def test_an_offer_waits_until_its_reader_is_due_and_then_goes_before_a_letter() -> None:
    wanted = NOW + timedelta(days=6)
    person = Person(level=2.1, due_from=wanted, due_until=wanted + timedelta(days=40))
    held = ruled(of(Kind.OFFER), person)
    assert (held.rule, held.until) == ("due", wanted)
    assert held.reason == (
        "Held until Thu 26 Nov 11:00: pressure 2.1 + 1.25 is over 1.3, and the client is not due for a visit before "
        "26 November."
    )
    due = person._replace(zone=BERLIN)
    both = arbitrate([of(Kind.OFFER, 1), of(Kind.LETTER, 2)], due, Policy(), wanted)
    assert both[1].ruling is Ruling.CLEARED
    assert both[1].inputs["class"] == 3.5
    assert both[2].rule == "gap"
    over = ruled(of(Kind.OFFER), person._replace(level=3.9), now=wanted)
    assert over.reason.endswith("pressure 3.9 + 1.25 is over 5.")


def test_where_those_who_are_due_have_the_lower_ceiling_an_offer_waits_until_they_no_longer_are() -> None:
    """It was looked at again each minute of those weeks."""
    ends = NOW + timedelta(days=20)
    person = Person(due_from=NOW - timedelta(days=5), due_until=ends, zone=BERLIN)
    offer = of(Kind.OFFER, expires=NOW + timedelta(days=30))
    held = arbitrate([offer], person, Policy(pressure=PressurePolicy(ceiling_due=0)), NOW)[offer.id]
    assert (held.ruling, held.rule) == (Ruling.HELD, "pressure")
    assert ends < held.until <= ends + timedelta(minutes=1)


def test_an_offer_that_nobody_is_due_for_any_more_has_little_room() -> None:
    person = Person(level=1, due_from=NOW - timedelta(days=50), due_until=NOW - timedelta(days=1))
    held = ruled(of(Kind.OFFER), person)
    assert held.rule == "pressure"
    assert held.reason.endswith("pressure 1 + 1.25 is over 1.3, and the client is not due for a visit any more.")


def test_an_offer_that_expired_says_what_stood_against_it() -> None:
    person = Person(level=2.1, due_from=at("2026-12-12 00:00"))
    verdict = ruled(of(Kind.OFFER, expires=NOW - timedelta(minutes=1)), person)
    assert verdict.ruling is Ruling.EXPIRED
    assert verdict.reason == (
        "Expired unsent: it was worth sending until Fri 20 Nov 10:59. Against it stood: pressure 2.1 + 1.25 is over "
        "1.3, and the client is not due for a visit before 12 December."
    )


def test_less_often_halves_the_ceilings() -> None:
    person = Person(level=2.5, less_often=True)
    assert ruled(of(Kind.LETTER), Person(level=2.5)).ruling is Ruling.CLEARED
    held = ruled(of(Kind.LETTER), person)
    assert held.reason.endswith("pressure 2.5 + 1 is over 3, the ceiling of those who asked for less.")
    assert ruled(of(Kind.LETTER), person._replace(level=2)).ruling is Ruling.CLEARED


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.SERVICE])
def test_less_often_never_means_never(kind: Kind) -> None:
    """Half of a newsletter's ceiling is less than a newsletter weighs; whoever got none for long still gets one."""
    assert ruled(of(kind), Person(less_often=True)).ruling is Ruling.CLEARED
    assert ruled(of(kind), Person(level=0.01, less_often=True)).ruling is Ruling.CLEARED


def test_when_people_complain_mail_gets_less_and_then_stops() -> None:
    slow = {kind: ruled(of(kind), Person(), breaker=Breaker.SLOW) for kind in Kind}
    assert {kind for kind, verdict in slow.items() if verdict.rule == "breaker"} == {
        Kind.REFERRAL,
        Kind.NEWSLETTER,
        Kind.OFFER,
    }
    assert ruled(of(Kind.LETTER), Person(level=2.5), breaker=Breaker.SLOW).rule == "pressure"
    stopped = {kind: ruled(of(kind), Person(), breaker=Breaker.STOPPED) for kind in Kind}
    assert {kind for kind, verdict in stopped.items() if verdict.rule != "breaker"} == {Kind.SERVICE}
    assert stopped[Kind.CHECK_IN].reason == (
        "Held until Sat 21 Nov 01:00: 0.3% of mails or more were complained about, and only service mail leaves; "
        "it is looked at again then."
    )


def test_who_was_asked_whether_to_stay_gets_nothing_else_until_they_answer() -> None:
    person = Person(silent_since=at("2026-11-03 10:00"), level=9)
    held = ruled(of(Kind.CHECK_IN, expires=NOW + timedelta(days=90)), person)
    assert (held.rule, held.until) == ("sunset", at("2027-01-02 10:00"))
    assert held.reason.endswith(": asked on 3 November whether to stay, and no answer yet.")
    assert ruled(of(Kind.LETTER, asks_to_stay=True), person).ruling is Ruling.CLEARED
    assert ruled(of(Kind.LETTER, asks_to_stay=True), person._replace(sent=[NOW])).rule == "gap"
    after = Person(silent_since=NOW - timedelta(days=90))
    assert ruled(of(Kind.LETTER), after).reason.startswith("Held to its own end on Fri 27 Nov 11:00: asked on ")


def test_two_that_are_equal_share_no_slot_and_the_first_number_wins() -> None:
    verdicts = decide(mail(2, 4), mail(1, 4))
    assert verdicts[1].ruling is Ruling.CLEARED
    assert verdicts[2].rule == "gap"


MORNING = read_window("Mon-Fri 09:00-12:00")


def waiting(number: int, due: datetime | None, expires: datetime = SOON, window: Window = MORNING) -> Candidate:
    return Candidate(number, 4, expires, window, seed=f"ana:{number}", due_at=due)


def test_what_a_window_lets_go_leaves_one_after_the_other() -> None:
    night, opening = at("2026-11-19 22:00"), at("2026-11-20 08:00")
    until = [ruled(waiting(number, night), Person(), now=night).until for number in range(200)]
    assert min(until) >= opening
    assert opening + timedelta(minutes=14) < max(until) < opening + timedelta(minutes=15)
    assert len(set(until)) > 100


def test_a_mail_that_waited_for_its_window_waits_for_its_turn_too_however_often_it_is_looked_at() -> None:
    night, opening = at("2026-11-19 22:00"), at("2026-11-20 08:00")
    late = next(each for each in (waiting(number, night) for number in range(99)) if _minutes(each, night) > 5)
    leaves = ruled(late, Person(), now=night).until
    assert leaves is not None
    for moment in (opening - timedelta(seconds=1), opening, opening + timedelta(minutes=5)):
        held = ruled(late, Person(), now=moment)
        assert (held.rule, held.until) == ("window", leaves)
    assert held.reason.endswith(": many wait for this hour, and take turns.")
    assert ruled(late, Person(), now=leaves).ruling is Ruling.CLEARED


def _minutes(candidate: Candidate, now: datetime) -> float:
    until = ruled(candidate, Person(), now=now).until
    assert until is not None
    return (until - at("2026-11-20 08:00")) / timedelta(minutes=1)


def test_a_mail_that_falls_due_while_its_window_is_open_does_not_wait() -> None:
    opening = at("2026-11-20 08:00")
    for number in range(20):
        for now in (opening, opening + timedelta(minutes=3)):
            assert ruled(waiting(number, now), Person(), now=now).ruling is Ruling.CLEARED
            assert ruled(waiting(number, None), Person(), now=now).ruling is Ruling.CLEARED


def test_taking_turns_leads_neither_past_a_windows_end_nor_past_a_mails() -> None:
    night, opening = at("2026-11-19 22:00"), at("2026-11-20 08:00")
    short = read_window("Mon-Fri 09:00-09:02")
    for number in range(50):
        until = ruled(waiting(number, night, window=short), Person(), now=night).until
        assert until is not None
        assert until < opening + timedelta(minutes=3)
        ends = opening + timedelta(minutes=1)
        until = ruled(waiting(number, night, expires=ends), Person(), now=night).until
        assert until is not None
        assert until <= ends


def test_hours_that_go_on_after_midnight_do_not_open_then() -> None:
    evening = read_window("20:00-24:00, 00:00-06:00")
    midnight = at("2026-11-19 23:00")
    late = [waiting(number, midnight - timedelta(hours=1), window=evening) for number in range(20)]
    assert {ruled(each, Person(), now=midnight + timedelta(minutes=1)).ruling for each in late} == {Ruling.CLEARED}


def test_service_mail_takes_no_turns() -> None:
    night, opening = at("2026-11-19 22:00"), at("2026-11-20 08:00")
    service = [waiting(number, night)._replace(priority=0, kind=Kind.SERVICE) for number in range(20)]
    assert {ruled(each, Person(), now=night).until for each in service} == {opening}


def test_a_day_on_which_the_business_is_closed_holds_all_but_service_mail() -> None:
    person = Person(closed=(date(2026, 11, 20),))
    assert ruled(of(Kind.LETTER), person).rule == "window"
    assert ruled(of(Kind.SERVICE, closed_days=False), person).ruling is Ruling.CLEARED
