"""All at once: workers, visits that thank others, changes, replies, people who leave. Real threads, real locks."""

from __future__ import annotations

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from service.actions.deliver import deliver
from service.actions.lease import Lease
from service.actions.tell import Told, tell
from service.actions.unsubscribe import unsubscribe
from service.store.contact import Consent
from service.store.delivery import Delivery
from service.store.enrolment import Enrolment
from service.store.referral import Referral, give_codes
from tests.actions.written import Written

PEOPLE, TURNS = 24, 40
HEAD = """
---
title: {title}
stage: nurture
topic: Tips and ideas
kind: service
enrol:
  on: {on}
  again: always
---
"""
WELCOME = (
    HEAD.format(title="Welcome", on="signup")
    + """
## Day 0: hello
Subject: Hello
Tag: +met
Set: contact.wish = "tea"
Enrol: more

Are you there?

## Day 0: mark
Tag: +marked
Leave: met
"""
)
MET = HEAD.format(title="Met", on="tagged met") + "\n## Day 0: met\nSubject: Met\n\nRight?\n"
MORE = HEAD.format(title="More", on="manual") + "\n## Day 0: more\nSubject: More\n\nRight?\n"
THANKS = HEAD.format(title="Thanks", on="event referral.qualified") + "\n## Day 0: thanks\nSubject: Thanks\n\nGood?\n"
VISIT = (
    HEAD.format(title="Visit", on="event visit.completed") + "\n## Day 0: visit\nSubject: Visit\nTag: -met\n\nGood?\n"
)


def test_in_all_turmoil_nothing_is_lost_doubled_or_sent_to_who_has_left(engine: Engine) -> None:
    house = Written(engine, welcome=WELCOME, met=MET, more=MORE, thanks=THANKS, visit=VISIT)
    people = chain_of_friends(house)
    stop = threading.Event()
    with ThreadPoolExecutor(7) as pool:
        working = [pool.submit(work, house, stop) for _ in range(3)]
        living = [pool.submit(live, house, people, seed) for seed in range(4)]
        try:
            for each in living:
                each.result()
        finally:
            stop.set()
        for each in working:
            each.result()
    house.work()
    taken = Counter(message.key for message in house.postman.taken)
    with house.begin() as session:
        rows = session.scalars(select(Delivery)).all()
        inside = {each.id: each for each in session.scalars(select(Enrolment))}
        friends = session.scalars(select(Referral)).all()
        left, joined = (last_act(session, act) for act in ("withdrawn", "confirmed"))
    assert max(taken.values()) == 1
    assert len(taken) == sum(row.state == "sent" for row in rows)
    assert "thanks" in {row.step for row in rows if row.state == "sent"}
    assert len(friends) == len(people) - 1
    for row in rows:  # nothing is stuck: what is not over waits for somebody to read a reply
        waits = row.state in {"planned", "held"} and inside[row.enrolment_id].paused_at is not None
        assert waits or row.state in {"sent", "done", "cancelled", "skipped"}, (row.step, row.state, row.reason)
    for enrolment in inside.values():
        assert enrolment.state != "active" or enrolment.paused_at is not None
    for row in rows:
        gone = left.get(row.contact_id)
        if row.state == "sent" and row.staff_to is None and gone is not None and joined[row.contact_id] < gone:
            assert row.handed_machine_at is not None
            assert row.handed_machine_at < gone
    assert left


def chain_of_friends(house: Written) -> list[int]:
    """Each of them came by the link of the one before."""
    people = [house.sign_up("p0@example.org").contact_id]
    while len(people) < PEOPLE:
        with house.begin() as session:
            code = give_codes(session, people[-1:])[people[-1]]
        people.append(house.sign_up(f"p{len(people)}@example.org", ref=code).contact_id)
    return people


def work(house: Written, stop: threading.Event) -> None:
    while not stop.is_set():
        house.decide()
        deliver(house.desk(group=7), Lease(), stop.is_set)


def live(house: Written, people: list[int], seed: int) -> None:
    chance = random.Random(seed)
    for turn in range(TURNS):
        who = chance.choice(people)
        match chance.randrange(12):
            case 0 | 1 | 2 | 3:
                some = chance.sample(people, 3)  # in any order, each with the one who brought them
                told = [Told(each, "visit.completed", key=f"{seed}.{turn}.{each}") for each in some]
                with house.begin() as session:
                    tell(session, house.published, told, house.now)
            case 4 | 5 | 6:
                house.change(who, tags=(chance.choice(["met", "vip"]),))
            case 7 | 8:
                house.sign_up(f"p{people.index(who)}@example.org")
            case 9 | 10:
                house.tell(who, "reply")
            case _:
                with house.begin() as session:
                    unsubscribe(session, house.published, who, house.now)


def last_act(session: Session, act: str) -> dict[int, datetime]:
    """When each person last agreed, or took it back, by the database's own clock."""
    found = select(Consent.contact_id, Consent.recorded_at).where(Consent.act == act).order_by(Consent.id)
    return dict(session.execute(found).all())
