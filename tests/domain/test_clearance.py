"""A step's mail as it competes for a slot."""

from __future__ import annotations

from service.domain import clearance
from service.domain.sequence.vocabulary import Kind
from tests.domain.sequence.paper import FRONT, read, sequence
from tests.domain.stories import at

NOW = at("2026-11-20 10:00")
FAREWELL = FRONT.replace("on: signup", "on: [manual, event unengaged]\n  again: after 1 year")


def test_a_candidate_brings_its_class_kind_window_and_what_its_turn_is_drawn_from() -> None:
    library = read(sequence(FRONT + "window: Mon 09:00-10:00\n"))
    (written,) = library.sequences
    one = clearance.candidate(7, written, written.steps[0], NOW, library.business, seed="ana", due_at=NOW)
    assert (one.id, one.priority, one.kind, one.window) == (7, 4, Kind.LETTER, written.window)
    assert (one.due_at, one.closed_days, one.asks_to_stay) == (NOW, True, False)
    other = clearance.candidate(8, written, written.steps[0], NOW, library.business, seed="bea")
    assert one.seed
    assert one.seed != other.seed
    assert clearance.candidate(9, written, written.steps[0], NOW, library.business).seed == ""


def test_only_the_sequence_that_the_sunset_begins_may_ask_whether_somebody_stays() -> None:
    library = read(sequence(FAREWELL))
    (written,) = library.sequences
    assert clearance.candidate(7, written, written.steps[0], NOW, library.business).asks_to_stay
