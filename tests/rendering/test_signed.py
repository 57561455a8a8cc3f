"""Addresses that carry a token, and those that an event brought: none of them is tracked."""

from __future__ import annotations

import re

import pytest

from service.domain.sequence.expression import Record
from service.domain.token import Purpose
from service.ports import Unrenderable
from tests.rendering.studio import BASE, BUSINESS, SIGNER, html_of, letter, rendered, text_of, written

DATED = {"more": "date: 2027-03-11 18:00\n"}
BOOKED = BUSINESS.replace("events: {", "events: {appointment.booked: {manage_url: link}, ")
SEEN = f"7.{int(letter().sent_at.timestamp())}"
ENROL = {"business": BOOKED, "enrol": "{on: event appointment.booked, again: always}"}
LINK = re.compile(r'href="([^"]*)"')


@pytest.mark.parametrize(
    ("address", "path", "purpose", "value"),
    [
        ("answer:not-now", "/answer/{}", "answer", "12.not-now"),
        ("join:your-visits", "/join/{}", "join", "7.12.your-visits"),
        ("link:referral", "/share/{}", "share", "7"),
        ("link:my-data", "/my-data/{}", "my-data", SEEN),
        ("link:calendar", "/calendar/{}.ics", "calendar", "12"),
        ("magnet:checklist", "/magnets/{}", "magnet", "12.checklist"),
    ],
)
def test_each_kind_of_link_has_its_page_and_its_token(address: str, path: str, purpose: Purpose, value: str) -> None:
    message = rendered(written(f'[This one]({address} "button")\n', **DATED))
    url = BASE + path.format(SIGNER.sign(purpose, value))
    assert f'href="{url}"' in html_of(message)
    assert f"This one:\n{url}\n" in text_of(message)
    assert "/click/" not in html_of(message) + text_of(message)


def test_the_same_answer_twice_is_one_address_and_two_answers_are_two() -> None:
    message = rendered(written("[Yes](answer:yes) · [No](answer:no) · [Yes!](answer:yes)\n"))
    answers = [each for each in LINK.findall(html_of(message)) if "/answer/" in each]
    values = [SIGNER.read("answer", each.removeprefix(f"{BASE}/answer/")) for each in answers]
    assert values == ["12.yes", "12.no", "12.yes"]


def booked(url: object) -> dict[str, object]:
    return {"event": Record("event", {"manage_url": url})}


def test_an_events_link_leads_where_the_event_says() -> None:
    files = written('[Change it](link:event.manage_url "button")\n', **ENROL)
    message = rendered(files, letter(names=booked("https://book.example/A17?k=a b&x=<y>".replace(" ", "%20"))))
    assert 'href="https://book.example/A17?k=a%20b&amp;x=%3Cy%3E"' in html_of(message)
    assert "Change it:\nhttps://book.example/A17?k=a%20b&x=%3Cy%3E\n" in text_of(message)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("javascript:alert(1)", "a link leads to 'javascript:alert(1)', which is no address of the web"),
        ("data:text/html,x", "no address of the web"),
        ("//evil.example", "no address of the web"),
        ("https://a.example\r\nBcc: x@y.example", "no address of the web"),
        ("https://", "no address of the web"),
        ("https://a.example/\ue002contact.email\ue003", "no address of the web"),
        ("", "a link leads to event.manage_url, which is empty"),
    ],
)
def test_an_events_link_that_is_none_holds_the_mail(url: str, why: str) -> None:
    files = written("[Change it](link:event.manage_url)\n", **ENROL)
    with pytest.raises(Unrenderable, match=re.escape(why)):
        rendered(files, letter(names=booked(url)))


def test_an_events_link_that_is_not_shown_holds_nothing() -> None:
    body = "Until then?\n\n{% if event.manage_url %}\n[Change it](link:event.manage_url)\n{% endif %}\n"
    assert "Change it" not in text_of(rendered(written(body, **ENROL), letter(names=booked(""))))


def test_an_events_link_can_carry_nothing_into_the_mail() -> None:
    files = written("[Change it](link:event.manage_url)\n", **ENROL)
    url = 'https://book.example/"><script>alert(1)</script>{{7*7}}'
    html = html_of(rendered(files, letter(names=booked(url))))
    assert "<script>" not in html
    assert 'href="https://book.example/%22%3E%3Cscript%3Ealert(1)%3C/script%3E%7B%7B7*7%7D%7D' in html
