"""Who reads German gets the German words, the footer and the topic's title with them; the rest stays what it was."""

from __future__ import annotations

import pytest

from service.rendering.compiled import link_targets
from tests.rendering.studio import (
    BUSINESS,
    PICTURE,
    html_of,
    letter,
    opened,
    raw_field,
    read,
    renderer,
    text_of,
    written,
)

LANGUAGES = (
    BUSINESS.replace("  Tips and ideas: {}", "  Tips and ideas: {de: Tipps und Ideen}") + "languages: [en, de]\n"
)
GERMAN = """\
---
title: Briefe
---

## hello

Subject: Hallo {{ contact.first_name or "du" }}
Preview: Nur ein Wort

Guten Tag, {{ contact.first_name or "du" }}.

![Jana](bilder/jana.jpg)

[Buchen](https://glow.example/de/buchen "button")
"""


def files(german: str = GERMAN) -> dict[str, bytes]:
    body = "Good day. Do you like it?\n\n[Book](https://glow.example/book)\n"
    own = written(body, business=LANGUAGES)
    return own | {"sequences/letters.de.md": german.encode(), "sequences/bilder/jana.jpg": PICTURE}


@pytest.mark.parametrize("language", ["de", "de-AT", "de_CH"])
def test_a_german_reader_gets_german_words(language: str) -> None:
    message = renderer(files()).render(letter(language=language))
    assert opened(message)["Subject"] == "Hallo Ana"
    assert text_of(message).startswith("Guten Tag, Ana.\n")
    assert "Nur ein Wort" in html_of(message)
    assert "Good day" not in text_of(message) + html_of(message)


def test_the_footer_and_the_page_speak_the_language_of_the_words() -> None:
    message = renderer(files()).render(letter(language="de"))
    assert '<html lang="de"' in html_of(message)
    for part in (text_of(message), html_of(message)):
        assert "weil du „Tipps und Ideen“ von Glow Studio haben wolltest" in " ".join(part.split())
        assert "Abmelden" in part


@pytest.mark.parametrize("language", ["en", "es", ""])
def test_whoever_reads_another_language_gets_the_files_own(language: str) -> None:
    message = renderer(files()).render(letter(language=language))
    assert opened(message)["Subject"] == "Hello"
    assert '<html lang="en"' in html_of(message)
    assert "Unsubscribe" in text_of(message)


def test_the_list_stays_the_same_in_every_language() -> None:
    render = renderer(files()).render
    german, english = render(letter(language="de")), render(letter(language="en"))
    assert raw_field(german, "List-Id") == raw_field(english, "List-Id")
    assert raw_field(german, "Feedback-ID") == raw_field(english, "Feedback-ID")


def test_the_links_of_a_translation_are_tracked_too() -> None:
    assert link_targets(read(files()), files()) == ("https://glow.example/book", "https://glow.example/de/buchen")
    assert "/click/" in html_of(renderer(files()).render(letter(language="de")))


def test_a_step_that_is_not_translated_is_sent_whole_in_the_files_own_language() -> None:
    message = renderer(files("---\ntitle: Briefe\n---\n")).render(letter(language="de"))
    assert opened(message)["Subject"] == "Hello"
    assert '<html lang="en"' in html_of(message)
    assert "Unsubscribe" in text_of(message)
