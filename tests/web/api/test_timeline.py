from __future__ import annotations

import math
import re
from datetime import datetime, timedelta

import pytest
from redis import Redis
from sqlalchemy import event as listened
from sqlalchemy import select, update

from service.domain.bucket import Answers
from service.ports import Sent
from service.providers.mx import MailboxGroups
from service.providers.pace import Pace
from service.store.contact import Contact
from service.store.delivery import Delivery
from service.store.event import Event
from service.store.feedback import ToldFeedback
from service.web.api import auth
from tests.domain.stories import at
from tests.web.api.office import Office, wrongs

ANA = {"email": "ana@example.org"}
FRIDAY = at("2026-11-20 10:00")


def live(office: Office) -> int:
    """Ana agrees, enters, gets a letter, books a visit and comes: a client. Her id."""
    office.set_time(FRIDAY)
    consent = {"topic": "Tips and ideas", "wording": "Yes, please.", "at": "2026-11-20 04:30", "source": "till"}
    contact = office.save(consents=[consent], timezone="America/New_York")
    office.post("/sequences/tips/enrolments", ANA)
    office.work(FRIDAY + timedelta(hours=6), Sent())
    office.set_time(FRIDAY + timedelta(days=1))
    office.post("/events", ANA | {"name": "visit.completed", "key": "v-1", "value": "48.00", "at": "2026-11-21 04:00"})
    office.work(FRIDAY + timedelta(days=1), Sent())
    return int(contact["id"])


def test_the_story_is_told_in_order_with_reasons(office: Office) -> None:
    contact = live(office)
    items = office.get(f"/contacts/{contact}/timeline").json["items"]
    told = [(each["entry"], each.get("step") or each.get("name") or each.get("topic")) for each in items]
    assert told == [
        ("consent", "Tips and ideas"),
        ("touch", "hello"),
        ("event", "visit.completed"),
        ("touch", "card"),
        ("touch", "thanks"),
        ("touch", "more"),
    ]
    assert [each["at"] for each in items] == sorted(each["at"] for each in items)
    consent, hello, visit, card, thanks, more = items
    assert (consent["act"], consent["source"], consent["wording"]) == ("confirmed", "api: till", "Yes, please.")
    assert consent["local"] == "2026-11-20T04:30:00-05:00"
    assert {name: hello[name] for name in ("sequence", "kind", "state", "class", "transactional", "reason")} == {
        "sequence": "tips",
        "kind": "email",
        "state": "sent",
        "class": "letter",
        "transactional": False,
        "reason": "Sent: its time had come, and no limit stood against it.",
    }
    assert visit["value"] == "48.00"
    assert (card["state"], card["transactional"]) == ("sent", True)
    assert thanks["state"] == "planned"
    assert more["state"] == "cancelled"
    assert more["reason"] == 'Stopped: “contact.stage == "client"” holds.'


def test_every_decision_about_a_mail_is_told_with_its_numbers(office: Office) -> None:
    contact = live(office)
    items = office.get(f"/contacts/{contact}/timeline").json["items"]
    hello = next(each for each in items if each.get("step") == "hello")
    assert (hello["rule"], hello["until"]) == ("sent", None)
    (cleared,) = hello["decisions"]
    assert cleared["at"] == hello["at"]
    assert (cleared["verdict"], cleared["rule"], cleared["until"]) == ("cleared", "slot", None)
    assert cleared["inputs"]["pressure"] == 0


def test_what_comes_next_is_looked_ahead_for_by_the_rules_that_send(office: Office) -> None:
    contact = live(office)
    told = office.get(f"/contacts/{contact}/timeline").json
    planned = next(each for each in told["items"] if each.get("step") == "thanks")
    (thanks,) = told["ahead"]
    names = ("sequence", "step", "kind", "state", "class", "delivery", "enrolment", "transactional")
    assert {name: thanks[name] for name in names} == {
        "sequence": "after",
        "step": "thanks",
        "kind": "email",
        "state": "sent",
        "class": "delight",
        "delivery": planned["delivery"],
        "enrolment": planned["enrolment"],
        "transactional": False,
    }
    assert thanks["at"] >= planned["at"]
    before = office.get(f"/contacts/{contact}/timeline").json
    assert before == told
    leaves = datetime.fromisoformat(thanks["at"])
    office.work(leaves, Sent())
    told = office.get(f"/contacts/{contact}/timeline").json
    thanks = next(each for each in told["items"] if each.get("step") == "thanks")
    assert (thanks["state"], datetime.fromisoformat(thanks["at"])) == ("sent", leaves)
    assert told["ahead"] == []


def test_a_mail_that_waits_says_until_when_and_why(office: Office) -> None:
    contact = live(office)
    with office.runtime.session() as session:
        session.execute(update(Contact).values(pressure=12, pressure_at=FRIDAY))
    office.work(FRIDAY + timedelta(days=2, hours=6), Sent())
    told = office.get(f"/contacts/{contact}/timeline").json
    thanks = next(each for each in told["items"] if each.get("step") == "thanks")
    assert (thanks["state"], thanks["rule"]) == ("held", "pressure")
    assert thanks["until"] == thanks["at"]
    assert "is over 8" in thanks["reason"]
    (decision,) = thanks["decisions"]
    assert (decision["verdict"], decision["rule"], decision["until"]) == ("held", "pressure", thanks["until"])
    assert decision["sentence"] == thanks["reason"]
    (ahead,) = told["ahead"]
    assert (ahead["step"], ahead["state"], ahead["rule"]) == ("thanks", "expired", "expired")


@pytest.mark.parametrize(("group", "name"), [("example.org", "example.org"), ("", "the mail service")])
def test_a_mail_that_is_paced_says_until_when_at_least_and_why(
    office: Office, redis: Redis, group: str, name: str
) -> None:
    contact = live(office)
    pacer = Pace(redis, MailboxGroups(redis, None))
    pacer.settle("glow.example", {group: Answers(strikes=1.0)})  # 421, a moment ago
    now = FRIDAY + timedelta(days=2, hours=6)
    office.work(now, Sent(), pacer)
    told = office.get(f"/contacts/{contact}/timeline").json
    thanks = next(each for each in told["items"] if each.get("step") == "thanks")
    assert (thanks["state"], thanks["rule"]) == ("cleared", "pacing")
    when, _, why = thanks["reason"].partition(" at least: ")
    assert re.fullmatch(r"Held until ... \d+ ... \d\d:\d\d", when)
    assert why == f"{name} asks us to slow down, and nothing goes there before that."
    cleared, held = thanks["decisions"]
    assert (cleared["verdict"], cleared["rule"]) == ("cleared", "slot")
    assert (held["verdict"], held["rule"], held["sentence"]) == ("held", "pacing", thanks["reason"])
    assert held["until"] == thanks["until"]
    assert timedelta(minutes=9) < datetime.fromisoformat(held["until"]) - now <= timedelta(minutes=10)
    assert held["inputs"]["group"] == group


def test_a_touch_says_what_was_told_of_its_mail(office: Office) -> None:
    contact = live(office)
    with office.runtime.session() as session:
        hello = session.scalars(select(Delivery).where(Delivery.contact_id == contact, Delivery.step == "hello")).one()
        about = {"contact_id": contact, "delivery_id": hello.id, "provider": "postmark", "account": ""}
        for hours, what, bounce, words in (
            (2, "bounced", "hard", "550 5.1.1 no such user"),
            (1, "delivered", None, ""),
        ):
            at = FRIDAY + timedelta(hours=hours)
            told = {"key": what, "what": what, "bounce": bounce, "at": at, "journey_at": at, "code": "", "words": words}
            session.add(ToldFeedback(**about, **told, is_machine=False))
    items = office.get(f"/contacts/{contact}/timeline").json["items"]
    told_of = {each["step"]: each["feedback"] for each in items if each["entry"] == "touch"}
    assert [(each["what"], each["bounce"], each["words"]) for each in told_of["hello"]] == [
        ("delivered", None, ""),
        ("bounced", "hard", "550 5.1.1 no such user"),
    ]
    assert told_of["thanks"] == []


@pytest.mark.parametrize("name", ["bounced", "complained"])
def test_a_bounce_and_a_complaint_are_told_in_a_sentence(office: Office, name: str) -> None:
    contact = live(office)
    with office.runtime.session() as session:
        data = {"sequence": "tips", "step": "hello", "words": "550 no such user"}
        session.add(Event(contact_id=contact, name=name, at=FRIDAY, data=data))
    items = office.get(f"/contacts/{contact}/timeline").json["items"]
    (told,) = [each["sentence"] for each in items if each.get("name") == name]
    begins = "Their mailbox is dead: it refused “" if name == "bounced" else "Marked as spam: “"
    assert told.startswith(begins)
    assert told.endswith("saying “550 no such user”.")


@pytest.mark.parametrize(("days", "wrong"), [(0, False), (90, False), (91, True), (-1, True)])
def test_how_far_it_looks_ahead_is_bounded(office: Office, days: int, wrong: bool) -> None:
    contact = live(office)
    answer = office.get(f"/contacts/{contact}/timeline", days=days)
    assert (answer.status_code == 422) is wrong
    if not wrong:
        assert (answer.json["ahead"] is None) is (days == 0)


def test_the_story_comes_in_pages_in_few_queries(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "REMEMBERED", 3600.0)
    contact = live(office)
    whole = office.get(f"/contacts/{contact}/timeline").json["items"]
    office.runtime._looked = math.inf  # what is asked every few seconds, of keys and publications, is no part of it
    statements: list[str] = []
    listened.listen(office.runtime.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    seen, cursor = [], {}
    for _ in range(3):
        page = office.get(f"/contacts/{contact}/timeline", limit=2, days=0, **cursor).json
        seen += page["items"]
        cursor = {"cursor": page["next"]}
    assert seen == whole
    assert page["next"] is None
    assert len(statements) <= 3 * 8


def test_a_cursor_of_another_list_is_none(office: Office) -> None:
    ids = [office.save(f"p{number}@example.org")["id"] for number in range(2)]
    other = office.get("/contacts", limit=1).json["next"]
    assert list(wrongs(office.get(f"/contacts/{ids[0]}/timeline", cursor=other))) == ["cursor"]
