"""Lists of events: those that begin nothing are kept at once, and nobody can tell the difference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, event, select, text
from sqlalchemy.orm import Session

from service.actions.receive_event import Seen, begins_something, receive_event
from service.actions.refer import qualified
from service.actions.tell import Told, tell
from service.domain.contact import read_address
from service.store.contact import Contact, lock_contacts
from service.store.delivery import Delivery
from service.store.enrolment import Enrolment
from service.store.event import Event
from service.store.referral import Referral
from tests.actions.house import NOW
from tests.actions.written import Written

TIPS = """
---
title: Tips
stage: nurture
topic: Tips and ideas
enrol: {on: signup}
---

## Day 2: tip
Subject: A tip

Press.
"""
AFTER = """
---
title: After the visit
stage: rebooking
topic: Your visits
enrol: {on: event visit.completed, again: always}
---

## Day 1: how was it
Subject: How was it?

Well?
"""
CLIENTS = """
---
title: Welcome
stage: onboarding
topic: Your visits
enrol: {on: becomes client}
---

## Day 1: welcome
Subject: Welcome

Hello.
"""
QUIET = """
---
title: Missed
stage: rebooking
topic: Tips and ideas
enrol: {on: quiet review.left for 30 days}
---

## Day 0: missed
Subject: We miss you

Come.
"""
TABLES = (Contact, Event, Enrolment, Delivery)


@pytest.fixture
def house(engine: Engine) -> Written:
    house = Written(engine, tips=TIPS, after=AFTER, clients=CLIENTS, quiet=QUIET)
    for name in ("ana", "bea", "cleo"):
        house.sign_up(f"{name}@example.org")
    with house.begin() as session:
        session.scalars(select(Contact).where(Contact.email == "bea@example.org")).one().stage = "client"
    return house


def told(name: str, who: str = "ana", **more: Any) -> Told:
    return Told(read_address(f"{who}@example.org"), name, **more)


def rows(session: Session) -> list[dict[str, Any]]:
    """All that is stored, without what is drawn or stamped; ids as they stand, but those of events by their order."""
    session.flush()
    session.expire_all()
    unlike = {"message_id", "created_at", "received_at"}
    found = []
    for table in TABLES:
        query = select(*table.__table__.columns).order_by(table.__table__.c.id)
        for number, row in enumerate(session.execute(query).mappings()):
            ids = {"id": number} | ({"enrolment_id": None} if table is Delivery else {})
            values = {name: value for name, value in row.items() if name not in unlike} | ids
            if table is Enrolment and values["trigger_key"].startswith("event:"):
                values |= {"about": "an event's", "trigger_key": "an event's"}
            found.append({"table": table.__tablename__} | values)
    return found


def by_list(house: Written, session: Session, events: Sequence[Told]) -> list[bool]:
    return [each.duplicate for each in tell(session, house.published, events, house.now)]


def in_turn(house: Written, session: Session, events: Sequence[Told]) -> list[bool]:
    """What a list means: each event by itself."""
    again = []
    for each in events:
        contact = session.scalars(select(Contact).where(Contact.email_key == each.who.key)).one()
        lock_contacts(session, [contact.id])
        currency = each.currency or ("EUR" if each.value is not None else None)
        data = dict(each.data)
        seen = Seen(each.name, each.at or house.now, each.key, each.about, data, each.value, currency)
        again.append(receive_event(session, house.published, contact, seen, house.now) is None)
        qualified(session, house.published, contact, each.name, house.now)
    return again


LISTS = {
    "one that begins nothing": [told("cart.left", data={"cart_url": "https://glow.example/c"})],
    "many, some the same": [
        told("cart.left", key=f"c-{number % 3}", who=who) for number in range(4) for who in ("ana",)
    ]
    + [told("praise.given", who="bea", data={"note": "ü “x” \\ \u2028"}), told("praise.given", who="bea")],
    "with a value and a time": [
        told("refund", value=Decimal("48.10"), currency="CHF", at=NOW - timedelta(days=3), key="r-1"),
        told("refund", value=Decimal(7), key="r-2"),
    ],
    "begun and quiet in turn": [
        told("cart.left", who="bea"),
        told("visit.completed", who="ana", key="v-1", about="A1"),
        told("cart.left", who="ana"),
        told("cart.left", who="cleo", key="c-9"),
        told("purchase", who="cleo"),
        told("purchase", who="cleo"),
        told("refund", who="bea", about="order-7"),
    ],
    "clients buy again": [
        told("purchase", who="bea"),
        told("purchase", who="bea", key="p-1", value=Decimal(12)),
        told("agreement.signed", who="bea"),
        told("purchase", who="bea", key="p-1"),
    ],
    "what others wait for": [told("review.left", who="bea"), told("complaint.raised"), told("complaint.resolved")],
}


@pytest.mark.parametrize("events", LISTS.values(), ids=LISTS)
def test_a_list_leaves_what_its_events_leave_one_by_one(house: Written, events: list[Told]) -> None:
    found = []
    ways: tuple[Callable[[Written, Session, Sequence[Told]], list[bool]], ...] = (in_turn, by_list)
    for way in ways:
        with house.sessions() as session:
            again = way(house, session, events)
            found.append((again, sorted(rows(session), key=str)))
            session.rollback()
    assert found[0][0] == found[1][0]
    assert without_order(found[1][1]) == without_order(found[0][1])


def without_order(found: list[dict[str, Any]]) -> list[str]:
    """Of several people's events the order among people may differ; each one's own stays."""
    return sorted(str({name: value for name, value in row.items() if name != "id"}) for row in found)


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("cart.left", False),
        ("purchase", False),
        ("visit.completed", True),
        ("review.left", True),
        ("reply", True),
        ("click", False),
        ("complaint.resolved", True),
    ],
)
def test_what_begins_something(house: Written, name: str, begins: bool) -> None:
    assert begins_something(house.published, name) is begins


def test_five_hundred_events_take_as_many_statements_as_one(house: Written) -> None:
    counts = []
    for number in (1, 500):
        seen: list[str] = []
        with house.begin() as session:
            connection = session.connection()
            event.listen(connection, "before_cursor_execute", lambda *args, seen=seen: seen.append(args[2]))
            tell(session, house.published, [told("cart.left", key=f"{number}-{k}") for k in range(number)], house.now)
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 4
    with house.begin() as session:
        ids = session.scalars(select(Event.key).where(Event.name == "cart.left").order_by(Event.id)).all()
    assert ids == ["1-0", *(f"500-{k}" for k in range(500))]


def test_those_inside_sequences_are_looked_at_again_and_whoever_hears_nothing_new_is_not(house: Written) -> None:
    house.work()
    with house.begin() as session:
        tell(session, house.published, [told("cart.left", key="c-1")], house.now)
    house.work()
    with house.begin() as session:
        tell(session, house.published, [told("cart.left", key="c-1"), told("cart.left", who="bea")], house.now)
        woken = select(Contact.email).join(Enrolment, Enrolment.contact_id == Contact.id)
        assert session.scalars(woken.where(Enrolment.wake_at < house.now)).all() == ["bea@example.org"]


def test_who_waits_to_be_looked_at_already_is_not_written_again(house: Written) -> None:
    written = text("SELECT xmin::text, wake_at FROM enrolment ORDER BY id")
    seen = []
    for number in range(2):
        with house.begin() as session:
            tell(session, house.published, [told("cart.left", key=f"c-{number}")], house.now)
        with house.begin() as session:
            seen.append(session.execute(written).all())
    assert seen[0] == seen[1]
    assert min(wake_at for _, wake_at in seen[0] if wake_at) < house.now


def test_a_friend_who_comes_for_the_first_time_is_never_quiet(house: Written) -> None:
    with house.begin() as session:
        ids = dict(session.execute(select(Contact.email, Contact.id)).all())
        referral = Referral(referrer_id=ids["ana@example.org"], friend_id=ids["bea@example.org"], joined_at=house.now)
        session.add(referral)
    with house.begin() as session:
        tell(session, house.published, [told("purchase", who="bea"), told("purchase", who="bea")], house.now)
    with house.begin() as session:
        assert session.scalars(select(Referral.qualified_at)).one() == house.now
        assert len(session.scalars(select(Event).where(Event.name == "referral.qualified")).all()) == 1
