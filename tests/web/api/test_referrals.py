"""Who brought whom, for programs."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from service.domain.access import Scope
from service.domain.referral_ledger import State as LedgerState
from service.domain.sequence.model.referral import Side
from service.store.contact import Contact
from service.store.event import Event
from service.store.journey import journey_now
from service.store.referral import Referral
from service.store.reward import Reward, open_entry
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


def test_a_forgotten_friend_leaves_the_referral_to_the_referrer(office: Office, friends: tuple[int, list[int]]) -> None:
    ana, (bea, *_) = friends
    assert office.ask("DELETE", f"/contacts/{bea}").status_code == 204
    assert [each["friend"] for each in office.get("/referrals").json["items"]][-1] is None
    assert office.ask("DELETE", f"/contacts/{ana}").status_code == 204
    assert office.get("/referrals").json["items"] == []
    with office.runtime.session() as session:
        assert len(session.scalars(select(Contact)).all()) == 2


@pytest.fixture
def doubtful(office: Office, friends: tuple[int, list[int]]) -> int:
    """A referral of Ana's with a reward that waits for a person."""
    ana, (bea, *_) = friends
    with office.runtime.session() as session:
        now = journey_now(session)
        (referral,) = session.scalars(select(Referral).where(Referral.friend_id == bea))
        referral.qualified_at = now
        open_entry(session, referral.id, Side.REFERRER, ana, LedgerState.QUALIFIED, "The friend was here.", now)
        (entry,) = session.scalars(select(Reward))
        entry.asks, entry.reason = True, "The friend signed up from the same network as the referrer."
        return referral.id


def test_what_is_doubtful_is_listed_with_its_reason_and_a_person_decides(office: Office, doubtful: int) -> None:
    (listed,) = office.get("/referrals", doubtful="true").json["items"]
    (entry,) = listed["rewards"]
    assert (listed["id"], entry["side"], entry["state"], entry["doubtful"]) == (doubtful, "referrer", "qualified", True)
    assert entry["reason"] == "The friend signed up from the same network as the referrer."
    refused = [
        office.post(f"/referrals/{doubtful}/refuse", {"by": "Mia", "reason": "one person"}).json for _ in range(2)
    ]
    assert refused[0] == refused[1]
    (entry,) = refused[0]["rewards"]
    assert (entry["state"], entry["reason"]) == ("refused", "Refused by Mia: one person.")
    assert office.post(f"/referrals/{doubtful}/reward", {"reward": "15 €"}).status_code == 409
    (entry,) = office.post(f"/referrals/{doubtful}/approve", {}).json["rewards"]
    assert [each["state"] for each in entry["history"]] == ["qualified", "refused", "approved"]
    assert office.get("/referrals", doubtful="true").json["items"] == []
    assert [each["id"] for each in office.get("/referrals", reward="approved").json["items"]] == [doubtful]
    (entry,) = office.post(f"/referrals/{doubtful}/reward", {"reward": "15 €"}).json["rewards"]
    assert (entry["state"], entry["what"]) == ("granted", "15 €")
    late = office.post(f"/referrals/{doubtful}/refuse", {})
    assert (late.status_code, late.json["type"]) == (409, "urn:everafter:too-late")


def test_nothing_is_decided_where_nothing_is_promised(office: Office, friends: tuple[int, list[int]]) -> None:
    referral = office.get("/referrals").json["items"][0]["id"]
    for word in ("approve", "refuse"):
        assert office.post(f"/referrals/{referral}/{word}", {}).status_code == 409
        assert office.post(f"/referrals/999/{word}", {}).status_code == 404


def test_a_code_is_taken_once_and_a_repetition_is_told_apart(office: Office, doubtful: int) -> None:
    with office.runtime.session() as session:
        (entry,) = session.scalars(select(Reward))
        entry.state, entry.code, entry.asks = "granted", "REFERRER-15-ABC", False
    once = [
        office.post("/referrals/redeem", {"code": "REFERRER-15-ABC"}, **{"Idempotency-Key": "till-1"}) for _ in "ab"
    ]
    assert [answer.status_code for answer in once] == [200, 200]
    assert once[1].headers["Idempotency-Replayed"] == "true"
    again = office.post("/referrals/redeem", {"code": "REFERRER-15-ABC"})
    assert (again.status_code, again.json["type"]) == (409, "urn:everafter:code-used")
    assert office.post("/referrals/redeem", {"code": "X"}).status_code == 404


def test_deciding_needs_a_key_that_may(office: Office, doubtful: int) -> None:
    key = office.make_key("reader", {Scope.REFERRALS_READ})
    for path in (f"/referrals/{doubtful}/approve", f"/referrals/{doubtful}/refuse", "/referrals/redeem"):
        assert office.ask("POST", path, key=key, json={"code": "x"}).status_code == 403


def test_the_report_holds_referred_clients_beside_all_others(office: Office, doubtful: int) -> None:
    dora = office.get("/referrals", limit=1).json["items"][0]["friend"]
    elsa = office.post("/contacts", {"email": "elsa@example.org"}).json["id"]
    sold = [(dora, "80.00", "EUR"), (dora, "20.00", "EUR"), (elsa, "30.00", "EUR"), (elsa, "7.00", "CHF")]
    for who, value, currency in sold:
        event = {"contact": who, "name": "purchase", "value": value, "currency": currency}
        assert office.post("/events", event).status_code < 300
    office.post("/events", {"contact": elsa, "name": "visit.completed"})
    report = office.get("/reports/referrals", days=30).json
    assert report["friends"] == {"invited": 0, "joined": 3, "qualified": 2, "rewarded": 0}
    assert report["rewards"] == [{"side": "referrer", "state": "qualified", "count": 1}]
    assert report["doubtful"] == 1
    assert [(each["currency"], each["clients"], each["visits"]) for each in report["referred"]] == [("EUR", 1, 2)]
    assert float(report["referred"][0]["value_per_client"]) == 100
    assert {each["currency"]: float(each["value"]) for each in report["others"]} == {"EUR": 30, "CHF": 7, None: 0}
    (best,) = report["referrers"]
    assert (best["joined"], best["qualified"], float(best["value"]["EUR"])) == (3, 2, 100)
    assert office.get("/reports/referrals", days=0).status_code == 422
