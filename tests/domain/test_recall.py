"""What conditions may ask about a person's past."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from service.domain.facts import Facts
from service.domain.happening import Happening, Touch, bookings
from service.domain.sequence.expression import ExpressionError
from service.domain.sequence.model.business import Coupon
from service.domain.sequence.model.duration import Duration, Unit
from tests.domain.stories import BUSINESS, asks, at, facts

ENTERED = at("2026-11-01 10:00")
NOW = at("2026-11-20 10:00")


def event(name: str, days: float, about: str | None = None, worth: str | None = None, **data: object) -> Happening:
    when = ENTERED + timedelta(days=days)
    return Happening(name, when, data, Decimal(worth) if worth else None, about=about, key=about or f"{name} {when}")


def said(name: str, step: str, days: float, enrolment: int = 1, sequence: str = "letters", **data: str) -> Happening:
    happening = event(name, days, sequence=sequence, step=step, **data)
    return replace(happening, enrolment_id=enrolment)


def sent(step: str, days: float, state: str = "sent", enrolment: int = 1, sequence: str = "letters") -> Touch:
    return Touch(enrolment, sequence, step, state, 4, ENTERED + timedelta(days=days))


def known(*happenings: Happening, touches: tuple[Touch, ...] = (), now: datetime = NOW, **contact: object) -> Facts:
    return facts(now, ENTERED, happenings, touches, **contact)


def test_an_answer_is_replaced_by_a_later_one_and_by_the_last_told_of_two_at_once() -> None:
    first, second = said("answer", "how", 1, value="happy"), said("answer", "how", 2, value="unhappy")
    assert known(first, second).holds('answer("how") == "unhappy"')
    assert known(second, first).holds('answer("how") == "unhappy"')
    assert known(first, said("answer", "how", 1, value="so-so")).holds('answer("how") == "so-so"')


def test_an_answer_of_another_enrolment_is_not_ones_own_but_that_of_another_sequence_is_anybodys() -> None:
    other = said("answer", "how", 2, enrolment=2, value="happy")
    assert not known(other).holds('answer("how")')
    visit = said("answer", "how", 2, enrolment=2, sequence="after-visit", value="happy")
    assert known(visit).holds('answer("after-visit/how") == "happy"')
    assert not known(visit).holds('answer("how")')


def test_the_outcome_of_a_task_is_an_answer_and_one_without_a_word_is_none() -> None:
    assert known(said("task.done", "call", 2, value="reached")).holds('answer("call") == "reached"')
    assert not known(said("task.done", "call", 2)).holds('answer("call")')
    assert not known(said("task.done", "call", 2)).holds('answer("call") == ""')


@pytest.mark.parametrize(
    ("state", "was_sent", "was_done"),
    [
        ("sent", True, True),
        ("uncertain", True, True),
        ("done", False, True),
        ("open", False, False),
        ("skipped", False, False),
        ("failed", False, False),
    ],
)
def test_sent_is_of_mails_and_done_of_everything(state: str, was_sent: bool, was_done: bool) -> None:
    about = known(touches=(sent("hello", 1, state),))
    assert about.holds('sent("hello")') is was_sent
    assert about.holds('done("hello")') is was_done


def test_a_whole_sequence_may_be_asked_for_and_how_long_ago() -> None:
    third = (sent("gift", 10, sequence="third-visit", enrolment=9),)
    assert known(touches=third).holds('sent("third-visit", within="14 days")')
    assert not known(touches=third).holds('sent("third-visit", within="1 week")')
    assert known(touches=third).holds('sent("third-visit/gift")')


def test_happened_is_since_entering_and_not_what_let_one_in() -> None:
    assert known(event("purchase", 1)).holds('happened("purchase")')
    assert not known(event("purchase", -1)).holds('happened("purchase")')
    assert known(event("purchase", -1)).holds('happened("purchase", within="30 days")')
    began = replace(known(event("visit.completed", 0, "V1")), began_by="visit.completed", about="V1")
    assert not began.holds('happened("visit.completed")')
    assert began.holds('happened("visit.completed", within="30 days")')


def test_count_and_total_are_ever_or_within_a_time() -> None:
    past = (event("purchase", -400, worth="100.10"), event("purchase", 2, worth="20.20"), event("purchase", 3))
    about = known(*past)
    assert about.holds('count("purchase") == 3')
    assert about.holds('count("purchase", within="1 year") == 2')
    assert about.total("purchase") == Decimal("120.30")
    assert about.holds('total("purchase", within="1 year") > 20')
    assert about.holds('count("nothing") == 0')


def test_days_since_the_last_time_or_a_field_and_never_of_nothing() -> None:
    about = known(event("visit.completed", 2), event("visit.completed", 9), client_since=ENTERED, day="2026-11-18")
    assert about.holds('days_since("visit.completed") == 10')
    assert about.holds("days_since(contact.client_since) == 19")
    assert about.holds("days_since(contact.day) == 2")
    assert not about.holds('days_since("purchase") >= 0')
    assert not about.holds("days_since(contact.birthday) >= 0")


def test_days_since_a_day_are_those_of_the_calendar_where_the_clocks_were_changed() -> None:
    """Half an hour after midnight, in summer: 23 hours less than five days after that midnight of winter."""
    now = at("2027-03-30 22:30")
    assert known(now=now, day="2027-03-26").holds("days_since(contact.day) == 5")


@pytest.mark.parametrize(
    ("past", "lies_ahead"),
    [
        ((event("appointment.booked", 1, "A1", starts="2026-11-25T10:00:00Z"),), True),
        ((event("appointment.booked", 1, "A1", starts="2026-11-19T10:00:00Z"),), False),
        ((event("appointment.booked", 1, "A1", starts="2026-11-20"),), True),  # today, all day long
        ((event("appointment.booked", 1, "A1"),), True),  # its time is not known
        ((event("appointment.booked", 1, "A1"), event("appointment.cancelled", 2, "A1")), False),
        ((event("appointment.booked", 1, "A1"), event("appointment.cancelled", 2, "A2")), True),
        ((event("appointment.booked", 1, "A1"), event("visit.completed", 2, "A1")), False),
        ((event("appointment.cancelled", 1, "A1"), event("appointment.booked", 2, "A1")), True),
        ((), False),
    ],
)
def test_an_appointment_lies_ahead_until_it_is_over(past: tuple[Happening, ...], lies_ahead: bool) -> None:
    assert known(*past).holds('upcoming("appointment")') is lies_ahead


def test_bookings_that_stand_are_those_that_nothing_ended() -> None:
    one, two = event("appointment.booked", 1, "A1"), event("appointment.booked", 2, "A2")
    assert bookings((one, two, event("appointment.missed", 3, "A1")), "appointment") == [two]


def test_mails_in_a_row_are_those_since_somebody_did_something() -> None:
    touches = tuple(sent(f"s{day}", day) for day in range(1, 6))
    assert known(touches=touches).unanswered() == 5
    assert known(said("click", "s2", 2.5), touches=touches).unanswered() == 3
    assert known(event("appointment.booked", 4.5), touches=touches).unanswered() == 1
    assert known(touches=(*touches, sent("other", 3, enrolment=2), sent("s9", 9, "expired"))).unanswered() == 5


def test_what_is_empty_is_false_and_equal_to_nothing() -> None:
    about = known(phone=None, wish="")
    for source in ("contact.phone", "contact.wish", 'contact.phone == ""', 'contact.phone != "x"', "contact.phone < 3"):
        assert not about.holds(source)
    assert about.holds("not contact.phone")
    assert not about.holds("days_since(contact.phone) > 3")


def test_segments_are_conditions_by_name() -> None:
    segments = (("regulars", asks('count("visit.completed") >= 2')),)
    about = replace(
        known(event("visit.completed", 1), event("visit.completed", 9)), business=replace(BUSINESS, segments=segments)
    )
    assert about.holds('segment("regulars")')
    with pytest.raises(ExpressionError, match="no segment"):
        about.holds('segment("vip")')


def test_a_coupon_is_the_same_in_each_mail_of_an_enrolment_and_no_others() -> None:
    business = replace(BUSINESS, coupons=(Coupon("BIRTHDAY", Duration.of(14, Unit.DAYS), "a dessert"),))
    ana = replace(known(), business=business, seed="ana")
    code = str(ana.names()["coupon"]("BIRTHDAY"))
    assert code.startswith("BIRTHDAY-")
    assert str(replace(ana, now=NOW + timedelta(days=9)).names()["coupon"]("BIRTHDAY")) == code
    assert str(replace(ana, seed="bea").names()["coupon"]("BIRTHDAY")) != code
    assert str(replace(ana, entered_at=NOW).names()["coupon"]("BIRTHDAY")) != code
    assert ana.holds('coupon("BIRTHDAY").worth == "a dessert"')
    assert str(ana.names()["coupon"]("BIRTHDAY")["expires"]) == "2026-11-15"


@pytest.mark.parametrize("within", ["30", "a month", "3 fortnights", "-3 days", "1.5 days"])
def test_a_length_of_time_that_is_none_can_not_be_asked(within: str) -> None:
    with pytest.raises(ExpressionError, match="not a length of time"):
        known().holds(f'happened("purchase", within="{within}")')


def test_segments_that_ask_for_each_other_can_not_be_asked() -> None:
    circle = (("a", asks('segment("b")')), ("b", asks('not segment("a")')))
    with pytest.raises(ExpressionError, match="asks for itself"):
        replace(known(), business=replace(BUSINESS, segments=circle)).holds('segment("a")')
