"""The plain-text part should read as if somebody had typed it."""

from __future__ import annotations

import pytest

from tests.rendering.studio import BASE, SIGNER, letter, rendered, text_of, written

CLICK = f"{BASE}/click/{SIGNER.sign('click', '12.1')}"


def typed(markdown: str) -> str:
    """The text of a body, without the footer."""
    text = text_of(rendered(written(markdown))).replace(CLICK, "URL")
    return text.partition("-" * 40)[0].rstrip("\n")


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("*Soft* and **strong**, `code`.\n", "Soft and strong, code."),
        ("One\ntwo  \nthree\n", "One two\nthree"),
        ("### Open Sundays\n\nOn the 6th.\n", "Open Sundays\n------------\n\nOn the 6th."),
        ("- one\n- two\n  - deep\n", "- one\n- two\n  - deep"),
        ("3. three\n4. four\n", "3. three\n4. four"),
        ("- one\n\n  more\n\n- two\n", "- one\n\n  more\n\n- two"),
        ("> Press,\n> don’t rub.\n>\n> Really.\n", "> Press, don’t rub.\n>\n> Really."),
        ("One.\n\n---\n\nTwo.\n", "One.\n\n* * *\n\nTwo."),
        ("![Jana, smiling](images/jana.jpg)\n", "[Jana, smiling]"),
        ("As typed:\n\n    code  here\n", "As typed:\n\n    code  here"),
        ("— Mia\n", "— Mia"),
    ],
)
def test_markdown_reads_well_without_its_marks(markdown: str, text: str) -> None:
    assert typed(markdown) == text


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ('[Pick a time](link:booking "button")\n', "Pick a time:\nURL"),
        ('[Got five minutes?](link:booking "button")\n', "Got five minutes?\nURL"),
        ("[Pick a time](link:booking)\n", "Pick a time: URL"),
        ("It’s open. [Pick a time](link:booking).\n", "It’s open.\nPick a time: URL"),
        ("Marco’s [gingerbread](link:booking) is back.\n", "Marco’s gingerbread is back.\ngingerbread: URL"),
        (
            '[Pick a time](link:booking "button"), and come.\n',
            "Pick a time, and come.\n\nPick a time:\nURL",
        ),
        ('It’s open. [Pick a time](link:booking "button")\n', "It’s open.\n\nPick a time:\nURL"),
        ("[Yes](link:booking) · [no](link:booking)\n", "Yes: URL\nno: URL"),
        ('[Yes](link:booking "button") · [no](link:booking)\n', "Yes:\nURL\n\nno: URL"),
        ("[![Jana](images/jana.jpg)](link:booking)\n", "[Jana]\nURL"),
        ("- take [this](link:booking) one\n", "- take this one\n  this: URL"),
    ],
)
def test_a_link_has_a_line_of_its_own(markdown: str, text: str) -> None:
    assert typed(markdown) == text


def test_lines_are_wrapped_before_78_characters() -> None:
    text = typed(
        "A sentence of usual words that goes on for quite a while. " * 8 + "\n\n- " + "and a list " * 20 + "\n"
    )
    assert 60 < max(map(len, text.splitlines())) <= 78


def test_a_value_of_usual_length_is_reckoned_with() -> None:
    files = written("You can always ring us on {{ business.phone }} and we answer. " * 5 + "\n")
    body = text_of(rendered(files, letter())).partition("-" * 40)[0]
    assert max(map(len, body.splitlines())) <= 78


def test_nothing_of_our_own_making_stays_in_the_text() -> None:
    text = text_of(rendered(written("Hello {{ contact.first_name or 'you' }}, [go](link:booking).\n")))
    assert not [each for each in text if "\ue000" <= each <= "\uf8ff"]
    assert "\n\n\n" not in text
