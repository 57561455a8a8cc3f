from __future__ import annotations

import pytest

from service.domain.sequence.expression import Empty, Record
from service.domain.sequence.filters import Speech
from service.domain.sequence.model.expression import Expression
from service.domain.sequence.model.words import Body, placeholder
from service.rendering.briefing import briefing, line
from tests.domain.stories import BUSINESS, HERE

NAMES = {"contact": Record("contact", {"first_name": "<Ana>", "company": ""})}
SAID = (Expression("contact.first_name", HERE), Expression("contact.company", HERE), Expression("1 / 0", HERE))


def told(markdown: str) -> str:
    return str(briefing(BUSINESS, Body((("text", None, markdown),), SAID), NAMES, Speech()))


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("**Call** them.", "<p><strong>Call</strong> them.</p>\n"),
        (f"Call {placeholder(0)}.", "<p>Call &lt;Ana&gt;.</p>\n"),
        (f"At {placeholder(1)}, {placeholder(2)}, {placeholder(9)}.", "<p>At …, …, ….</p>\n"),
        ("[here](https://x.yz/a?b=1&c)", '<p><a href="https://x.yz/a?b=1&amp;c" rel="noreferrer">here</a></p>\n'),
        ("[here](javascript:alert(1))", "<p>here</p>\n"),
        ("[file](magnet:x) [us](mailto:a@b.cd)", '<p>file <a href="mailto:a@b.cd" rel="noreferrer">us</a></p>\n'),
        ("![a picture](images/x.png)", "<p>a picture</p>\n"),
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n"),
        ("Call.\n\n[Yes](answer:yes) · [No](answer:no)\n\nEnd.", "<p>Call.</p>\n<p>End.</p>\n"),
        ("Choose [Yes](answer:yes).", "<p>Choose Yes.</p>\n"),
    ],
)
def test_a_briefing_is_html_in_which_a_value_is_data(markdown: str, html: str) -> None:
    assert told(markdown) == html


def test_conditions_are_asked_inside_a_sentence() -> None:
    company = Expression("contact.company", HERE)
    blocks = (("text", None, "Ana"), ("if", company, ""), ("text", None, " of a firm"), ("endif", None, ""))
    body = Body((*blocks, ("text", None, " is unhappy.")), ())
    assert briefing(BUSINESS, body, NAMES, Speech()) == "<p>Ana is unhappy.</p>\n"


def test_a_step_without_words_is_nothing() -> None:
    assert briefing(BUSINESS, None, NAMES, Speech()) == ""


def test_a_line_is_one_line() -> None:
    names = {"contact": Record("contact", {"first_name": "A\r\nB"})}
    assert line(f"Hi  {placeholder(0)}", SAID, names, Speech()) == "Hi A B"
    assert line(f"Hi {placeholder(0)}", SAID, {"contact": Empty(name="contact")}, Speech()) == "Hi …"
