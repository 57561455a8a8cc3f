"""Whether a person enters when something happens."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from service.domain.entry import Occasion, answers, trigger_key, why_not_enter
from service.domain.moment import Moment
from service.domain.sequence.model.duration import Duration, Unit
from service.domain.sequence.model.enrol import Again, Enrol, Trigger
from service.domain.sequence.model.sequence import Sequence, Status
from tests.domain.stories import asks, at, day, facts, letters, on_the_day, step

NOW = at("2026-11-20 10:00")
HELLO = letters(step("hello", day(0)))
VISIT = Occasion("event", "visit.completed", "V1", about="V1")


def enrolled(*triggers: Trigger, form: str | None = None, again: Again = Again.NEVER, **more: object) -> Sequence:
    return replace(HELLO, enrol=Enrol(triggers, form, again=again, **more))


def test_any_of_its_triggers_lets_in() -> None:
    both = enrolled(Trigger("event", "praise.given"), Trigger("event", "visit.completed"))
    assert answers(both, VISIT)
    assert not answers(both, Occasion("event", "purchase", "P1"))
    assert not answers(both, Occasion("becomes", "visit.completed", "x"))
    assert answers(enrolled(Trigger("becomes", "client")), Occasion("becomes", "client", "x"))
    assert answers(enrolled(Trigger("tagged", "vip")), Occasion("tagged", "vip", "x"))


def test_a_signup_is_by_its_form_or_by_any() -> None:
    checklist, webinar = Occasion("signup", "checklist", "s1"), Occasion("signup", "webinar", "s2")
    assert answers(enrolled(Trigger("signup")), webinar)
    assert answers(enrolled(Trigger("signup"), form="checklist"), checklist)
    assert not answers(enrolled(Trigger("signup"), form="checklist"), webinar)


def test_each_occurrence_is_an_enrolment_of_its_own_unless_one_may_enter_once() -> None:
    assert trigger_key(enrolled(again=Again.ALWAYS), VISIT) == "V1"
    assert trigger_key(enrolled(again=Again.AFTER), VISIT) == "V1"
    assert trigger_key(enrolled(), VISIT) == trigger_key(enrolled(), Occasion("event", "visit.completed", "V2"))


def test_what_began_it_is_an_events_name_and_the_thing_it_spoke_of() -> None:
    assert (VISIT.began_by, VISIT.thing) == ("visit.completed", "V1")
    keyed = Occasion("event", "purchase", "order-7")
    assert keyed.thing == "order-7"
    rhythm = Occasion("rhythm", "", "V1")
    assert (rhythm.began_by, rhythm.thing) == ("rhythm", None)


@pytest.mark.parametrize(
    ("again", "days", "reason"),
    [
        (Again.NEVER, 400, "The person entered “Letters” on 16 October 2025, and its `enrol.again` says “never”."),
        (Again.ALWAYS, 0, None),
        (
            Again.AFTER,
            20,
            "The person entered “Letters” on 31 October 2026, and its `enrol.again` says “after 3 weeks”.",
        ),
        (Again.AFTER, 21, None),
    ],
)
def test_again_is_never_always_or_after_a_while(again: Again, days: int, reason: str | None) -> None:
    sequence = enrolled(again=again, again_after=Duration.of(3, Unit.WEEKS))
    assert why_not_enter(sequence, facts(NOW, NOW), NOW - timedelta(days=days), NOW) == reason
    assert why_not_enter(sequence, facts(NOW, NOW), None, NOW) is None


def test_again_may_be_written_in_rhythms() -> None:
    sequence = enrolled(again=Again.AFTER, again_after=Duration.of(2, Unit.RHYTHMS))
    assert why_not_enter(sequence, facts(NOW, NOW), NOW - timedelta(days=83), NOW) is not None
    assert why_not_enter(sequence, facts(NOW, NOW), NOW - timedelta(days=85), NOW) is None


def test_the_condition_is_asked_on_entering_and_what_can_not_be_asked_lets_nobody_in() -> None:
    clients = enrolled(when=asks('contact.stage == "client"'))
    assert why_not_enter(clients, facts(NOW, NOW, stage="client"), None, NOW) is None
    refused = why_not_enter(clients, facts(NOW, NOW), None, NOW)
    assert refused is not None
    assert "for this one it does not" in refused
    broken = why_not_enter(enrolled(when=asks("contact.tags < 3")), facts(NOW, NOW, tags=["vip"]), None, NOW)
    assert broken is not None
    assert broken.endswith(".")


@pytest.mark.parametrize("status", [Status.DRAFT, Status.CLOSED, Status.PAUSED])
def test_nobody_new_enters_what_is_not_live(status: Status) -> None:
    found = why_not_enter(replace(HELLO, status=status), facts(NOW, NOW), None, NOW)
    assert found == f"“Letters” is {status}, so nobody new enters."


def test_who_has_no_date_does_not_enter_what_counts_from_one() -> None:
    dated = replace(HELLO, steps=(step("today", on_the_day()),), date="contact.birthday")
    assert why_not_enter(dated, facts(NOW, NOW), None, NOW) is not None
    assert why_not_enter(dated, replace(facts(NOW, NOW), date=Moment(NOW)), None, NOW) is None
