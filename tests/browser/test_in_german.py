"""Whoever reads German is spoken to in German, on every page."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Visit
from tests.browser.studio import Studio
from tests.browser.visitor import Screen

PAGES = {
    "unsubscribe": "Von allem abmelden",
    "preferences": "Bitte seltener",
    "share": "Dein Link",
    "my-data": "Als Datei herunterladen",
    "answer": "Antwort abschicken",
    "join": "Ja, gern",
}


def test_every_page_behind_a_letter(studio: Studio, visit: Visit, width: int) -> None:
    studio.sign_up(address := studio.somebody(), language="de")
    letter = studio.letter_to(address)
    assert letter.subject == "Deine Checkliste, wie versprochen"
    visitor = visit(Screen(width, language="de"))
    for kind, words in PAGES.items():
        visitor.open(letter.link(kind))
        assert visitor.page.locator("html").get_attribute("lang") == "de"
        assert visitor.has(words) or visitor.page.get_by_label(words).count(), kind
        visitor.look(f"de-{kind}")


@pytest.mark.parametrize(("press", "name"), [("Von allem abmelden", "left"), ("Nur „", "left-topic")])
def test_leaving(studio: Studio, visit: Visit, press: str, name: str) -> None:
    studio.sign_up(address := studio.somebody(), language="de")
    visitor = visit(Screen(320, language="de"))
    visitor.open(studio.letter_to(address).link("unsubscribe"))
    visitor.press(press)
    visitor.look(f"de-{name}")
