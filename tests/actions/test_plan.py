"""What `plan` promises is what publishing does: counted before, and counted after in what was written."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, create_engine, select, text
from sqlalchemy.orm import Session

from service.actions.plan_publication import Plan, plan_publication
from service.domain.sequence.library import read_library
from service.store.contact import Contact
from service.store.delivery import Delivery
from service.store.enrolment import Enrolment
from tests.actions.house import NOW
from tests.actions.newsroom import Newsroom, letters
from tests.database import Copy, SharedDatabase

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
LIVELY = {"sent", "held", "due", "open", "done"}
TAGS = ((), ("vip",), ("cold",))
HELLO, TIP, LETTER = "Day 0: hello", "Day 3 at 10:00: tip", "Day 10 at 10:00: letter"
THREE = (HELLO, TIP, LETTER)


def plan_of(room: Newsroom, reopen: tuple[str, ...] = (), **sequences: str) -> Plan:
    library, problems = read_library(room.files(**sequences))
    assert library is not None, [str(problem) for problem in problems]
    engine = room.sessions.kw["bind"].execution_options(isolation_level="REPEATABLE READ")
    with Session(engine, autoflush=False) as session:
        session.execute(text("SET TRANSACTION READ ONLY"))
        return plan_publication(session, library, room.now, reopen)


@dataclass(frozen=True)
class Row:
    """A touch as it stands in the database."""

    enrolment: int
    step: str
    state: str
    rule: str | None
    due_at: datetime


Rows = dict[int, Row]


def rows(room: Newsroom) -> Rows:
    with room.begin() as session:
        columns = (Delivery.enrolment_id, Delivery.step, Delivery.state, Delivery.rule, Delivery.due_at)
        found = session.execute(select(Delivery.id, *columns).where(Delivery.staff_to.is_(None)))
        return {id_: Row(*row) for id_, *row in found}


def states(room: Newsroom) -> Counter[str]:
    with room.begin() as session:
        return Counter(session.scalars(select(Enrolment.state)))


@pytest.fixture(scope="module")
def lived(shared_database: tuple[str, SharedDatabase]) -> tuple[Newsroom, Copy]:
    """Twelve readers, one a day: some have had only the first letter, some wait for the last, two are through."""
    url, database = shared_database
    engine = create_engine(url)
    room = Newsroom(engine, letters=letters(*THREE))
    for number in range(12):
        room.work(NOW + number * DAY)
        room.sign_up(f"reader-{number}@example.org")
    room.work(NOW + 12 * DAY)
    engine.dispose()
    rows = database.copy()
    database.empty()
    return room, rows


@pytest.fixture
def room(lived: tuple[Newsroom, Copy], engine: Engine, shared_database: tuple[str, SharedDatabase]) -> Newsroom:
    room, rows = lived
    shared_database[1].fill(rows)
    return room.again(engine)


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
    "skip by condition": letters(HELLO, 'Day 1: extra\nIf: contact.first_name == "Ana"', TIP, LETTER),
    "a task": letters(HELLO, "Day 1: call\nTask: call\nAssign: owner", TIP, LETTER),
    "an action": letters(HELLO, "Day 1: mark\nTag: +seen", 'Day 1: thanks\nIf: tagged("seen")', TIP, LETTER),
    "pause": letters(*THREE, head="enrol: {on: signup}\nstatus: paused"),
    "close": letters(*THREE, head="enrol: {on: signup}\nstatus: closed"),
    "stop": letters(*THREE, head='enrol: {on: signup}\nstop:\n  - when: contact.email == "reader-9@example.org"'),
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
    assert shifts(before, after, due, now) == [round(each / MINUTE) for each in sorted(told.shifts)]
    assert told.inside == people["active"]
    assert told.left.total() == people["active"] - states(room)["active"]
    ends = Counter(row.state for row in due.values())
    assert told.due["at once"] == ends["sent"]
    assert told.due["tasks"] == ends["open"]
    assert told.due["actions"] == ends["done"]
    assert told.due["skipped"] == ends["skipped"]
    assert told.due["barred"] == sum(1 for row in due.values() if (row.state, row.rule) == ("cancelled", "consent"))
    while (upcoming := room.next_wake()) is not None and upcoming <= now + DAY:
        room.work(upcoming)
    room.set_time(now + DAY)
    final = rows(room)
    ends = Counter(final[id_].state for id_, row in due.items() if row.state in {"held", "due", "sent", "expired"})
    assert told.due["at once"] + told.due["within a day"] == ends["sent"]
    assert told.due["wait"] + told.due["expire"] == ends["held"] + ends["due"] + ends["expired"]


@pytest.fixture(scope="module")
def left_alone(
    lived: tuple[Newsroom, Copy], shared_database: tuple[str, SharedDatabase]
) -> dict[int, set[tuple[str, str]]]:
    """What everybody had got in the end if nothing had been published."""
    room, copy = lived
    url, database = shared_database
    engine = create_engine(url)
    database.fill(copy)
    got = live_on(room.again(engine))
    engine.dispose()
    database.empty()
    return got


@pytest.mark.parametrize("edit", ["insert", "insert two", "insert by delay", "remove", "remove the last", "a task"])
def test_who_was_said_to_get_more_or_miss_something_does(
    room: Newsroom, left_alone: dict[int, set[tuple[str, str]]], edit: str
) -> None:
    told = plan_of(room, letters=EDITS[edit]).outlooks["letters"]
    room.publish(letters=EDITS[edit])
    got = live_on(room)
    assert told.gain == sum(1 for enrolment, steps in got.items() if steps - left_alone[enrolment])
    assert told.lose == sum(1 for enrolment, steps in got.items() if left_alone[enrolment] - steps)
    assert told.gain + told.lose > 0


def live_on(room: Newsroom) -> dict[int, set[tuple[str, str]]]:
    """The steps that each enrolment has had in a month, as `opened` tasks and `sent` mails."""
    ends = room.now + 30 * DAY
    while (upcoming := room.next_wake()) is not None and upcoming <= ends:
        room.work(upcoming)
    got: dict[int, set[tuple[str, str]]] = {}
    for row in rows(room).values():
        got.setdefault(row.enrolment, set()).update({(row.step, row.state)} if row.state in {"sent", "open"} else ())
    return got


def opened(before: Rows, after: Rows) -> Rows:
    """The touches that came due: none of them was before, and a publication did not take them back."""
    waited = {id_ for id_, row in before.items() if row.state != "planned"}
    over = {"planned", "removed", "moved-up"}
    return {id_: row for id_, row in after.items() if id_ not in waited and not {row.state, row.rule} & over}


def shifts(before: Rows, after: Rows, due: Rows, now: datetime) -> list[int]:
    """By how many minutes each person's next touch came to lie later, in order."""
    moved = []
    for enrolment, was in sorted(next_of(before, ("planned", "held")).items()):
        at_once = [row for row in due.values() if row.enrolment == enrolment and row.state in LIVELY]
        will = now if at_once else next_of(after, ("planned", "held")).get(enrolment)
        if will is not None:
            moved.append(round((max(will, now) - max(was, now)) / MINUTE))
    return sorted(moved)


def next_of(found: Rows, states: tuple[str, ...]) -> dict[int, datetime]:
    """When the next touch of each enrolment is due."""
    times: dict[int, datetime] = {}
    for row in found.values():
        if row.state in states:
            times[row.enrolment] = min(row.due_at, times.get(row.enrolment, row.due_at))
    return times


def test_a_deleted_file_takes_everybody_out(room: Newsroom) -> None:
    inside = states(room)["active"]
    assert plan_of(room).outlooks["letters"].left == {"stopped": inside}
    room.publish()
    assert states(room)["active"] == 0
    assert states(room)["stopped"] == inside


def test_who_had_finished_is_counted_where_it_is_reopened(room: Newsroom) -> None:
    longer = letters(*THREE, "Day 20: more")
    finished = states(room)["finished"]
    assert finished
    assert plan_of(room, letters=longer).outlooks["letters"].reopened == 0
    assert plan_of(room, ("letters",), letters=longer).outlooks["letters"].reopened == finished
    room.publish(["letters"], letters=longer)
    assert states(room)["finished"] == 0


INTAKES = {
    "all": "{on: signup, existing: all}",
    "nobody": "{on: signup}",
    "three a day": "{on: signup, existing: 3 a day}",
    "some": '{on: signup, existing: all, when: contact.email != "reader-3@example.org"}',
    "tagged": "{on: tagged vip, existing: all}",
    "by hand": "{on: manual, existing: all}",
    "who stayed away": "{on: quiet signup for 5 days, existing: all}",
    "birthdays": "{on: date}\ndate: contact.birthday",
}


@pytest.mark.parametrize("name", INTAKES)
def test_people_who_are_here_enter_as_plan_said(room: Newsroom, name: str) -> None:
    for number, contact_id in enumerate(room.contact_ids()):
        room.change(
            contact_id, columns={"birthday": f"{number + 1:02}-15" if number % 2 else None}, tags=TAGS[number % 3]
        )
    new = {
        "letters": letters(*THREE),
        "news": letters("Day 0: news", "Day 9: more news", head=f"enrol: {INTAKES[name]}", key="news"),
    }
    told = plan_of(room, **new).outlooks.get("news")
    before = rows(room)
    room.publish(**new)
    room.decide()
    while room.deliver():
        room.decide()
    entered = in_sequence(room, "news")
    if told is None:
        assert (name, entered) == ("nobody", Counter())
        return
    due = {id_: row for id_, row in opened(before, rows(room)).items() if row.step == "news"}
    assert told.enter_today == sum(entered.values()) - entered["awaited"]
    assert told.awaited == entered["awaited"]
    assert told.due["at once"] == sum(1 for row in due.values() if row.state == "sent")
    assert told.due.total() == len(due)
    for _ in range(5):
        room.set_time(room.now + DAY)
        room.roll_out()
    assert told.enter + told.awaited == sum(in_sequence(room, "news").values())


def test_what_weighs_on_people_is_reckoned_with(room: Newsroom) -> None:
    """Some have had too much of late, some far too much, some asked for less: a newsletter to everybody."""
    with room.begin() as session:
        for number, contact in enumerate(session.scalars(select(Contact).order_by(Contact.id))):
            contact.pressure, contact.pressure_at = (9 if number % 5 == 4 else 0.35 * (number % 4)), room.now
            contact.less_often = number % 6 == 5
    news = letters("Day 0: news\nKind: newsletter", head="enrol: {on: signup, existing: all}", key="news")
    new = {"letters": letters(*THREE), "news": news}
    told = plan_of(room, **new).outlooks["news"].due
    room.publish(**new)
    room.decide()
    while room.deliver():
        room.decide()
    now = room.now
    while (upcoming := room.next_wake()) is not None and upcoming <= now + DAY:
        room.work(upcoming)
    with room.begin() as session:
        mine = session.scalars(select(Delivery).where(Delivery.step == "news", Delivery.state != "planned")).all()
    lost = [row for row in mine if row.state == "held" and row.wake_at > row.expires_at]
    assert told["at once"] + told["within a day"] == sum(row.state == "sent" for row in mine)
    assert (told["wait"], told["expire"]) == (sum(row.state == "held" for row in mine) - len(lost), len(lost))
    assert told["wait"] > 0
    assert told["expire"] > 0
    assert {row.rule for row in lost} >= {"pressure"}


def in_sequence(room: Newsroom, key: str) -> Counter[str]:
    with room.begin() as session:
        return Counter(session.scalars(select(Enrolment.state).where(Enrolment.sequence == key)))


def test_what_was_due_already_is_none_of_the_publications_doing(engine: Engine) -> None:
    room = Newsroom(engine, letters=letters(*THREE))
    room.people(3)  # and no worker has looked yet
    told = plan_of(room, letters=letters(HELLO, "Day 4 at 10:00: tip", LETTER)).outlooks["letters"]
    assert (told.due.total(), told.same, told.later.count) == (0, 3, 0)


def test_looking_ahead_writes_nothing(room: Newsroom) -> None:
    before = rows(room), states(room)
    plan_of(room, letters=EDITS["much sooner"])
    assert (rows(room), states(room)) == before
