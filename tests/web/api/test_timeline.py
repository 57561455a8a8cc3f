from __future__ import annotations

from datetime import timedelta

from sqlalchemy import event as listened

from service.ports import Sent
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


def test_the_story_comes_in_pages_in_few_queries(office: Office) -> None:
    contact = live(office)
    whole = office.get(f"/contacts/{contact}/timeline").json["items"]
    statements: list[str] = []
    listened.listen(office.runtime.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    seen, cursor = [], {}
    for _ in range(3):
        page = office.get(f"/contacts/{contact}/timeline", limit=2, **cursor).json
        seen += page["items"]
        cursor = {"cursor": page["next"]}
    assert seen == whole
    assert page["next"] is None
    assert len(statements) <= 3 * 7


def test_a_cursor_of_another_list_is_none(office: Office) -> None:
    ids = [office.save(f"p{number}@example.org")["id"] for number in range(2)]
    other = office.get("/contacts", limit=1).json["next"]
    assert list(wrongs(office.get(f"/contacts/{ids[0]}/timeline", cursor=other))) == ["cursor"]
