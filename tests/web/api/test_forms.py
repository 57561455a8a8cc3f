"""`GET /forms`: what a website's program has to know to fill in a form."""

from __future__ import annotations

import pytest

from service.actions.publish import Edition, publish
from service.domain.consent import version_of
from tests.web.api.office import BUSINESS, FILES, Office

FORMS = """
forms:
  tips:
    title: Tips
    fields: {hair: {}}
    topics: [Tips and ideas]
    thanks: https://glow.example/thanks
    origins: [https://glow.example]
  card:
    fields: {phone: {}}
    consents: {phone: "Yes, Glow Studio may call me."}
    disposable: refused
"""
BASE = "http://127.0.0.1:8000/forms"
CALL = "Yes, Glow Studio may call me."


@pytest.fixture
def desk(office: Office) -> Office:
    """An office whose business has two forms."""
    files = {"sequences/business.yaml": (BUSINESS + FORMS).encode()}
    with office.runtime.session() as session:
        publish(session, Edition(FILES | files, set()))
    return office


def test_forms_are_listed_with_what_they_ask_and_what_people_agree_to(desk: Office) -> None:
    items = {each["slug"]: each for each in desk.get("/forms").json["items"]}
    assert set(items) == {"tips", "card"}
    usual = "Glow Studio may write to me by email. Every mail has a link to leave with one click."
    assert items["tips"] == {
        "slug": "tips",
        "title": "Tips",
        "text": "",
        "button": "",
        "url": f"{BASE}/tips",
        "script": f"{BASE}/tips/embed.js",
        "fields": [
            {"name": "first_name", "label": "First name", "type": "text", "required": False, "choices": []},
            {"name": "email", "label": "Email address", "type": "email", "required": True, "choices": []},
            {"name": "hair", "label": "Hair", "type": "text", "required": False, "choices": ["straight", "curly"]},
        ],
        "topics": ["Tips and ideas"],
        "magnet": None,
        "opt_in": "single",
        "consents": [{"channel": "email", "field": None, "wording": usual, "version": version_of(usual)}],
        "thanks": "https://glow.example/thanks",
        "origins": ["https://glow.example"],
        "disposable": True,
    }


def test_a_box_names_the_field_that_ticks_it(desk: Office) -> None:
    card = next(each for each in desk.get("/forms").json["items"] if each["slug"] == "card")
    assert card["consents"] == [
        {"channel": "phone", "field": "consent_phone", "wording": CALL, "version": version_of(CALL)}
    ]
    assert card["topics"] == []
    assert card["disposable"] is False
