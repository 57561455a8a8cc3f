"""A step in words for one person: parts, values, conditions, links (checklist 10, 11, 13 and 14)."""

from __future__ import annotations

import quopri
import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from service.domain.sequence.expression import Record, function
from service.ports import Unrenderable
from tests.rendering.studio import (
    BASE,
    BUSINESS,
    SIGNER,
    html_of,
    letter,
    opened,
    rendered,
    renderer,
    text_of,
    written,
)

LINK = re.compile(r'href="([^"]*)"')
GREETING = "Hello {{ contact.first_name or 'there' }},\n\nhow are you?\n"


def test_the_text_part_comes_first_and_says_the_same() -> None:
    message = rendered(written(GREETING))
    parts = [part.get_content_type() for part in opened(message).iter_parts()]
    assert parts == ["text/plain", "text/html"]
    assert text_of(message).startswith("Hello Ana,\n\nhow are you?\n")
    assert "Hello Ana," in html_of(message)


def test_both_parts_hold_the_way_out_and_the_postal_address() -> None:
    message = rendered()
    manage = SIGNER.sign("manage", "7.12")
    for part in (text_of(message), html_of(message)):
        assert f"{BASE}/unsubscribe/{manage}" in part
        assert f"{BASE}/preferences/{manage}" in part
        assert "Lindenweg 4, 10969 Berlin" in part
        assert "You get this because you asked Glow Studio for “Tips and ideas”." in part


def test_why_somebody_gets_it_depends_on_the_topic() -> None:
    assert "as a client of Glow Studio" in text_of(rendered(written(topic="Your visits")))
    assert "belongs to “Your appointments”" in text_of(rendered(written(topic="Your appointments")))


def test_a_german_business_has_a_german_footer() -> None:
    message = rendered(written(business=BUSINESS + "languages: [de]\n"))
    assert '<html lang="de" dir="ltr"' in html_of(message)
    for part in (text_of(message), html_of(message)):
        assert "weil du „Tips and ideas“ von Glow Studio haben wolltest" in " ".join(part.split())
        assert "Abmelden" in part


def test_every_raw_line_is_short_and_ends_in_crlf() -> None:
    body = "{{ contact.wish or 'x' }} " + "a long sentence with an ü and a . here. " * 30 + "\n\n.\n\nFrom here on\n"
    raw = rendered(written(body), letter({"wish": ".From " * 60})).raw
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")
    head, _, rest = raw.partition(b"\r\n\r\n")
    assert max(map(len, head.split(b"\r\n"))) <= 998
    lines = rest.split(b"\r\n")
    assert max(map(len, lines)) <= 76
    assert not [line for line in lines if line.startswith((b".", b"From "))]
    assert not [line for line in lines if line.endswith((b" ", b"\t"))]
    assert raw.endswith(b"--\r\n")


@pytest.mark.parametrize(
    ("value", "in_html"),
    [
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("{{ 7*7 }}", "{{ 7*7 }}"),
        ("{% if x %}", "{% if x %}"),
        ("**bold** [x](https://evil.example)", "**bold** [x](https://evil.example)"),
        ('" onload="x', "&#34; onload=&#34;x"),
        ("</td></tr>", "&lt;/td&gt;&lt;/tr&gt;"),
        ("slot0end", "slot0end"),
        ("A & B", "A &amp; B"),
        ("100=3D%", "100=3D%"),
        ("Jürgen 李 😀", "Jürgen 李 😀"),
    ],
)
def test_a_value_is_data_in_both_parts(value: str, in_html: str) -> None:
    message = rendered(written("Hello {{ contact.first_name or 'you' }}!\n"), letter({"first_name": value}))
    assert f"Hello {value}!" in text_of(message)
    assert f"Hello {in_html}!" in html_of(message)
    assert "49" not in text_of(message).partition("Hello")[2].partition("!")[0]


def test_a_value_is_data_in_attributes_too() -> None:
    files = written("![Hair of {{ contact.first_name or 'somebody' }}](images/jana.jpg)\n")
    html = html_of(rendered(files, letter({"first_name": '"><script>\nx'})))
    assert 'alt="Hair of &#34;&gt;&lt;script&gt; x"' in html


def test_private_use_characters_of_a_value_mean_nothing() -> None:
    message = rendered(written(GREETING), letter({"first_name": "\ue002contact.email\ue003"}))
    assert "ana@example.org" not in text_of(message) + html_of(message)


def test_line_breaks_of_a_value_stay() -> None:
    message = rendered(written("{{ contact.wish or 'none' }}\n"), letter({"wish": "one\r\ntwo\rthree\u2028four"}))
    assert text_of(message).startswith("one\ntwo\nthree\nfour\n")
    assert "one<br>two<br>three<br>four" in html_of(message)


def test_authors_words_that_look_like_templates_or_mjml_are_words() -> None:
    files = written("Braces \\{\\{ 7 \\}\\}, slot0end, &#xE002;contact.email&#xE003;, 5 \\< 6 \\& \\</mj-text\\>.\n")
    message = rendered(files)
    assert text_of(message).startswith("Braces {{ 7 }}, slot0end, contact.email, 5 < 6 & </mj-text>.")
    assert "Braces {{ 7 }}, slot0end, contact.email, 5 &lt; 6 &amp; &lt;/mj-text&gt;." in html_of(message)


@pytest.mark.parametrize(
    ("phone", "said", "unsaid"), [("0171", "ring you at 0171", "no number"), ("", "no number", "ring")]
)
def test_a_condition_chooses_in_both_parts(phone: str, said: str, unsaid: str) -> None:
    files = written(
        "{% if contact.phone %}\nWe ring you at {{ contact.phone }}.\n{% else %}\nWe have no number.\n{% endif %}\n"
    )
    message = rendered(files, letter({"phone": phone}))
    for part in (text_of(message), html_of(message)):
        body = part.partition("Lindenweg")[0]
        assert said in body
        assert unsaid not in body


def test_a_condition_may_hold_buttons_pictures_and_dividers() -> None:
    body = """Hello.

{% if clicked("letters/hello") %}
[Book](link:booking "button")

![Jana](images/jana.jpg)
{% elif contact.phone %}
---
{% endif %}

Bye.
"""
    files = written(body)
    clicked = {"clicked": function(lambda step: step == "letters/hello")}
    nothing = {"clicked": function(lambda step: False)}
    yes, no = rendered(files, letter(names=clicked)), rendered(files, letter(names=nothing))
    assert "/click/" in html_of(yes)
    assert 'alt="Jana"' in html_of(yes)
    assert "/click/" not in html_of(no) + text_of(no)
    assert "<table" in html_of(no)
    assert text_of(no).startswith("Hello.\n\nBye.\n\n")
    assert text_of(yes).startswith(f"Hello.\n\nBook:\n{BASE}/click/")


def test_printing_something_empty_holds_the_mail_and_says_which_field() -> None:
    with pytest.raises(Unrenderable) as held:
        rendered(written("You are {{ contact.stage }}.\n"))
    assert str(held.value) == 'contact.stage is empty and the text has no fallback (`or "…"`)'


def test_a_subject_is_held_for_something_empty_too() -> None:
    with pytest.raises(Unrenderable, match=r"contact\.stage is empty"):
        rendered(written(subject="For a {{ contact.stage }}"))


def test_printing_what_is_no_text_holds_the_mail() -> None:
    with pytest.raises(Unrenderable, match="contact is not a text"):
        rendered(written("You are {{ contact.stage }}.\n"), letter({"stage": Record("contact", {})}))
    with pytest.raises(Unrenderable, match="can't be printed"):
        rendered(written("You are {{ contact.stage }}.\n"), letter({"stage": True}))


AFTER_A_VISIT = {"enrol": "{on: event visit.completed, again: always}"}


def test_filters_speak_the_contacts_language_and_zone() -> None:
    body = "{{ event.at | day }}, {{ event.at | time }}, {{ (event.value | money) or 'free' }}\n"
    files = written(body, **AFTER_A_VISIT)
    event = Record("event", {"at": datetime(2027, 3, 11, 17, 0, tzinfo=UTC), "value": Decimal("48.5")})
    german = letter({"timezone": "Europe/Madrid"}, {"event": event}, language="de")
    assert text_of(rendered(files, german)).startswith("Donnerstag, 11. März, 18:00, 48,50\xa0€")
    english = letter({"timezone": "America/New_York"}, {"event": event}, language="en")
    assert text_of(rendered(files, english)).startswith("Thursday, March 11, 12:00 PM, €48.50")


def test_a_zone_that_nobody_knows_is_the_businesss() -> None:
    event = Record("event", {"at": datetime(2027, 3, 11, 17, 0, tzinfo=UTC)})
    files = written("{{ event.at | time }}\n", **AFTER_A_VISIT)
    assert text_of(rendered(files, letter({"timezone": "Moon/Base"}, {"event": event}))).startswith("6:00 PM")


def test_the_open_pixel_is_the_last_thing_of_the_body() -> None:
    url = f"{BASE}/open/{SIGNER.sign('open', '12')}.gif"
    assert re.search(
        rf'<img src="{re.escape(url)}" alt="" width="1" height="1"[^>]*></body></html>\s*$', html_of(rendered())
    )


def test_the_subject_of_an_arm_is_chosen_and_the_title_says_it() -> None:
    message = rendered(written(subject="Ü & <b> {{ contact.first_name or 'you' }}"))
    assert opened(message)["Subject"] == "Ü & <b> Ana"
    assert "<title>Ü &amp; &lt;b&gt; Ana</title>" in html_of(message)


def test_the_preheader_is_filled_in_on_one_line() -> None:
    files = written(preview="For {{ contact.wish or 'you' }} & yours")
    html = html_of(rendered(files, letter({"wish": "a\nb <i>"})))
    assert "For a b &lt;i&gt; &amp; yours</div>" in html
    assert "display:none" in html.partition("For a b")[0][-200:]


def test_a_step_that_is_not_published_is_held() -> None:
    with pytest.raises(Unrenderable, match="no step letters/gone"):
        rendered(to=letter(step="gone"))


def test_the_same_letter_is_the_same_bytes() -> None:
    writer = renderer(written(GREETING))
    assert writer.render(letter()).raw == writer.render(letter()).raw


def test_the_source_decodes_to_what_the_parts_say() -> None:
    """Not only for Python's parser: each part's bytes are plain quoted-printable."""
    message = rendered(written("Grüße an {{ contact.first_name or 'dich' }}.\n"))
    boundary = opened(message).get_boundary()
    text = message.raw.split(f"--{boundary}".encode())[1].partition(b"\r\n\r\n")[2]
    assert quopri.decodestring(text).decode().startswith("Grüße an Ana.\r\n")
