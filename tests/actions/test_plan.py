"""What `plan` promises is what publishing does: counted before, and counted after in what was written."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from service.actions.plan_publication import Plan, plan_publication
from service.domain.sequence.library import read_library
from service.store.delivery import Delivery
from service.store.enrolment import Enrolment
from tests.actions.house import NOW
from tests.actions.newsroom import Newsroom, letters

DAY = timedelta(days=1)
HELLO, TIP, LETTER = "Day 0: hello", "Day 3 at 10:00: tip", "Day 10 at 10:00: letter"
THREE = (HELLO, TIP, LETTER)


def plan_of(room: Newsroom, reopen: tuple[str, ...] = (), **sequences: str) -> Plan:
    library, problems = read_library(room.files(**sequences))
    assert library is not None, [str(problem) for problem in problems]
    engine = room.sessions.kw["bind"].execution_options(isolation_level="REPEATABLE READ")
    with Session(engine, autoflush=False) as session:
        session.execute(text("SET TRANSACTION READ ONLY"))
        return plan_publication(session, library, room.now, reopen)


def rows(room: Newsroom) -> dict[int, tuple[int, str, str, str | None]]:
    with room.begin() as session:
        query = select(Delivery.id, Delivery.enrolment_id, Delivery.step, Delivery.state, Delivery.rule)
        rows = session.execute(query.where(Delivery.staff_to.is_(None)))
        return {id_: (enrolment, step, state, rule) for id_, enrolment, step, state, rule in rows}


def states(room: Newsroom) -> Counter[str]:
    with room.begin() as session:
        return Counter(session.scalars(select(Enrolment.state)))


@pytest.fixture
def room(engine: Engine) -> Newsroom:
    """Twelve readers, one a day: some have had nothing but the first letter, some wait for the last, two are through."""
    room = Newsroom(engine, letters=letters(*THREE))
    for number in range(12):
        room.work(NOW + number * DAY)
        room.sign_up(f"reader-{number}@example.org")
    room.work(NOW + 12 * DAY)
    return room


EDITS = {
    "insert": letters(HELLO, TIP, "Day 5: more", LETTER),
    "insert two": letters(HELLO, "Day 2: early", "Day 4 at 10:00: tip", LETTER, "Day 14: more"),
    "insert by delay": letters(HELLO, TIP, "3 days later: more", LETTER),
    "remove": letters(HELLO, LETTER),
    "remove the last": letters(HELLO, TIP),
    "move": letters(HELLO, "Day 3 at 10:00: letter", "Day 10 at 10:00: tip"),
    "sooner": letters(HELLO, "Day 1: tip", LETTER),
    "later": letters(HELLO, "Day 6 at 10:00: tip", "Day 13 at 10:00: letter"),
    "much sooner": letters(HELLO, "2 days later: tip", "2 days later: letter"),
    "reword": letters("Day 0: hello\nPreview: Something else", TIP, LETTER),
    "rename with its id": letters(HELLO, "Day 3 at 10:00: one idea\nId: tip", LETTER),
    "rename without": letters(HELLO, "Day 3 at 10:00: one idea", LETTER),
    "skip by condition": letters(HELLO, "Day 1: extra\nIf: contact.first_name == \"Ana\"", TIP, LETTER),
    "a task": letters(HELLO, "Day 1: call\nTask: call\nAssign: owner", TIP, LETTER),
    "an action": letters(HELLO, "Day 1: mark\nTag: +seen", "Day 1: thanks\nIf: tagged(\"seen\")", TIP, LETTER),
    "pause": letters(*THREE, head="enrol: {on: signup}\nstatus: paused"),
    "close": letters(*THREE, head="enrol: {on: signup}\nstatus: closed"),
    "stop": letters(*THREE, head="enrol: {on: signup}\nstop:\n  - when: contact.email == \"reader-9@example.org\""),
    "other hours": letters(HELLO, "Day 1: tip", LETTER, head="enrol: {on: signup}\nwindow: Mon 03:00-04:00"),
    "worth little": letters(HELLO, "Day 1: tip\nDrop after: 1 hours\nWindow: 03:00-03:30", LETTER),
    "no consent": letters(HELLO, "Day 1: tip", LETTER).replace("Tips and ideas", "Trips"),
}


@pytest.mark.parametrize("edit", EDITS)
def test_publishing_does_what_plan_said(room: Newsroom, edit: str) -> None:
    room.business = room.business.replace("\ntopics:", "\ntopics:\n  Trips: {}")
    plan = plan_of(room, letters=EDITS[edit])
    before, people = rows(room), states(room)
    room.publish(letters=EDITS[edit])
    room.decide()
    while room.deliver():
        room.decide()
    after, now = rows(room), room.now
    told = plan.outlooks.get("letters")
    if told is None:
        assert edit in {"reword", "rename with its id"}
        assert (after, states(room)) == (before, people)
        return
    due = opened(before, after)
    assert told.inside == people["active"]
    assert told.left.total() == people["active"] - states(room)["active"]
    assert told.due["at once"] == sum(1 for *_, state, _ in due.values() if state == "sent")
    assert told.due["tasks"] == sum(1 for *_, state, _ in due.values() if state == "open")
    assert told.due["actions"] == sum(1 for *_, state, _ in due.values() if state == "done")
    assert told.due["skipped"] == sum(1 for *_, state, _ in due.values() if state == "skipped")
    assert told.due["barred"] == sum(1 for *_, state, rule in due.values() if (state, rule) == ("cancelled", "consent"))
    while (upcoming := room.next_wake()) is not None and upcoming <= now + DAY:
        room.work(upcoming)
    room.set_time(now + DAY)
    final = rows(room)
    ends = Counter(final[id_][2] for id_, (*_, state, _) in due.items() if state in {"held", "due", "sent", "expired"})
    assert told.due["at once"] + told.due["within a day"] == ends["sent"]
    assert told.due["wait"] + told.due["expire"] == ends["held"] + ends["due"] + ends["expired"]


def opened(before: dict[int, tuple[int, str, str, str | None]], after: dict[int, tuple[int, str, str, str | None]]):
    """The touches that came due: none of them was before, and a publication did not take them back."""
    waited = {id_ for id_, (_, _, state, _) in before.items() if state != "planned"}
    return {
        id_: row
        for id_, row in after.items()
        if id_ not in waited and row[2] != "planned" and row[3] not in {"removed", "moved-up"}
    }
