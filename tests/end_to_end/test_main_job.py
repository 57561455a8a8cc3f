"""The whole main job from outside: a form is posted, mails arrive over SMTP, are opened, clicked and unsubscribed."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import unquote

import pytest
import requests

from tests.end_to_end.inbox import Inbox, Mail, receiving
from tests.end_to_end.installation import Installation, installed
from tests.waiting import until

pytestmark = pytest.mark.slow

HUMAN = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}


@pytest.fixture(scope="module")
def inbox() -> Iterator[Inbox]:
    with receiving() as inbox:
        yield inbox


@pytest.fixture(scope="module")
def everafter(tmp_path_factory: pytest.TempPathFactory, inbox: Inbox) -> Iterator[Installation]:
    home = tmp_path_factory.mktemp("end-to-end") / "home"
    with installed(home, inbox.url, "--speed", "86400") as installation:
        yield installation


def unsubscribe_link(mail: Mail) -> str:
    return str(mail.message["List-Unsubscribe"]).strip("<>")


def clicks(mail: Mail) -> list[str]:
    return re.findall(r'href="([^"]+/click/[^"]+)"', mail.part("html"))


def journey_time(mail: Mail) -> datetime:
    return datetime.fromisoformat(str(mail.message["X-Everafter-Journey-Time"]))


def test_a_signup_lives_through_the_whole_series_in_under_a_minute(everafter: Installation, inbox: Inbox) -> None:
    began = time.monotonic()
    answer = everafter.sign_up("ana@example.org", first_name="Ana")
    assert answer.status_code == 303
    (hello,) = inbox.wait_for("ana@example.org", 1)[:1]
    assert "Ana" in hello.subject
    # Nobody answers, so the series ends before it annoys: the service mail and three letters.
    until(lambda: not everafter.rows("SELECT 1 FROM enrolment WHERE state = 'active'"), "the series is over")
    assert time.monotonic() - began < 60
    mails = inbox.of("ana@example.org")
    assert len(mails) == 4
    assert [journey_time(mail) for mail in mails] == sorted(journey_time(mail) for mail in mails)
    assert (journey_time(mails[-1]) - journey_time(mails[0])).days >= 8
    now = datetime.now().astimezone()
    assert all(abs((parsedate_to_datetime(str(mail.message["Date"])) - now).total_seconds()) < 120 for mail in mails)


def test_the_bytes_are_what_mailbox_providers_ask_for(everafter: Installation, inbox: Inbox) -> None:
    everafter.sign_up("bea@example.org", first_name="Béa")
    (mail, *_) = inbox.wait_for("bea@example.org")
    message = mail.message
    for name in ("List-Unsubscribe", "List-Unsubscribe-Post", "List-Id", "Feedback-ID", "Message-ID", "Date", "From"):
        assert len(message.get_all(name, [])) == 1, name
    assert re.search(rb"^List-Unsubscribe: <http[^>\r\n]+>\r$", mail.raw, re.MULTILINE)
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert max(len(line) for line in mail.raw.split(b"\r\n")) <= 998
    assert "Béa" in mail.part("plain")
    for kind in ("plain", "html"):
        assert "Lindenweg 4" in mail.part(kind)
        assert "/unsubscribe/" in mail.part(kind)
    assert b"bea@example.org" not in b"".join(re.findall(rb"https?://\S+", mail.raw))


def test_opens_and_clicks_are_counted_and_the_click_leads_there(everafter: Installation, inbox: Inbox) -> None:
    everafter.sign_up("carl@example.org", first_name="Carl")
    mails = inbox.wait_for("carl@example.org", 4)
    letter = next(mail for mail in mails if clicks(mail))
    pixel = re.search(r'src="([^"]+/open/[^"]+\.gif)"', letter.part("html"))
    assert pixel is not None
    image = requests.get(pixel[1], headers=HUMAN, timeout=60)
    assert (image.status_code, image.headers["Content-Type"], image.content[:3]) == (200, "image/gif", b"GIF")
    time.sleep(2.5)  # a click within two seconds of sending is a machine's
    click = requests.get(clicks(letter)[0], headers=HUMAN, allow_redirects=False, timeout=60)
    assert click.status_code == 302
    assert click.headers["Location"].startswith("https://glow.example/")
    hits = "SELECT kind, verdict FROM hit JOIN delivery d ON d.id = delivery_id JOIN contact c ON c.id = contact_id"
    of_carl = f"{hits} WHERE email_key = 'carl@example.org' ORDER BY kind"
    # A click is judged once a scanner's other clicks would be in too, some four seconds later.
    until(lambda: {("click", "human")} < set(everafter.rows(of_carl)), "a person's click is in the table", 90)
    assert [kind for kind, _ in everafter.rows(of_carl)] == ["click", "open"]
    altered = clicks(letter)[0][:-1] + ("A" if clicks(letter)[0][-1] != "A" else "B")
    assert requests.get(altered, allow_redirects=False, timeout=60).status_code == 404


def test_gmails_one_click_leaves_all_marketing_and_a_second_post_is_harmless(
    everafter: Installation, inbox: Inbox
) -> None:
    everafter.sign_up("dora@example.org", first_name="Dora")
    (mail, *_) = inbox.wait_for("dora@example.org")
    link = unsubscribe_link(mail)
    page = requests.get(link, timeout=60)
    assert page.status_code == 200
    assert not everafter.rows(
        "SELECT 1 FROM suppression s JOIN contact c USING (address_hash) WHERE email_key = 'dora@example.org'"
    )
    for _ in range(2):
        answer = requests.post(
            link,
            data="List-Unsubscribe=One-Click",
            allow_redirects=False,
            timeout=60,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        assert answer.status_code == 200
        assert "Location" not in answer.headers
        assert "Set-Cookie" not in answer.headers
    states = "SELECT state FROM delivery d JOIN contact c ON c.id = contact_id WHERE email_key = 'dora@example.org'"
    # A mail whose intent is older than her click may still leave.
    until(
        lambda: {state for (state,) in everafter.rows(states)} <= {"sent", "cancelled"},
        "everything has left or is cancelled",
        90,
    )
    count = len(inbox.of("dora@example.org"))
    time.sleep(5)  # five days
    assert len(inbox.of("dora@example.org")) == count
    assert {state for (state,) in everafter.rows(states)} <= {"sent", "cancelled"}


def test_a_mail_client_unsubscribes_with_multipart(everafter: Installation, inbox: Inbox) -> None:
    everafter.sign_up("emil@example.org")
    (mail, *_) = inbox.wait_for("emil@example.org")
    answer = requests.post(unsubscribe_link(mail), files={"List-Unsubscribe": (None, "One-Click")}, timeout=60)
    assert answer.status_code == 200
    assert everafter.rows(
        "SELECT 1 FROM suppression s JOIN contact c USING (address_hash) WHERE email_key = 'emil@example.org'"
    )


@pytest.mark.parametrize(
    "name",
    ["<script>alert(1)</script>", "{{ 7*7 }}", "Ana\r\nBcc: eve@example.org", "=?UTF-8?Q?=0A?=Bcc: eve@example.org"],
)
def test_a_hostile_name_arrives_inert_or_is_refused(everafter: Installation, inbox: Inbox, name: str) -> None:
    address = f"eve{abs(hash(name))}@example.org"
    answer = everafter.sign_up(address, first_name=name)
    if answer.status_code == 422:
        return
    (mail, *_) = inbox.wait_for(address)
    assert mail.message["Bcc"] is None
    assert "<script>alert" not in mail.part("html")
    assert "49" not in mail.subject


def test_the_lead_magnet_is_a_real_pdf(everafter: Installation, inbox: Inbox) -> None:
    everafter.sign_up("fritz@example.org")
    (mail, *_) = inbox.wait_for("fritz@example.org")
    link = re.search(r'href="([^"]+/magnets/[^"]+)"', mail.part("html"))
    assert link is not None
    answer = requests.get(link[1], timeout=60)
    assert answer.status_code == 200
    assert answer.content.startswith(b"%PDF-")


def test_ctrl_c_ends_every_process_and_the_next_start_finds_all_data(everafter: Installation, inbox: Inbox) -> None:
    everafter.sign_up("gina@example.org")
    inbox.wait_for("gina@example.org")
    assert everafter.stop() == 0
    assert everafter.processes() == []
    everafter.start()
    assert everafter.starts[-1] < 1.5 * everafter.starts[0], "less to do than at the first: 2.7 s and 4.3, quiet"
    assert everafter.rows("SELECT 1 FROM contact WHERE email_key = 'gina@example.org'")


def written(everafter: Installation) -> dict[str, str]:
    files = [*everafter.home.log.iterdir(), everafter.home.path.parent / "up.log"]
    return {each.name: unquote(each.read_text(errors="replace")) for each in files}


def test_no_process_has_written_down_whose_address_it_was(everafter: Installation, inbox: Inbox) -> None:
    """After all of the above: web, workers, PostgreSQL and Valkey, and what `up` itself printed."""
    everafter.sign_up("hal@example.org")
    inbox.wait_for("hal@example.org")
    until(lambda: '"route": "/forms/<slug>"' in written(everafter).get("web.log", ""), "the request is in the log", 90)
    until(
        lambda: {"web.log", "worker.log", "postgres.log", "valkey.log", "up.log"} <= set(written(everafter)),
        "every process has written",
        90,
    )
    assert [name for name, words in written(everafter).items() if "@example" in words] == []
