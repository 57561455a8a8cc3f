"""What the map tells of a library: touches, ways in and out, and what leads to what."""

from __future__ import annotations

import pytest

from service.domain.journey_map.links import Link, links_of
from service.domain.journey_map.story import Card, Sort, Stop, tell
from service.domain.sequence.library import read_library
from tests.domain.journey_map.business import journey, salon
from tests.domain.sequence.paper import FRONT, files, sequence

STORY = tell(salon())


def card(key: str) -> Card:
    return next(each for each in STORY.cards if each.key == key)


def stop(sequence: str, title: str) -> Stop:
    return next(each for each in card(sequence).stops if each.title == title)


def test_touches_are_counted_by_mail_and_by_people() -> None:
    sequences = salon().sequences
    steps = [step for each in sequences for step in each.steps]
    assert STORY.count(by_people=False) == sum(step.is_email for step in steps)
    assert STORY.count(by_people=True) == sum(step.task is not None for step in steps)


@pytest.mark.parametrize(
    ("sequence", "title", "sort"),
    [
        ("client-welcome", "thank you", Sort.MAIL),
        ("client-welcome", "a card by hand", Sort.CARD),
        ("client-welcome", "a small gift", Sort.GIFT),
        ("client-welcome", "thank them by voice", Sort.CALL),
        ("appointment", "get ready for somebody new", Sort.HAND),
        ("win-back", "let them go", Sort.ACTION),
    ],
)
def test_a_touch_is_drawn_as_what_it_is(sequence: str, title: str, sort: Sort) -> None:
    assert stop(sequence, title).sort is sort


@pytest.mark.parametrize(
    ("sequence", "title", "time"),
    [
        ("client-welcome", "one habit", "day 3"),
        ("third-visit", "choose it", "day 4–20"),
        ("client-welcome", "listen", "+10 min"),
        ("win-back", "shall we stop", "+0.4 rhythm"),
        ("birthday", "write the card", "6 days before"),
        ("birthday", "happy birthday", "on the day"),
        ("time-again", "overdue", "5 days after"),
    ],
)
def test_a_time_is_short_enough_to_stand_beside_the_line(sequence: str, title: str, time: str) -> None:
    assert stop(sequence, title).time == time


def test_conditions_and_waits_are_hinted_and_said_in_full() -> None:
    listen = stop("client-welcome", "listen")
    assert (listen.conditional, listen.waits) == (True, True)
    assert listen.full == (
        '+10 min: listen (call, by owner); waits for: answer("how-is-it"); if: answer("how-is-it") == "unhappy"'
    )


@pytest.mark.parametrize(
    ("key", "trigger"),
    [
        ("salon-checklist", "signs up: salon-checklist"),
        ("client-welcome", "becomes client"),
        ("after-visit", "visit completed"),
        ("time-again", "each person’s own rhythm of visit completed"),
        ("win-back", "no visit completed for 1.75 rhythms"),
        ("client-anniversary", "every year: client since"),
        ("bring-a-friend", "praise given or answers “happy”"),
    ],
)
def test_ways_in_are_said_as_people_say_them(key: str, trigger: str) -> None:
    assert card(key).trigger == trigger


def test_a_goal_and_what_ends_it_early_are_said_once() -> None:
    again = card("time-again")
    assert again.goal == "appointment booked, within 30 days"
    assert again.leaving == "visit completed · client left · answers “not-now” · 3 unanswered"
    assert card("client-welcome").goal == "2 × visit completed, within 100 days"
    assert card("salon-checklist").leaving == "becomes client · 3 unanswered"
    assert card("appointment").leaving == "appointment cancelled · appointment missed"


def test_sequences_lead_to_one_another_by_events_stages_answers_and_what_befell_the_same_thing() -> None:
    links = links_of(STORY, shared=5)
    assert Link(("becomes client",), ("salon-checklist",), ("client-welcome", "half-year", "year-together")) in links
    assert Link(("answers “happy”",), ("client-welcome", "after-visit"), ("bring-a-friend",)) in links
    assert Link(("appointment.cancelled", "appointment.missed"), ("appointment",), ("another-time",)) in links
    assert Link(("client.left",), (), ("farewell",)) in links


def test_a_name_that_ends_more_sequences_than_can_be_drawn_comes_from_nobody_in_particular() -> None:
    assert {link.of for link in links_of(STORY, shared=100) if link.names == ("client.left",)} != {()}


def test_sequences_lead_to_one_another_by_tag_and_by_name() -> None:
    assert Link(("tagged t1",), ("s0",), ("s1",)) in links_of(tell(journey(3)), shared=5)
    library, problems = read_library(files(sequence(), hello=sequence(FRONT, "## Day 0: on\nEnrol: welcome\n")))
    assert library, problems
    assert links_of(tell(library), shared=5) == (Link(("sequence welcome",), ("hello",), ("welcome",)),)


def test_cards_stand_in_the_order_in_which_people_meet_them() -> None:
    rebooking = [each.key for each in STORY.cards if each.stage.value == "rebooking"]
    assert rebooking.index("after-visit") < rebooking.index("time-again") < rebooking.index("win-back")
