"""A ladder of small steps: each form adds to what is known, and starts nothing again that runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from service.actions.publish import Edition, publish
from service.store.contact import Consent
from service.store.delivery import Delivery
from service.store.enrolment import Enrolment
from service.store.event import Event
from tests.web.shop import Shop

BUSINESS = """
name: Glow Studio
from: Mia at Glow Studio <mia@glow.example>
address: Lindenweg 4, 10969 Berlin
time zone: Europe/Berlin
topics:
  Tips and ideas: {}
  Webinars: {}
fields:
  hair: [straight, curly]
  wish: text
forms:
  checklist:
    topics: [Tips and ideas]
  webinar:
    topics: [Webinars]
    fields: {last_name: {}, hair: {}}
  consultation:
    topics: [Tips and ideas]
    fields: {phone: {required: yes}, hair: {}, wish: {}}
"""


def sequence(form: str, topic: str) -> bytes:
    head = f"---\ntitle: {form}\nstage: nurture\ntopic: {topic}\nenrol:\n  on: signup\n  form: {form}\n---\n\n"
    return (head + "## Day 0: hello\nSubject: Hello\n\nHello.\n\n## Day 2: more\nSubject: More\n\nMore.\n").encode()


@pytest.fixture
def ladder(open_shop: Callable[..., Shop]) -> Shop:
    """A shop with three forms, each of which begins a sequence of its own."""
    shop = open_shop(form_limits="off")
    files = {
        "sequences/business.yaml": BUSINESS.encode(),
        "sequences/checklist.md": sequence("checklist", "Tips and ideas"),
        "sequences/webinar.md": sequence("webinar", "Webinars"),
        "sequences/consultation.md": sequence("consultation", "Tips and ideas"),
    }
    with shop.runtime.session() as session:
        publish(session, Edition(files, set()))
    return shop


def runs(shop: Shop) -> Counter[tuple[str, str]]:
    """How many enrolments there are of each sequence, by state."""
    return Counter((each.sequence, each.state) for each in shop.all(Enrolment))


def test_checklist_webinar_consultation(ladder: Shop) -> None:
    ladder.sign_up(first_name="Ana")
    begun = {each.id: each.due_at for each in ladder.all(Delivery)}
    assert runs(ladder) == {("checklist", "active"): 1}

    # The webinar: the name grows, and what she said first stays as she said it.
    ladder.sign_up("ANA@example.org", slug="webinar", first_name="Anna", last_name="Berg", hair="curly")
    contact = ladder.contact()
    assert (contact.first_name, contact.last_name, contact.fields) == ("Ana", "Berg", {"hair": "curly"})
    assert runs(ladder) == {("checklist", "active"): 1, ("webinar", "active"): 1}

    # The consultation: a number, a wish, and another answer to a question that is answered already.
    wish = {"phone": "+49 30 5550123", "wish": "shorter", "hair": "straight"}
    ladder.sign_up(slug="consultation", **wish)
    contact = ladder.contact()
    assert (contact.phone, contact.fields) == ("+49 30 5550123", {"hair": "curly", "wish": "shorter"})
    assert set(runs(ladder).values()) == {1}

    # All three once more: nothing begins again, and nothing that runs is moved.
    for slug, fields in (("checklist", {}), ("webinar", {}), ("consultation", wish)):
        assert ladder.sign_up(slug=slug, **fields).status_code == 303
    assert runs(ladder) == {(key, "active"): 1 for key in ("checklist", "webinar", "consultation")}
    assert {each.id: each.due_at for each in ladder.all(Delivery) if each.id in begun} == begun
    assert len(ladder.all(Delivery)) == 3

    # What was said, and agreed to, each time is kept.
    assert [each.data["form"] for each in ladder.all(Event)] == ["checklist", "webinar", "consultation"] * 2
    agreed = Counter((each.form, each.topic) for each in ladder.all(Consent))
    assert set(agreed) == {
        ("checklist", "Tips and ideas"),
        ("webinar", "Webinars"),
        ("consultation", "Tips and ideas"),
    }


def test_a_step_of_the_ladder_says_what_it_was_filled_in_with(ladder: Shop) -> None:
    ladder.sign_up(slug="webinar", hair="curly")
    ladder.sign_up(slug="consultation", phone="+49 30 5550123", hair="straight")
    said = {each.sequence: each.data["form"].get("hair") for each in ladder.all(Enrolment)}
    assert said == {"webinar": "curly", "consultation": "straight"}
    assert ladder.contact().fields == {"hair": "curly"}
