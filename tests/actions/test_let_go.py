"""Whoever is past their time is forgotten, and so is what is known of others; nobody else is touched."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, func, select, text, update

from service.actions import let_go as module
from service.actions.ask_to_confirm import ask_to_confirm
from service.actions.let_go import ROWS, foresee_letting_go, let_old_rows_go, let_person_go, people_past
from service.actions.sign_up import Evidence
from service.actions.tell import Told, tell
from service.domain.contact import read_address
from service.domain.sequence.model.duration import Duration, Unit
from service.domain.sequence.model.retention import Retention
from service.store.contact import Consent, Contact
from service.store.event import Event
from service.store.webhook_call import WebhookCall
from tests.actions.house import FORM, KEY, House
from tests.domain.stories import day, letters, step

KEPT = Retention()
YEARS = timedelta(days=3 * 366 + 1)


@pytest.fixture
def house(engine: Engine) -> House:
    return House(engine, letters(step("hello", day(0))))


def walk(house: House, retention: Retention = KEPT) -> list[str]:
    """The rules by which people are let go of on one walk."""
    rules, after = [], 0
    while after is not None:
        with house.begin() as session:
            page = people_past(session, retention, after)
        for contact_id in page.ids:
            with house.begin() as session:
                rules.append(let_person_go(session, retention, contact_id))
        after = page.last
    return [rule for rule in rules if rule]


def sweep(house: House, rule: str, retention: Retention, machine_now: datetime | None = None) -> int:
    gone, after = 0, 0
    while after is not None:
        with house.begin() as session:
            page = let_old_rows_go(session, retention, rule, machine_now or house.now, after)
        gone, after = gone + page.gone, page.last
    return gone


def foreseen(house: House, retention: Retention = KEPT, machine_now: datetime | None = None) -> dict[str, int]:
    with house.begin() as session:
        found = foresee_letting_go(session, retention, machine_now or house.now)
    return {rule: count for rule, count in found.items() if count}


def people(house: House) -> set[str]:
    with house.begin() as session:
        return set(session.scalars(select(Contact.email)))


def test_a_lead_goes_three_years_after_the_last_sign(house: House) -> None:
    house.sign_up("ana@example.org")
    bea = house.sign_up("bea@example.org").contact_id
    house.work()
    house.set_time(house.now + YEARS - timedelta(days=5))
    with house.begin() as session:
        tell(session, house.published, [Told(bea, "reply")], house.now)
    assert walk(house) == []
    house.set_time(house.now + timedelta(days=10))
    assert foreseen(house)["leads"] == 1
    assert walk(house) == ["leads"]
    assert people(house) == {"bea@example.org"}
    assert "leads" not in foreseen(house)


@pytest.mark.parametrize(("stage", "rule"), [("client", None), ("former", "former"), ("lapsed", "former")])
def test_clients_stay_and_those_who_left_go(house: House, stage: str, rule: str | None) -> None:
    house.sign_up()
    with house.begin() as session:
        session.execute(update(Contact).values(stage=stage))
    house.set_time(house.now + YEARS)
    assert walk(house) == ([rule] if rule else [])


def test_for_good_is_for_good(house: House) -> None:
    house.sign_up()
    house.set_time(house.now + YEARS * 3)
    kept = Retention(unconfirmed=None, leads=None, former=None, networks=None, calls=None)
    assert walk(house, kept) == []
    assert all(sweep(house, rule, kept) == 0 for rule in ROWS)
    assert foreseen(house, kept) == {}


def test_who_never_confirmed_goes_a_month_after_asking_last_and_who_did_stays(house: House) -> None:
    house.sign_up("bea@example.org")
    ask(house, "ana@example.org")
    house.set_time(house.now + timedelta(days=10))
    ask(house, "ana@example.org")
    house.set_time(house.now + timedelta(days=29))
    assert walk(house) == []
    house.set_time(house.now + timedelta(days=2))
    assert foreseen(house) == {"unconfirmed": 1}
    assert walk(house) == ["unconfirmed"]
    assert people(house) == {"bea@example.org"}


def ask(house: House, email: str) -> None:
    """A signup by a form with `opt in: double`, whose button nobody presses."""
    evidence = Evidence("203.0.113.7", "Firefox", "https://glow.example/", "Yes, please.")
    form = replace(FORM, double_opt_in=True)
    with house.begin() as session:
        ask_to_confirm(session, house.published, KEY, form, read_address(email), {}, evidence, house.now)


def test_who_comes_back_in_the_last_moment_stays(house: House) -> None:
    house.sign_up()
    house.set_time(house.now + YEARS)
    with house.begin() as session:
        (ana,) = people_past(session, KEPT).ids
    house.sign_up()
    with house.begin() as session:
        assert let_person_go(session, KEPT, ana) is None
    assert people(house) == {"ana@example.org"}


def test_a_walk_goes_page_by_page(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH", 2)
    for number in range(5):
        house.sign_up(f"ana{number}@example.org")
    house.set_time(house.now + YEARS)
    assert walk(house) == ["leads"] * 5


def test_old_events_go_but_not_those_that_something_under_way_is_about(house: House) -> None:
    ana = house.sign_up().contact_id
    with house.begin() as session:
        told = [Told(ana, "visit.completed", about=f"visit:{number}") for number in (1, 2)]
        tell(session, house.published, told, house.now)
        session.execute(text("UPDATE enrolment SET about = 'visit:1', state = 'active'"))
    kept = Retention(events=Duration.of(730, Unit.DAYS))
    house.set_time(house.now + timedelta(days=731))
    assert foreseen(house, kept)["events"] == 2
    assert sweep(house, "events", kept) == 2
    with house.begin() as session:
        assert session.scalars(select(Event.about)).all() == ["visit:1"]


@pytest.fixture
def much_later(house: House) -> Iterator[datetime]:
    """By the machine's time: what it wrote down is as old as that says, however fast a journey runs."""
    with house.begin() as session:
        now = session.scalar(select(func.clock_timestamp()))
    return now + YEARS


def test_network_addresses_fade_and_the_consent_stays(house: House, much_later: datetime) -> None:
    house.sign_up()
    assert sweep(house, "networks", KEPT, much_later - timedelta(days=10)) == 0
    assert foreseen(house, KEPT, much_later)["networks"] == 1
    assert sweep(house, "networks", KEPT, much_later) == 1
    with house.begin() as session:
        (consent,) = session.scalars(select(Consent))
        assert (consent.address, consent.user_agent, consent.wording) == (None, None, "Yes, please.")
    assert sweep(house, "networks", KEPT, much_later) == 0


def test_calls_that_are_over_go_and_those_that_wait_stay(house: House, much_later: datetime) -> None:
    ana = house.sign_up().contact_id
    with house.begin() as session:
        for number, state in enumerate(("waiting", "taken", "given-up")):
            session.add(WebhookCall(contact_id=ana, message_id=f"w{number}", name="crm", body={}, state=state))
    assert sweep(house, "calls", KEPT, much_later) == 2
    with house.begin() as session:
        assert session.scalars(select(WebhookCall.state)).all() == ["waiting"]
