"""Who brought whom, for programs."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from service.store.contact import Contact
from service.store.event import Event
from service.store.journey import journey_now
from service.store.referral import Referral
from tests.web.api.office import Office


@pytest.fixture
def friends(office: Office) -> tuple[int, list[int]]:
    """Ana's id, and those of three friends who came by her link."""
    people = [
        office.post("/contacts", {"email": f"{name}@example.org"}).json["id"] for name in ("ana", "bea", "cleo", "dora")
    ]
    with office.runtime.session() as session:
        now = journey_now(session)
        session.add_all([Referral(referrer_id=people[0], friend_id=each, joined_at=now) for each in people[1:]])
    return people[0], people[1:]


def test_they_are_listed_newest_first_page_by_page(office: Office, friends: tuple[int, list[int]]) -> None:
    ana, (bea, cleo, dora) = friends
    first = office.get("/referrals", limit=2).json
    second = office.get("/referrals", limit=2, cursor=first["next"]).json
    assert [each["friend"] for each in first["items"] + second["items"]] == [dora, cleo, bea]
    assert second["next"] is None
    assert {each["referrer"] for each in first["items"]} == {ana}
    assert {each["state"] for each in first["items"]} == {"joined"}


def test_a_visit_a_reward_and_no_second_one(office: Office, friends: tuple[int, list[int]]) -> None:
    ana, (bea, *_) = friends
    referral = office.get("/referrals", limit=1, state="joined").json["items"][0]["id"] - 2
    path = f"/referrals/{referral}/reward"
    early = office.post(path, {"reward": "15 €"})
    assert (early.status_code, early.json["type"]) == (409, "urn:everafter:not-qualified")
    assert office.post("/events", {"contact": bea, "name": "visit.completed"}).status_code < 300
    assert [each["friend"] for each in office.get("/referrals", state="qualified").json["items"]] == [bea]
    answers = [office.post(path, {"reward": words}) for words in ("15 €", "20 €")]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json == answers[1].json
    assert answers[0].json["state"] == "rewarded"
    assert [each["id"] for each in office.get("/referrals", state="rewarded", referrer=ana).json["items"]] == [referral]
    assert office.get("/referrals", referrer=bea).json["items"] == []
    with office.runtime.session() as session:
        told = session.execute(select(Event.name, Event.data).where(Event.contact_id == ana)).all()
    assert [name for name, _ in told] == ["referral.qualified", "referral.rewarded"]
    assert told[1][1]["reward"] == "15 €"


def test_programs_can_not_tell_what_the_service_itself_saw(office: Office, friends: tuple[int, list[int]]) -> None:
    assert office.post("/events", {"contact": friends[0], "name": "referral.qualified"}).status_code == 422


def test_what_is_not_there_is_not_found(office: Office) -> None:
    assert office.post("/referrals/7/reward", {}).status_code == 404
    assert office.get("/referrals", state="lost").status_code == 422
    assert office.get("/referrals", cursor="x").status_code == 422


def test_a_forgotten_friend_takes_the_referral_along(office: Office, friends: tuple[int, list[int]]) -> None:
    ana, (bea, *_) = friends
    assert office.ask("DELETE", f"/contacts/{bea}").status_code == 204
    assert len(office.get("/referrals").json["items"]) == 2
    assert office.ask("DELETE", f"/contacts/{ana}").status_code == 204
    assert office.get("/referrals").json["items"] == []
    with office.runtime.session() as session:
        assert len(session.scalars(select(Contact)).all()) == 2
