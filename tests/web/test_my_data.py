"""All that is stored about a person, on a page and as a file."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from sqlalchemy import Select, delete, event, update
from sqlalchemy.orm import ORMExecuteState

from service.actions.publish import Edition, publish
from service.clock import machine_now
from service.domain.sequence.names import CUSTOMARY, RAISED
from service.runtime import Runtime
from service.store.contact import Contact
from service.store.decision import Decision
from service.store.delivery import Delivery
from service.store.event import Event, Hit
from service.store.feedback import ToldFeedback
from service.store.leaving import Leaving
from service.store.merged import MergedContact
from service.store.person import OTHERS, read_person
from service.web.public.labels import FIELDS
from service.web.public.my_data import MOST, UNSHOWN
from tests.domain.stories import at
from tests.web.shop import BUSINESS, FILES, Shop


@pytest.fixture
def token(shop: Shop) -> str:
    shop.client.post(
        "/forms/checklist",
        data={"email": "ana@example.org", "first_name": "Ana"},
        headers={"User-Agent": "Firefox"},
        environ_base={"REMOTE_ADDR": "203.0.113.7"},
    )
    return token_of(shop, timedelta(0))


def token_of(shop: Shop, age: timedelta) -> str:
    made_at = machine_now() - age
    return shop.runtime.signer.sign("my-data", f"{shop.contact().id}.{int(made_at.timestamp())}")


def test_the_page_says_what_since_when_and_where_from(shop: Shop, token: str) -> None:
    page = shop.client.get(f"/my-data/{token}").text
    lines = dict(re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", page))
    assert lines["Email address"] == "ana@example.org"
    assert lines["First name"] == "Ana"
    assert "form:checklist" in page
    assert "203.0.113.7" in page
    assert "Firefox" in page
    assert "Yes, Glow Studio may write to me." in page
    assert 'name="robots" content="noindex"' in page


def test_the_file_holds_the_same(shop: Shop, token: str) -> None:
    page = shop.client.get(f"/my-data/{token}").text
    field = re.search(r'<input type="hidden" name="(\w+)" value="(\w+)">', page)
    assert field is not None
    answer = shop.client.get(f"/my-data/{token}?{field[1]}={field[2]}")
    assert answer.mimetype == "application/json"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="my-data.json"'
    assert answer.headers["Cache-Control"] == "no-store"
    stored = json.loads(answer.data)
    assert stored["person"]["email"] == "ana@example.org"
    assert {each["topic"] for each in stored["consents"]} == {"Tips and ideas", "Newsletter"}
    assert [each["step"] for each in stored["mails"]] == ["hello"]


def test_it_speaks_german_to_those_who_do_and_in_their_own_time(shop: Shop, token: str) -> None:
    with shop.runtime.session() as session:
        session.execute(update(Contact).values(language="de", created_at=at("2026-07-01 20:30"), timezone="Asia/Tokyo"))
    page = shop.client.get(f"/my-data/{token}").text
    assert "Was wir über dich wissen" in page
    assert "<dt>Gespeichert seit</dt><dd>2. Juli 2026, 05:30</dd>" in page
    assert "<dd>zugestimmt</dd>" in page


def test_whatever_is_stored_has_a_german_name(shop: Shop, token: str) -> None:
    names, in_the_file_alone = set(), {Decision, Hit, Leaving, MergedContact, ToldFeedback}

    def note(asked: ORMExecuteState) -> None:
        assert isinstance(asked.statement, Select)
        if not in_the_file_alone & {each["entity"] for each in asked.statement.column_descriptions}:
            names.update(asked.statement.selected_columns.keys())

    with shop.runtime.session() as session:
        contact = session.get_one(Contact, shop.contact().id)
        event.listen(session, "do_orm_execute", note)
        names.update(read_person(session, contact)["person"])
    assert {"email", "channel", "due_at", "closed_at", "redeemed_at", "body"} <= names
    told = {name for data in (RAISED | CUSTOMARY).values() for name in data}
    assert (names | told) - UNSHOWN - OTHERS - set(FIELDS["de"]) == set()


def test_a_consent_to_calls_is_about_no_mail_and_topics_are_called_by_their_titles(shop: Shop) -> None:
    business = BUSINESS.replace("Newsletter: {}", "Newsletter: {de: Rundbrief}", 1)
    business = business.replace("topics:", "languages: [en, de]\ntopics:", 1)
    with shop.runtime.session() as session:
        publish(session, Edition(FILES | {"sequences/business.yaml": business.encode()}, set()))
    shop.sign_up(slug="card", phone="030 5550123", consent_phone="yes", consent_email="yes")
    with shop.runtime.session() as session:
        session.execute(update(Contact).values(language="de"))
    page = Shop(Runtime(shop.runtime.settings)).client.get(f"/my-data/{token_of(shop, timedelta(0))}").text
    assert page.count("<dt>Thema</dt>") == 1
    assert "<dt>Thema</dt><dd>Rundbrief</dd>" in page
    assert "<dt>Weg</dt><dd>Anruf</dd>" in page


def test_what_somebody_typed_is_shown_as_text(shop: Shop, token: str) -> None:
    with shop.runtime.session() as session:
        session.execute(
            update(Contact).values(company="<script>alert(1)</script>", fields={"hair": ["a", True, {"b": 1}]})
        )
    page = shop.client.get(f"/my-data/{token}").text
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_a_long_story_is_shown_by_its_newest_part_and_given_whole(shop: Shop, token: str) -> None:
    ana = shop.contact()
    with shop.runtime.session() as session:
        session.add_all(
            Event(contact_id=ana.id, name="purchase", at=ana.created_at, data={"product": f"P{number}"})
            for number in range(MOST)
        )
    page = shop.client.get(f"/my-data/{token}").text
    assert page.count("<dd>purchase</dd>") == MOST
    assert "<dt>What</dt><dd>signup</dd>" not in page
    assert "Older ones, 1 of them, stand in the file." in page
    assert len(json.loads(shop.client.get(f"/my-data/{token}?format=json").data)["events"]) == MOST + 1


def test_a_forgotten_person_has_no_data(shop: Shop, token: str) -> None:
    with shop.runtime.session() as session:
        session.execute(delete(Contact))
    for query in ("", "?format=json"):
        answer = shop.client.get(f"/my-data/{token}{query}")
        assert answer.status_code == 200
        assert "We keep nothing about you any more" in answer.text


def test_a_link_does_its_time_and_then_tells_nothing(shop: Shop, token: str) -> None:
    assert shop.client.get(f"/my-data/{token_of(shop, timedelta(days=29))}").status_code == 200
    for late in (token_of(shop, timedelta(days=31)), shop.runtime.signer.sign("my-data", str(shop.contact().id))):
        for query in ("", "?format=json"):
            answer = shop.client.get(f"/my-data/{late}{query}")
            assert answer.status_code == 410
            assert "This link has done its time." in answer.text
            assert "ana@" not in answer.text


def test_an_old_mail_leads_to_the_preferences_but_not_to_all_data(shop: Shop, token: str) -> None:
    page = f"/preferences/{shop.token()}"
    assert "/my-data/" in shop.client.get(page).text
    with shop.runtime.session() as session:
        session.execute(update(Delivery).values(created_at=machine_now() - timedelta(days=31)))
    text = shop.client.get(page).text
    assert "/my-data/" not in text
    assert "older than 30 days" in text


def test_tokens_of_other_purposes_show_nothing(shop: Shop, token: str) -> None:
    value = str(shop.contact().id)
    for wrong in (value, token[:-1] + ("A" if token[-1] != "A" else "B"), shop.runtime.signer.sign("share", value)):
        assert shop.client.get(f"/my-data/{wrong}").status_code == 404
