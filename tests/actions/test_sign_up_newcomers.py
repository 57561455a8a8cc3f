"""Many newcomers in one statement: to the row what `sign_up` would write of each, and the same under a crowd."""

from __future__ import annotations

import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from service.actions.sign_up import Evidence, SignedUp, sign_up
from service.actions.sign_up_newcomers import Signup, is_plain, sign_up_newcomers
from service.domain.contact import read_address
from service.domain.sequence.model.form import Form
from service.store.contact import Consent, Contact
from service.store.delivery import Delivery
from service.store.enrolment import Enrolment
from service.store.event import Event
from tests.actions.house import KEY, House
from tests.actions.written import Written
from tests.domain.stories import at

CHECKLIST = """
---
title: The checklist
stage: nurture
topic: Tips and ideas
enrol: {on: signup, form: checklist, when: contact.stage == "lead"}
---

## Day 0: hello
Kind: service
Subject A: Here it is
Subject B: Your checklist

Hello.

## Day 2 at 10:00: tip
Subject: A tip

Press.
"""
EVERY_TIME = """
---
title: Every time
stage: nurture
topic: Tips and ideas
enrol: {on: signup, again: always}
---

## Day 1-4 at 10:00: soon
Subject: Soon

Hello.
"""
ONLY_SPANIARDS = """
---
title: Only some
stage: nurture
topic: Tips and ideas
enrol: {on: signup, when: contact.language == "es"}
---

## Day 1: hola
Subject: Hola

Hola.
"""
PAUSED = EVERY_TIME.replace("topic:", "status: paused\ntopic:")
BIRTHDAY = """
---
title: Happy birthday
stage: delight
topic: Tips and ideas
enrol: {on: date, when: contact.stage == "client"}
date: contact.birthday
---

## 7 days before at 11:00: a week
Subject: Next week

Soon.

## On the day at 09:00: today
Subject: Happy birthday

Cake?
"""
WISH = """
---
title: The day you named
stage: nurture
topic: Your visits
enrol: {on: signup}
date: contact.review_date
---

## 3 days before: nearly
Subject: Nearly

Nearly.
"""
BOTH_WAYS = """
---
title: By signup and by date
stage: delight
topic: Tips and ideas
enrol: {on: [signup, date]}
date: contact.birthday
---

## On the day at 09:00: today
Subject: Today

Cake?
"""
PAST = """
---
title: Who knows us
stage: nurture
topic: Tips and ideas
enrol: {on: signup, when: count("visit.completed") > 0}
---

## Day 1: again
Subject: Again

Hello.
"""
EVIDENCE = Evidence("203.0.113.7", "Firefox", "https://glow.example/", "Yes, “please”.")
STAMPS = {"recorded_at", "received_at"}  # the database's own clock
TABLES = (Contact, Consent, Event, Enrolment, Delivery)


def signup(house: House, email: str = "ana@example.org", **fields: Any) -> Signup:
    return Signup(form_of(house), read_address(email), fields, EVIDENCE)


def form_of(house: House) -> Form:
    form = house.published.library.business.form("checklist")
    assert form is not None
    return form


def one_by_one(house: House, session: Session, each: Signup) -> SignedUp:
    return sign_up(session, house.published, KEY, each.form, each.address, each.fields, each.evidence, house.now)


def rows(session: Session) -> list[tuple[str, dict[str, Any]]]:
    """Every row in full, with what is given or drawn anew each time made alike: ids count from the first."""
    session.flush()
    ids: dict[tuple[str, int], int] = {}
    found = []
    for table in TABLES:
        name = table.__tablename__
        for row in session.execute(select(*table.__table__.columns).order_by(table.__table__.c.id)).mappings():
            number = ids.setdefault((name, row["id"]), len(ids))
            found.append((name, plain(row, ids) | {"id": number}))
    return found


def plain(row: Mapping[str, Any], ids: Mapping[tuple[str, int], int]) -> dict[str, Any]:
    values = {name: value for name, value in row.items() if name not in STAMPS}
    for name in ("contact", "enrolment"):
        if f"{name}_id" in values:
            values[f"{name}_id"] = ids[name, values[f"{name}_id"]]
    if "message_id" in values:
        values["message_id"] = re.sub(r"^<[0-9a-f]{32}@", "<drawn@", values["message_id"])
        del values["created_at"]
    if "trigger_key" in values:
        values["trigger_key"] = re.sub(r"^signup:[0-9a-f]{16}$", "signup:drawn", values["trigger_key"])
    return values


def both_ways(house: House, *signups: Signup) -> tuple[list[Any], list[Any]]:
    """The rows by the general way and by this one, each in a transaction that is undone."""
    with house.sessions() as session:
        for each in signups:
            one_by_one(house, session, each)
        general = rows(session)
        session.rollback()
    with house.sessions() as session:
        signed_up = sign_up_newcomers(session, house.published, KEY, signups, house.now)
        together = rows(session)
        assert [each is not None and each.is_new for each in signed_up] == [True] * len(signups)
        begun = session.scalars(select(Enrolment.id).where(Enrolment.state == "active").order_by(Enrolment.id)).all()
        assert sorted(id_ for each in signed_up if each for id_ in each.enrolments) == list(begun)
        session.rollback()
    return general, together


SEQUENCES = {
    "one sequence": {"checklist": CHECKLIST},
    "several": {"checklist": CHECKLIST, "every_time": EVERY_TIME, "spaniards": ONLY_SPANIARDS, "birthday": BIRTHDAY},
    "none that lets anybody in": {"spaniards": ONLY_SPANIARDS, "paused": PAUSED},
    "no sequence at all": {},
    "a date that is told": {"wish": WISH, "birthday": BIRTHDAY},
    "begun and awaited at once": {"both": BOTH_WAYS},
}
FIELDS: dict[str, dict[str, Any]] = {
    "an address alone": {},
    "a name": {"first_name": "Zoë “Z” O'Neil\\", "last_name": "", "phone": None},
    "much": {
        "first_name": "Ana",
        "language": "es",
        "timezone": "Europe/Madrid",
        "birthday": "02-29",
        "wish": "a\ttab, ünïcode 🎉",
        "visits": 3.0,
        "vegan": True,
    },
    "a date": {"birthday": "11-22", "review_date": "2027-03-01", "company": "Glow"},
}


@pytest.mark.parametrize("fields", FIELDS.values(), ids=FIELDS)
@pytest.mark.parametrize("sequences", SEQUENCES.values(), ids=SEQUENCES)
def test_the_same_rows_are_written_as_one_by_one(
    engine: Engine, sequences: dict[str, str], fields: dict[str, Any]
) -> None:
    house = Written(engine, **sequences)
    general, together = both_ways(house, signup(house, "Ana@Example.org", **fields))
    assert together == general
    assert {"contact", "consent", "event"} <= {name for name, _ in together}


def test_a_crowd_gets_the_same_rows_each_their_own(engine: Engine) -> None:
    house = Written(engine, **SEQUENCES["several"])
    people = [signup(house, f"p{number}@example.org", **fields) for number, fields in enumerate(FIELDS.values())]
    general, together = both_ways(house, *people)
    assert sorted(by_person(together)) == sorted(by_person(general))
    assert len(by_person(together)) == len(FIELDS)


def by_person(found: list[tuple[str, dict[str, Any]]]) -> list[str]:
    """What each person has, without the ids, whose order among people may differ."""
    people: dict[int, list[str]] = {row["id"]: [] for name, row in found if name == "contact"}
    for name, row in found:
        owner = row["id"] if name == "contact" else row["contact_id"]
        ids = {"id", "contact_id", "enrolment_id"}
        people[owner].append(f"{name} {sorted((key, str(value)) for key, value in row.items() if key not in ids)}")
    return ["\n".join(each) for each in people.values()]


def test_the_first_mail_leaves_at_once(engine: Engine) -> None:
    house = Written(engine, checklist=CHECKLIST)
    with house.begin() as session:
        people = [signup(house, f"p{number}@example.org") for number in range(3)]
        sign_up_newcomers(session, house.published, KEY, people, house.now)
    house.work()
    assert sorted(house.mails()) == [(f"p{number}@example.org", "hello") for number in range(3)]


def test_whoever_is_here_already_is_left_out_with_all_their_rows(engine: Engine) -> None:
    house = Written(engine, checklist=CHECKLIST, every_time=EVERY_TIME)
    bea = house.sign_up("bea@example.org").contact_id
    with house.begin() as session:
        before = counts(session)
        people = [signup(house, f"{name}@example.org", first_name="Eve") for name in ("ana", "bea", "cleo")]
        signed_up = sign_up_newcomers(session, house.published, KEY, people, house.now)
        added = [now - then for now, then in zip(counts(session), before, strict=True)]
        assert session.get_one(Contact, bea).first_name is None
    assert [each is not None for each in signed_up] == [True, False, True]
    assert added == [2, 2, 2, 4, 4]


def counts(session: Session) -> list[int]:
    return [session.scalar(select(func.count()).select_from(table)) or 0 for table in TABLES]


@pytest.mark.parametrize(
    ("fields", "sequences", "plain"),
    [
        ({}, {"checklist": CHECKLIST, "birthday": BIRTHDAY}, True),
        ({"ref": "ABCD2345"}, {"checklist": CHECKLIST}, False),
        ({"ref": ""}, {"checklist": CHECKLIST}, True),
        ({}, {"past": PAST}, False),
        ({}, {"both": BOTH_WAYS}, False),
    ],
)
def test_only_signups_without_a_friend_or_a_past_are_plain(
    engine: Engine, fields: dict[str, Any], sequences: dict[str, str], plain: bool
) -> None:
    house = Written(engine, **sequences)
    assert is_plain(house.published, signup(house, **fields)) is plain


def test_fifty_signups_of_one_new_address_by_either_way_make_one_of_everything(engine: Engine) -> None:
    house = Written(engine, checklist=CHECKLIST)

    def go(number: int) -> SignedUp | None:
        ana = signup(house, "ana@example.org" if number % 3 else "ANA@example.org", first_name=f"Ana {number}")
        with house.begin() as session:
            if number % 2:
                return one_by_one(house, session, ana)
            signed_up = sign_up_newcomers(session, house.published, KEY, [ana], house.now)[0]
            return signed_up or one_by_one(house, session, ana)

    with ThreadPoolExecutor(10) as pool:
        signed_up = list(pool.map(go, range(50)))
    assert len({each.contact_id for each in signed_up if each}) == 1
    assert sum(each.is_new for each in signed_up if each) == 1
    with house.begin() as session:
        assert counts(session) == [1, 50, 50, 1, 1]
    house.work()
    assert [(recipient.lower(), step) for recipient, step in house.mails()] == [("ana@example.org", "hello")]


def test_crowds_that_overlap_in_any_order_never_stop_each_other(engine: Engine) -> None:
    """Without an order among the contacts two of these statements would wait for each other in a ring."""
    house = Written(engine, checklist=CHECKLIST)
    people = [signup(house, f"p{number}@example.org") for number in range(30)]

    def go(turn: int) -> int:
        mine = people[turn:] + people[:turn]
        with house.begin() as session:
            signed_up = sign_up_newcomers(session, house.published, KEY, mine[::-1] if turn % 2 else mine, house.now)
        return sum(each is not None for each in signed_up)

    with ThreadPoolExecutor(8) as pool:
        new = list(pool.map(go, range(16)))
    assert sum(new) == len(people)
    with house.begin() as session:
        assert counts(session) == [30] * 5


def test_a_birthday_that_is_known_is_awaited(engine: Engine) -> None:
    house = Written(engine, birthday=BIRTHDAY)
    with house.begin() as session:
        sign_up_newcomers(session, house.published, KEY, [signup(house, birthday="11-30")], house.now)
        awaited = session.scalars(select(Enrolment)).one()
    assert (awaited.state, awaited.wake_at) == ("awaited", at("2026-11-23 10:00"))
