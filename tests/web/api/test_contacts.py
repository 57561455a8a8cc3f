from __future__ import annotations

from datetime import UTC, datetime

import pytest

from service.domain.contact import address_hash
from service.store.access import IdempotentReply
from service.store.contact import Consent, Contact, Suppression
from service.store.delivery import Delivery
from service.store.enrolment import Enrolment
from service.store.event import Event
from tests.web.api.office import Office, problem, wrongs

TIPS = {"topic": "Tips and ideas"}


def test_a_contact_is_created_once_and_updated_by_its_address(office: Office) -> None:
    made = office.post("/contacts", {"email": "Ana@Example.org", "first_name": "Ana", "tags": ["new"]})
    assert made.status_code == 201
    assert made.headers["Location"] == f"/api/v1/contacts/{made.json['id']}"
    again = office.post("/contacts", {"email": "ana@example.org", "last_name": "Silva"})
    assert again.status_code == 200
    assert again.json["id"] == made.json["id"]
    found = office.get(f"/contacts/{made.json['id']}").json
    assert (found["first_name"], found["last_name"], found["tags"]) == ("Ana", "Silva", ["new"])
    assert found["source"] == "api"
    assert found["stage"] == "lead"
    assert found["created_at"].endswith("Z")


def test_null_clears_and_absence_keeps(office: Office) -> None:
    contact = office.save(first_name="Ana", phone="+49 30 1", fields={"hair": "curly", "visits": 3})
    changed = office.patch(f"/contacts/{contact['id']}", {"phone": None, "fields": {"hair": None}}).json
    assert (changed["first_name"], changed["phone"], changed["fields"]) == ("Ana", None, {"visits": 3})


def test_fields_are_read_by_their_type(office: Office) -> None:
    fields = {"anniversary": "1990-02-29", "visits": 4.5, "stylist": "owner", "site": "https://ana.example/"}
    kept = office.save(fields=fields, birthday="1988-05-04", timezone="Europe/Madrid", language="pt-BR")
    assert kept["fields"] == fields | {"anniversary": "02-29"}
    assert (kept["birthday"], kept["timezone"], kept["language"]) == ("05-04", "Europe/Madrid", "pt-BR")


def test_what_does_not_fit_is_said_all_at_once_with_pointers(office: Office) -> None:
    body = {
        "email": "ana.example.org",
        "first_name": 7,
        "timezone": "Europe/Nowhere",
        "birthday": "13-01",
        "language": "Deutsch!",
        "stage": "friend",
        "tags": ["a", ""],
        "consents": [{"topic": "Tips and ideas", "when": "now"}],
        "nickname": "Ani",
    }
    found = wrongs(office.post("/contacts", body))
    assert set(found) == {
        "/email",
        "/first_name",
        "/timezone",
        "/birthday",
        "/language",
        "/stage",
        "/tags/1",
        "/consents/0/when",
        "/nickname",
    }
    assert "nickname" in found["/nickname"]
    assert office.count(Contact) == 0


def test_own_fields_that_do_not_fit_change_nothing(office: Office) -> None:
    bad = {
        "hair": "none",
        "hari": "curly",
        "anniversary": "02-30",
        "stylist": "owenr",
        "visits": "3",
        "site": "ftp://x",
    }
    found = wrongs(office.post("/contacts", {"email": "ana@example.org", "fields": bad}))
    assert set(found) == {f"/fields/{name}" for name in bad}
    assert "did you mean `hair`" in found["/fields/hari"]
    assert "did you mean `owner`" in found["/fields/stylist"]
    assert office.count(Contact) == 0


def test_a_stage_begins_what_waits_for_it(office: Office) -> None:
    contact = office.save(tags=["vip", "vip"])
    assert contact["tags"] == ["vip"]
    changed = office.patch(f"/contacts/{contact['id']}", {"stage": "client"}).json
    assert (changed["stage"], changed["client_since"] is not None) == ("client", True)
    assert [each.sequence for each in office.all(Enrolment)] == ["clients"]
    office.patch(f"/contacts/{contact['id']}", {"stage": "client"})
    assert office.count(Enrolment) == 1


def test_a_consent_is_kept_with_its_evidence_and_told_twice_counts_once(office: Office) -> None:
    given = TIPS | {"wording": "Yes, write to me.", "at": "2026-05-01 10:00", "source": "paper form"}
    for _ in range(2):
        contact = office.save(consents=[given])
    [consent] = office.all(Consent)
    assert (consent.act, consent.source, consent.wording) == ("confirmed", "api: paper form", "Yes, write to me.")
    assert consent.at == datetime(2026, 5, 1, 8, tzinfo=UTC)  # ten in Berlin
    assert contact["consented"] == ["Tips and ideas"]


def test_a_consent_from_before_the_withdrawal_gives_nothing_back(office: Office) -> None:
    contact = office.save(consents=[TIPS | {"at": "2026-01-01T00:00:00Z"}])
    with office.runtime.session() as session:
        back = datetime(2026, 3, 1, tzinfo=UTC)
        session.add(
            Consent(contact_id=contact["id"], topic=None, act="withdrawn", basis="consent", at=back, source="page")
        )
    assert office.save(consents=[TIPS | {"at": "2026-02-01T00:00:00Z"}])["consented"] == []
    found = wrongs(office.post("/contacts", {"email": "ana@example.org", "consents": [TIPS]}))
    assert "1 March 2026" in found["/consents/0/at"]
    assert office.save(consents=[TIPS | {"at": "2026-04-01T00:00:00Z"}])["consented"] == ["Tips and ideas"]


def test_a_consent_to_no_topic_or_in_the_future_is_refused(office: Office) -> None:
    consents = [{"topic": "Tips and idea"}, TIPS | {"at": "2999-01-01T00:00:00Z"}]
    found = wrongs(office.post("/contacts", {"email": "ana@example.org", "consents": consents}))
    assert "did you mean `Tips and ideas`" in found["/consents/0/topic"]
    assert "future" in found["/consents/1/at"]


def test_lists_are_filtered_and_come_in_pages(office: Office) -> None:
    ids = [office.save(f"p{number}@example.org", tags=["even"] if number % 2 == 0 else [])["id"] for number in range(7)]
    seen: list[int] = []
    cursor: dict[str, str] = {}
    while True:
        page = office.get("/contacts", limit=3, **cursor).json
        seen += [each["id"] for each in page["items"]]
        assert len(page["items"]) <= 3
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert seen == ids[::-1]
    assert [each["id"] for each in office.get("/contacts", tag="even").json["items"]] == ids[::-2]
    assert [each["id"] for each in office.post("/contacts/search", {"tag": "even", "limit": 2}).json["items"]] == ids[
        :3:-2
    ]
    assert office.get("/contacts", stage="client").json == {"items": [], "next": None}


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"cursor": "x"}, "cursor"),
        ({"cursor": "WyJ4Il0"}, "cursor"),
        ({"cursor": "é"}, "cursor"),
        ({"email": "nobody"}, "email"),
        ({"email": "ana@example.org"}, "email"),
        ({"tag": "ana@example.org"}, "tag"),
        ({"stage": "friend"}, "stage"),
        ({"tags": "vip"}, "tags"),
        ({"tag": "a\0b"}, "tag"),
    ],
)
def test_a_query_that_does_not_fit_is_refused_by_name(office: Office, query: dict[str, str], parameter: str) -> None:
    assert list(wrongs(office.get("/contacts", **query))) == [parameter]


def test_somebody_is_found_by_an_address_in_a_body_and_never_in_a_url(office: Office) -> None:
    ana, _ = office.save(), office.save("ben@example.org")
    assert office.post("/contacts/search", {"email": "ANA@example.org"}).json == {"items": [ana], "next": None}
    assert office.post("/contacts/search", {"email": "ana@example.org", "stage": "client"}).json["items"] == []
    found = wrongs(office.post("/contacts/search", {"email": "nobody", "limit": 0, "name": "Ana"}))
    assert set(found) == {"/email", "/limit", "/name"}
    assert set(wrongs(office.post("/contacts/search", {"cursor": "x"}))) == {"/cursor"}
    for method, path in (("GET", "/contacts"), ("GET", "/suppressions"), ("DELETE", f"/contacts/{ana['id']}")):
        refused = office.ask(method, path, query_string={"email": "ana@example.org"})
        assert "POST /api/v1/contacts/search" in wrongs(refused)["email"]
        assert "ana@" not in refused.text
    assert "ana@" not in office.ask("GET", "/contacts", query_string={"ana@example.org": "1"}).text


def test_a_new_address_takes_the_unsubscribe_along_but_not_the_bounce(office: Office) -> None:
    contact = office.save()
    old = address_hash(office.runtime.hash_key, "ana@example.org")
    with office.runtime.session() as session:
        for topic, reason in (("Tips and ideas", "unsubscribed"), (None, "bounced")):
            at = datetime(2026, 3, 1, tzinfo=UTC)
            session.add(Suppression(address_hash=old, topic=topic, reason=reason, source="page", at=at))
    moved = office.patch(f"/contacts/{contact['id']}", {"email": "Ana@new.example"}).json
    assert moved["email"] == "Ana@new.example"
    assert [(each["topic"], each["reason"]) for each in moved["suppressed"]] == [("Tips and ideas", "unsubscribed")]


def test_the_address_of_somebody_else_is_not_taken(office: Office) -> None:
    office.save("ben@example.org")
    contact = office.save()
    problem(office.patch(f"/contacts/{contact['id']}", {"email": "BEN@example.org"}), 409, "address-taken")
    assert office.get(f"/contacts/{contact['id']}").json["email"] == "ana@example.org"


def test_who_is_forgotten_leaves_nothing_but_the_keyed_hash(office: Office) -> None:
    contact = office.post(
        "/contacts", {"email": "ana@example.org", "stage": "client", "consents": [TIPS]}, Idempotency_Key="one"
    ).json
    office.post("/events", {"email": "ana@example.org", "name": "visit.completed", "key": "v1"})
    with office.runtime.session() as session:
        hashed = address_hash(office.runtime.hash_key, "ana@example.org")
        at = datetime(2026, 3, 1, tzinfo=UTC)
        session.add(Suppression(address_hash=hashed, topic=None, reason="unsubscribed", source="page", at=at))
    assert office.delete(f"/contacts/{contact['id']}").status_code == 204
    for table in (Contact, Consent, Enrolment, Delivery, Event, IdempotentReply):
        assert office.count(table) == 0, table
    assert office.count(Suppression) == 1
    problem(office.delete(f"/contacts/{contact['id']}"), 404, "unknown-contact")
    assert [each["reason"] for each in office.save()["suppressed"]] == ["unsubscribed"]


@pytest.mark.parametrize("path", ["/contacts/0", "/contacts/999", "/contacts/999/timeline"])
def test_nobody_is_404(office: Office, path: str) -> None:
    problem(office.get(path), 404, "unknown-contact")


@pytest.mark.parametrize("number", ["x", "-1", "9223372036854775808", "1" * 40])
def test_an_id_that_is_none_is_404(office: Office, number: str) -> None:
    answer = office.get(f"/contacts/{number}")
    assert answer.status_code == 404
    assert answer.content_type == "application/problem+json"


def test_two_contacts_become_one_and_both_numbers_lead_to_it(office: Office) -> None:
    stays = office.save("ana@example.org", tags=["vip"])
    goes = office.save("ana@work.example", first_name="Ana", stage="client")
    path = f"/contacts/{stays['id']}/merge"
    answer = office.post(path, {"contact": goes["id"]}, Idempotency_Key="m-1")
    assert answer.status_code == 200
    one = answer.json
    assert (one["id"], one["email"], one["first_name"], one["stage"]) == (
        stays["id"],
        "ana@example.org",
        "Ana",
        "client",
    )
    assert office.count(Contact) == 1
    assert office.get(f"/contacts/{goes['id']}").json["id"] == stays["id"]
    assert [each["sequence"] for each in office.get(f"/contacts/{goes['id']}/timeline").json["items"]] == ["clients"]
    assert office.patch(f"/contacts/{goes['id']}", {"last_name": "Silva"}).json["id"] == stays["id"]
    for told in ({"name": "purchase"}, [{"contact": stays["id"], "name": "refund"}, {"name": "visit.completed"}]):
        body = (
            [{"contact": goes["id"]} | each for each in told]
            if isinstance(told, list)
            else {"contact": goes["id"]} | told
        )
        assert office.post("/events", body).status_code == 202
    assert {(each.name, each.contact_id) for each in office.all(Event)} == {
        (name, stays["id"]) for name in ("purchase", "refund", "visit.completed")
    }
    entered = office.post("/sequences/tips/enrolments", {"contact": goes["id"]})
    assert entered.status_code == 409  # known by the old number, and a client already
    problem(office.delete(f"/contacts/{goes['id']}"), 404, "unknown-contact")  # it would forget the one who stays
    again = office.post(path, {"contact": goes["id"]}, Idempotency_Key="m-1")
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (200, "true")
    problem(office.post(path, {"contact": goes["id"]}), 409, "cant-merge")
    problem(office.post(path, {"contact": stays["id"]}), 409, "cant-merge")
    assert set(wrongs(office.post(path, {}))) == {"/contact"}
