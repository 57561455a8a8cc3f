"""The development mailbox's page: letters in order, hostile ones inert, and nobody else's to read."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from mailbox import Maildir
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from service.settings import Settings
from tests.web.shop import Shop

HTML = """<!doctype html><html><head><title>x</title></head><body>
<p>Press, don't rub.</p><a href="https://glow.example/">Book</a>{extra}</body></html>"""


def letter(
    to: str = "Ana <ana@example.org>", subject: str = "Hello", on: str = "2026-01-05T09:00:00Z", extra: str = ""
) -> bytes:
    """A letter as our renderer writes them: text first, then HTML."""
    lines = [
        "Return-Path: <mia@glow.example>",
        "Delivered-To: ana@example.org",
        "From: Mia at Glow Studio <mia@glow.example>",
        "MIME-Version: 1.0",
        'Content-Type: multipart/alternative; boundary="b"',
        f"To: {to}",
        "Message-ID: <4711@glow.example>",
        f"X-Everafter-Journey-Time: {on}",
        f"Subject: {subject}",
        "",
        "--b",
        'Content-Type: text/plain; charset="utf-8"',
        "",
        "Press, don't rub.",
        "--b",
        'Content-Type: text/html; charset="utf-8"',
        "",
        HTML.format(extra=extra),
        "--b--",
        "",
    ]
    return "\r\n".join(lines).encode()


class Box:
    """The mailbox of a shop, and a browser on it."""

    def __init__(self, shop: Shop, home: Path) -> None:
        self.shop = shop
        self.maildir = Maildir(home / "mailbox")

    def put(self, raw: bytes) -> str:
        """A mail arrives; its id."""
        return self.maildir.add(raw)

    def get(self, path: str = "", **options: object) -> TestResponse:
        return self.shop.client.get(f"/mailbox{path}", **options)

    def page(self, path: str = "", status: int = 200) -> str:
        answer = self.get(path)
        assert answer.status_code == status, answer.text
        return answer.text

    def messages(self) -> list[dict[str, object]]:
        return self.get("/messages.json").json


@pytest.fixture
def box(shop: Shop, tmp_path: Path) -> Box:
    return Box(shop, tmp_path)


def in_order(page: str, *words: str) -> None:
    places = [page.index(word) for word in words]
    assert places == sorted(places), words


def test_an_empty_mailbox_says_how_to_begin(box: Box) -> None:
    page = box.page()
    assert "No letters yet." in page
    assert 'href="/forms/checklist"' in page
    assert box.messages() == []


def test_letters_stand_under_their_days_the_newest_first_in_the_business_time(box: Box) -> None:
    box.put(letter(subject="First", on="2026-01-05T22:59:00Z"))
    box.put(letter(subject="Third", on="2026-01-08T09:00:00Z"))
    box.put(letter(subject="Second", on="2026-01-05T23:01:00Z"))  # past midnight in Berlin
    page = box.page()
    days = ["Thursday, 8 January 2026", "Tuesday, 6 January 2026", "Monday, 5 January 2026"]
    in_order(page, days[0], "10:00", "Third", days[1], "00:01", "Second", days[2], "23:59", "First")


def test_a_persons_story_is_told_from_its_beginning_by_days(box: Box) -> None:
    box.put(letter(subject="Your checklist", on="2026-01-05T09:00:00Z"))
    box.put(letter(subject="A tip", on="2026-01-08T09:00:00Z"))
    box.put(letter(to="bo@example.org", subject="For Bo"))
    ana = next(each["person"] for each in box.messages() if each["subject"] == "A tip")
    page = box.page(f"?person={ana}")
    in_order(page, "<h1>Ana</h1>", "Day 0", "Your checklist", "Day 3", "A tip")
    assert "For Bo" not in page
    assert "ana@example.org · 2 letters" in page
    assert "0 letters" in box.page("?person=nobody")


def test_programs_get_a_list(box: Box) -> None:
    mail_id = box.put(letter())
    before = datetime.now(UTC)
    (message,) = box.messages()
    assert message["id"] == mail_id
    assert message["to"] == "Ana <ana@example.org>"
    assert message["from"] == "Mia at Glow Studio <mia@glow.example>"
    assert message["subject"] == "Hello"
    assert message["message_id"] == "<4711@glow.example>"
    assert message["journey_at"] == "2026-01-05T09:00:00Z"
    received = datetime.fromisoformat(str(message["received_at"]))
    assert abs((before - received).total_seconds()) < 60


def test_a_letter_is_shown_with_its_headers_text_and_source(box: Box) -> None:
    mail_id = box.put(letter(subject="A tip"))
    page = box.page(f"/{mail_id}")
    assert f'<iframe src="/mailbox/{mail_id}/letter"' in page
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page
    assert "Press, don&#39;t rub." in box.page(f"/{mail_id}?view=text")
    assert "4711@glow.example" in box.page(f"/{mail_id}?view=headers")
    assert "--b--" in box.page(f"/{mail_id}?view=source")
    assert "Letter</a>" in box.page(f"/{mail_id}?view=nonsense")


def test_the_frame_runs_nothing_and_opens_links_in_new_tabs(box: Box) -> None:
    mail_id = box.put(letter(extra="<script>alert(1)</script>"))
    answer = box.get(f"/{mail_id}/letter")
    policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert "script-src" not in policy
    assert policy["sandbox"] == "allow-popups allow-popups-to-escape-sandbox"
    assert policy["frame-ancestors"] == "'self'"
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert '<head><base target="_blank">' in answer.text
    assert answer.text.startswith("<!doctype html>")


def test_the_download_is_the_mail_byte_for_byte(box: Box) -> None:
    mail_id = box.put(letter(extra="\u00fc" * 10))
    answer = box.get(f"/{mail_id}/message.eml")
    assert answer.data == (Path(box.maildir._path) / "new" / mail_id).read_bytes()
    assert answer.content_type == "message/rfc822"
    assert answer.headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize(
    "subject",
    ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", '"><b>', "{{ 1234567*7 }}", "{% raw %}", "&lt;&#39;"],
)
def test_a_hostile_subject_or_name_is_text(box: Box, subject: str) -> None:
    mail_id = box.put(letter(to=f'"{subject}" <ana@example.org>' if '"' not in subject else "a", subject=subject))
    for path in ("", f"/{mail_id}", f"/{mail_id}?view=headers", f"/{mail_id}?view=source"):
        page = box.page(path)
        assert not re.search(r"<script>|<img|<b>|8641969", page)
        assert page.count("</html>") == 1


BROKEN = {
    "nothing": b"",
    "no headers": b"\r\n\r\njust a body",
    "no subject": b"To: ana@example.org\r\n\r\nbody",
    "a long subject": b"Subject: " + b"long " * 80 + b"\r\n\r\nbody",
    "encoded words that are none": b"Subject: =?nope?B?%%%?= =?utf-8?Q?=ff?= \xff\r\nTo: =?utf-8?B?_?=\r\n\r\nbody",
    "bytes in headers": "Subject: Grüße\r\nFrom: Mé <m@example.org>\r\n\r\nbody".encode(),
    "bytes in no charset": b"Subject: \xff\xfe\r\nFrom: \x80\r\nX-Everafter-Journey-Time: \xff\r\n\r\nbody",
    "a boundary that never comes": b'Content-Type: multipart/mixed; boundary="x"\r\n\r\nbody',
    "a boundary of nothing": b"Content-Type: multipart/alternative\r\n\r\nbody",
    "an unknown charset": b"Content-Type: text/html; charset=klingon\r\n\r\n<p>body</p>",
    "a broken base64": b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!%%%",
    "a day that is none": b"Subject: x\r\nX-Everafter-Journey-Time: yesterday\r\n\r\nbody",
    "a year out of reach": b"Subject: x\r\nX-Everafter-Journey-Time: 0001-01-01T00:00:00+14:00\r\n\r\nbody",
    "mails within mails": b"Content-Type: message/rfc822\r\n\r\n" * 60 + b"Subject: deep\r\n\r\nbody",
    "a file with a path": b'Content-Disposition: attachment; filename="../../x"\r\n\r\nx',
    "a megabyte on one line": b"Subject: " + b"x" * 1_000_000 + b"\r\n\r\nbody",
}


@pytest.mark.parametrize("raw", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_mail_is_shown_as_far_as_it_goes(box: Box, raw: bytes) -> None:
    mail_id = box.put(raw)
    box.put(letter(subject="A whole one"))
    assert "A whole one" in box.page()
    assert len(box.messages()) == 2
    for view in ("letter", "text", "headers", "source"):
        box.page(f"/{mail_id}?view={view}")
    assert box.get(f"/{mail_id}/letter").status_code in {200, 404}


def test_what_a_broken_mail_still_says_is_read(box: Box) -> None:
    box.put(BROKEN["bytes in headers"])
    (message,) = box.messages()
    assert (message["subject"], message["from"]) == ("Grüße", "Mé <m@example.org>")
    box.put("Subject: =?utf-8?Q?caf=C3=A9?=\r\n =?utf-8?Q?_au_lait?= ü\r\n\r\n".encode())
    assert "café au lait" in str(box.messages()[0]["subject"])


def test_a_huge_mail_is_cut_on_the_page_and_whole_in_the_download(box: Box) -> None:
    body = b"A line of a huge mail.\r\n" * 400_000
    mail_id = box.put(b"Subject: Huge\r\nContent-Type: text/plain\r\n\r\n" + body)
    for view in ("text", "source"):
        page = box.page(f"/{mail_id}?view={view}")
        assert "Cut here" in page
        assert len(page) < 300_000
    assert box.get(f"/{mail_id}/message.eml").data.endswith(body)


@pytest.mark.parametrize(
    "mail_id",
    ["..", "../up.log", "%2e%2e%2fup.log", "..%2f..%2fetc%2fpasswd", ".", "new", "%00", "x" * 300, "*", "1:2,S", "%5c"],
)
def test_no_path_leads_out_of_the_mailbox(box: Box, tmp_path: Path, mail_id: str) -> None:
    (tmp_path / "up.log").write_text("secret")
    box.put(letter())
    for suffix in ("", "?view=source", "/letter", "/message.eml"):
        answer = box.get(f"/{mail_id}{suffix}")
        assert answer.status_code in {403, 404}
        assert b"secret" not in answer.data


def test_a_mail_that_was_read_elsewhere_is_still_found(box: Box) -> None:
    mail_id = box.put(letter())
    folder = Path(box.maildir._path)
    (folder / "new" / mail_id).rename(folder / "cur" / f"{mail_id}:2,S")
    assert [each["id"] for each in box.messages()] == [mail_id]
    box.page(f"/{mail_id}")


def test_no_address_of_a_person_stands_in_a_url(box: Box) -> None:
    mail_id = box.put(letter())
    box.put(letter(to="bo@example.org"))
    for path in ("", f"/{mail_id}", f"?person={box.messages()[0]['person']}"):
        links = re.findall(r'(?:href|src)="([^"]*)"', box.page(path))
        assert links
        assert not [link for link in links if "@" in link or "%40" in link]


def test_many_letters_come_by_pages(box: Box) -> None:
    for number in range(105):
        box.put(letter(subject=f"Number {number:03}", on=f"2026-01-05T10:{number // 60:02}:{number % 60:02}Z"))
    first, second = box.page(), box.page("?page=2")
    assert "Number 104" in first
    assert "Number 004" not in first
    assert "Number 004" in second
    assert 'rel="next"' in first
    assert 'rel="prev"' in second
    assert box.page("?page=-7") == first
    assert "0 letters" not in box.page("?page=99999999999999999999")


def test_a_page_that_looks_again_is_told_whether_anything_came(box: Box) -> None:
    box.put(letter())
    seen = box.get().headers["ETag"]
    assert box.get(headers={"If-None-Match": seen}).status_code == 304
    box.put(letter(subject="Another"))
    assert box.get(headers={"If-None-Match": seen}).status_code == 200


def test_its_own_pages_run_its_own_script_alone(box: Box) -> None:
    answer = box.get()
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert not re.search(r"<script(?! src=)|\son\w+=|style=", answer.text)
    for path in re.findall(r'(?:href|src)="(/mailbox/static/[^"]+)"', answer.text):
        assert box.shop.client.get(path).status_code == 200


@pytest.mark.parametrize(
    "options",
    [
        {"environ_base": {"REMOTE_ADDR": "192.0.2.7"}},
        {"headers": {"X-Forwarded-For": "127.0.0.1"}},
        {"headers": {"Forwarded": "for=192.0.2.7"}},
        {"headers": {"Host": "rebound.example:8000"}},
    ],
)
def test_nobody_else_may_read_it(box: Box, options: dict[str, object]) -> None:
    mail_id = box.put(letter(subject="Between us"))
    for path in ("", "/messages.json", f"/{mail_id}", f"/{mail_id}/letter", f"/{mail_id}/message.eml"):
        answer = box.get(path, **options)
        assert answer.status_code == 403
        assert b"Between us" not in answer.data


def test_it_is_there_before_anything_is_published(open_shop: Callable[..., Shop], tmp_path: Path) -> None:
    box = Box(open_shop(), tmp_path)
    assert "No letters yet." in box.page()
    mail_id = box.put(letter())
    assert "Monday, 5 January 2026, 09:00" in box.page(f"/{mail_id}"), "in UTC, as no business has a zone yet"


def test_with_a_real_provider_there_is_none(open_shop: Callable[..., Shop], settings: Settings) -> None:
    shop = open_shop(provider="smtp", smtp_url="smtp://127.0.0.1:2525")
    shop.publish()
    assert shop.client.get("/mailbox").status_code == 404
    assert shop.client.get("/mailbox/messages.json").status_code == 404
