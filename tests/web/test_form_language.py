"""In which language a form speaks: that of the business's own words beside ours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from werkzeug.datastructures import LanguageAccept
from werkzeug.test import TestResponse

from service.actions.publish import Edition, publish
from service.domain.sequence.library import read_library
from service.domain.sequence.model.business import Business
from service.domain.sequence.model.form import MAIL, ConsentBox
from service.domain.sequence.names import TYPES
from service.store.contact import Consent
from service.web.public.form_page import thanks_of
from service.web.public.form_words import FAULTS, THANKS, WORDS, language_for
from tests.rendering.studio import shipped
from tests.web.shop import FILES, Shop
from tests.web.test_forms import Page

GERMAN = FILES["sequences/business.yaml"].replace(b"topics:", b"languages: [de, en]\ntopics:", 1)


@pytest.fixture
def laden(open_shop: Callable[..., Shop]) -> Shop:
    """The same shop, whose first language is German."""
    shop = open_shop(form_limits="off")
    with shop.runtime.session() as session:
        publish(session, Edition(FILES | {"sequences/business.yaml": GERMAN}, set()))
    return shop


@pytest.mark.parametrize(
    ("spoken", "accepted", "language"),
    [
        (("en", "de"), "de", "en"),
        (("de", "en"), "en", "de"),
        (("de-AT",), "en", "de"),
        (("fr", "de"), "de-CH, fr;q=0.5", "de"),
        (("fr", "de"), "fr", "en"),
        (("fr", "de", "en"), "en, de;q=0.8", "en"),
        (("fr",), "de", "en"),
    ],
)
def test_the_businesss_first_language_else_the_visitors(spoken: tuple[str, ...], accepted: str, language: str) -> None:
    wishes = [part.partition(";q=") for part in accepted.split(", ")]
    visitor = LanguageAccept([(name, float(quality or 1)) for name, _, quality in wishes])
    assert language_for(Business("Glow", "", "", "UTC", languages=spoken), visitor) == language


def test_the_hosted_form_speaks_german(laden: Shop) -> None:
    page = laden.client.get("/forms/long").text
    assert Page(page).all("html")[0]["lang"] == "de"
    for words in ("E-Mail-Adresse", "Telefon", "(freiwillig)", "Monat und Tag", "darf mir per E-Mail schreiben"):
        assert words in page
    assert "optional" not in page.replace('class="optional"', "")


def test_so_do_its_thanks_and_the_script(laden: Shop) -> None:
    assert "ist unterwegs" in laden.client.get("/forms/checklist/thanks").text
    assert "Du stehst auf der Liste" in laden.client.get("/forms/long/thanks").text
    assert "Es ist notiert" in laden.client.get("/forms/card/thanks").text
    assert '"language":"de"' in laden.client.get("/forms/checklist/embed.js").text


@pytest.mark.parametrize("language", ["en", "de"])
def test_who_has_to_confirm_is_told_so_whatever_the_form_gives(language: str) -> None:
    library, _ = read_library(shipped())
    assert library is not None
    form = replace(library.business.forms[0], double_opt_in=True)
    words = THANKS[language]
    assert thanks_of(library, form, language) == [words["heading"], words["confirm"], words["spam"]]
    boxed = replace(form, boxes=(ConsentBox(MAIL, "Yes."),))
    assert thanks_of(library, boxed, language) == [words["heading"], words["card"], words["box"]]


def test_what_was_shown_is_what_is_kept(laden: Shop) -> None:
    laden.sign_up(slug="elsewhere")
    (consent,) = laden.all(Consent)
    assert consent.wording == WORDS["de"]["agreed"].format(business="Glow Studio")
    assert consent.wording in laden.client.get("/forms/elsewhere").text


def errors(answer: TestResponse) -> dict[str, str]:
    assert answer.status_code == 422
    found: dict[str, str] = answer.json["errors"]
    return found


@pytest.mark.usefixtures("slow_people")
def test_what_does_not_fit_is_said_in_german(laden: Shop) -> None:
    wrong = {"email": "ana", "hair": "blue", "anniversary": "30-02", "visits": "many", "phone": "call", "timezone": "x"}
    said = errors(laden.client.post("/forms/long", json=wrong | {"first_name": "A\0"}))
    assert set(said) == {*wrong, "first_name"}
    assert set(said.values()) <= set(FAULTS["de"].values())
    assert errors(laden.client.post("/forms/long", json={})) == {
        "email": "Bitte gib deine E-Mail-Adresse an.",
        "first_name": "Bitte füll das aus.",
    }
    called = errors(laden.client.post("/forms/card", json={"email": "ana@yopmail.com", "consent_text": True}))
    assert set(called) == {"email", "phone"}
    fast = laden.client.post("/forms/checklist", json={"email": "ana@example.org", "fill": laden.fill(seconds=0)})
    assert fast.json["detail"] == WORDS["de"]["fast"]


def test_every_word_is_there_in_each_language() -> None:
    for table in (WORDS, THANKS):
        assert set(table["en"]) == set(table["de"])
    assert set(FAULTS["en"]) <= set(FAULTS["de"])
    assert set(TYPES) - {"person", "yes-no"} <= set(FAULTS["de"])
