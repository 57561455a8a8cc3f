"""Where the links of a mail lead, and what carries a signature (checklist 20 and 21)."""

from __future__ import annotations

import re

import pytest

from service.rendering.compiled import Compiled
from service.rendering.renderer import StepRenderer
from tests.rendering.studio import BASE, SIGNER, html_of, letter, read, rendered, text_of, written

LINK = re.compile(r'href="([^"]*)"')


def test_web_links_are_tracked_by_delivery_and_link() -> None:
    message = rendered(
        written("[One](https://a.example/x) [two](https://b.example) [one again](https://a.example/x)\n")
    )
    links = [each for each in LINK.findall(html_of(message)) if "/click/" in each]
    assert [SIGNER.read("click", each.removeprefix(f"{BASE}/click/")) for each in links] == ["12.1", "12.2", "12.1"]
    assert "a.example" not in html_of(message) + text_of(message)


def test_a_named_link_and_a_form_are_tracked_too() -> None:
    files = written("[Book](link:booking)\n\n[Tell us](form:favourites)\n")
    library = read(files)
    ids = {"https://glow.example/book?from=mail&for=hair": 5, "/forms/favourites": 6}
    message = StepRenderer(SIGNER, BASE, lambda _: Compiled(library, files, ids)).render(letter())
    assert f"Book: {BASE}/click/{SIGNER.sign('click', '12.5')}" in text_of(message)
    assert f"Tell us: {BASE}/click/{SIGNER.sign('click', '12.6')}" in text_of(message)


def test_a_target_that_has_no_id_still_leads_there_and_is_escaped() -> None:
    files = written("[Book](link:booking)\n\n[Tell us](form:favourites)\n")
    library = read(files)
    message = StepRenderer(SIGNER, BASE, lambda _: Compiled(library, files, {})).render(letter())
    assert 'href="https://glow.example/book?from=mail&amp;for=hair"' in html_of(message)
    assert "Book: https://glow.example/book?from=mail&for=hair" in text_of(message)
    assert f"Tell us: {BASE}/forms/favourites" in text_of(message)


def test_a_magnet_is_signed_for_this_delivery() -> None:
    message = rendered(written('[Download](magnet:checklist "button")\n'))
    url = f"{BASE}/magnets/{SIGNER.sign('magnet', '12.checklist')}"
    assert f'href="{url}"' in html_of(message)
    assert f"Download:\n{url}\n" in text_of(message)


@pytest.mark.parametrize(
    ("markdown", "times"),
    [
        ('[Book](link:booking "button")', 1),
        ('We are open. [Book](link:booking "button")', 1),
        ('We are open. [Book](link:booking "button").', 1),
        ('[Book](link:booking "button"), and come.', 2),  # in its sentence, and as a button below
        ('[Book](link:booking "button") · [later](link:booking)', 1),
    ],
)
def test_a_button_is_said_once_unless_a_sentence_needs_its_words(markdown: str, times: int) -> None:
    html = html_of(rendered(written(markdown + "\n")))
    assert html.count(">Book</a>") == times
    assert html.count('target="_blank"') == 1  # mrml's mark of a button


def test_mailto_and_preferences_are_left_as_they_are() -> None:
    message = rendered(written("[Write](mailto:ben@glow.example?subject=Hi&body=x) or [choose](link:preferences).\n"))
    assert 'href="mailto:ben@glow.example?subject=Hi&amp;body=x"' in html_of(message)
    assert "Write: ben@glow.example\n" in text_of(message)
    assert f"choose: {BASE}/preferences/{SIGNER.sign('manage', '7.12')}" in text_of(message)


def test_less_often_leads_to_its_place_on_the_page_of_choices() -> None:
    message = rendered(written("[Now and then is enough](link:less-often)\n"))
    address = f"{BASE}/preferences/{SIGNER.sign('manage', '7.12')}#less-often"
    assert f'href="{address}"' in html_of(message)
    assert address in text_of(message)
