"""A process that has not read the newest publication yet takes nothing away that it can't find in its own.

Processes look for a new publication once a second. In that second one may sign people up for a sequence that another
has never heard of; in the benchmarks, on a busy machine, all of their mails were cancelled as "taken out".
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from service.actions.advance import advance
from tests.actions.newsroom import Newsroom, letters

HELLO, TIP = "Day 0: hello", "Day 3 at 10:00: tip"


class Behind(Newsroom):
    """Publishes, and can go back to work by what it knew before."""

    def forget(self, known: object) -> object:
        now, self.published = self.published, known  # type: ignore[assignment]
        return now


@pytest.mark.parametrize("far", ["signed up", "due", "cleared"])
def test_a_sequence_that_is_newer_than_a_worker_loses_nobody(engine: Engine, far: str) -> None:
    room = Behind(engine)
    old = room.published
    room.put_in_force(letters=letters(HELLO, TIP))
    (ana,) = room.people(1)
    if far == "due":
        with room.begin() as session:
            advance(session, room.published, room.now)
    if far == "cleared":
        room.decide()
    before = room.states(ana)
    assert before["hello"] == {"signed up": "planned"}.get(far, far)
    new = room.forget(old)
    room.work()
    assert room.states(ana) == before
    assert room.enrolment(ana).state == "active"
    room.forget(new)
    room.end_leases()
    room.work()
    assert room.states(ana) == {"hello": "sent", "tip": "planned"}


def test_a_step_that_is_newer_than_a_worker_is_left_to_others(engine: Engine) -> None:
    room = Behind(engine, letters=letters(HELLO))
    old = room.published
    room.put_in_force(letters=letters("Day 0: welcome", TIP))
    (ana,) = room.people(1)
    room.decide()
    assert room.states(ana)["welcome"] == "cleared"
    new = room.forget(old)
    room.deliver()
    assert room.states(ana)["welcome"] == "cleared"
    room.forget(new)
    room.deliver()
    assert room.states(ana)["welcome"] == "sent"


def test_what_is_in_no_publication_any_more_is_still_taken_away(engine: Engine) -> None:
    room = Behind(engine, letters=letters(HELLO, TIP))
    (ana,) = room.people(1)
    room.decide()
    room.put_in_force()
    room.set_time(room.now + timedelta(hours=1))
    room.work()
    assert room.states(ana) == {"hello": "cancelled"}
