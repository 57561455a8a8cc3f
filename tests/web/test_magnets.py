"""The file that somebody traded their address for, and the pictures in mails."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta

import pytest
from sqlalchemy import delete, update
from werkzeug.test import TestResponse

from service.actions.publish import Edition, publish
from service.clock import machine_now
from service.store import stream
from service.store.contact import Contact
from service.store.delivery import Delivery
from service.store.enrolment import Enrolment
from tests.web.shop import BUSINESS, FILES, PDF, PNG, TIPS, Shop

PICTURE = hashlib.sha256(PNG).hexdigest()


@pytest.fixture
def path(shop: Shop) -> str:
    shop.sign_up()
    return f"/magnets/{shop.magnet_token()}"


def clicks(shop: Shop) -> list[str]:
    """The methods of the clicks that were gathered so far, once they have left."""
    shop.hand_on_hits()
    return [hit.method for entry in stream.read(shop.runtime.redis, 10_000) for hit in entry.hits]


def test_the_magnet_is_the_published_file(shop: Shop, path: str) -> None:
    answer = shop.client.get(path)
    assert (answer.status_code, answer.data, answer.content_type) == (200, PDF, "application/pdf")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="check list.pdf"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_fetching_it_is_a_click_and_the_rest_of_a_cut_download_is_none(shop: Shop, path: str) -> None:
    shop.client.head(path)
    shop.client.get(path)
    shop.client.get(path, headers={"Range": "bytes=1000-"})
    assert clicks(shop) == ["HEAD", "GET"]


def test_a_cut_download_goes_on_where_it_stopped(shop: Shop, path: str) -> None:
    answer = shop.client.get(path, headers={"Range": "bytes=1000-"})
    assert (answer.status_code, answer.data) == (206, PDF[1000:])
    whole = shop.client.get(path)
    assert shop.client.get(path, headers={"If-None-Match": whole.headers["ETag"]}).status_code == 304


def test_a_download_that_begins_again_is_a_click(shop: Shop, path: str) -> None:
    assert shop.client.get(path, headers={"Range": "bytes=0-"}).status_code == 206
    assert clicks(shop) == ["GET"]


def test_a_link_whose_mail_is_forgotten_leads_to_the_form(shop: Shop, path: str) -> None:
    with shop.runtime.session() as session:
        session.execute(delete(Contact))
    answer = shop.client.get(path)
    assert (answer.status_code, "<button" in answer.text) == (410, False)
    assert 'href="/forms/checklist"' in answer.text
    assert shop.client.post(path).status_code == 200
    assert shop.all(Delivery) == []


def test_a_colleagues_link_lasts(shop: Shop) -> None:
    assert shop.client.get(f"/magnets/{shop.runtime.signer.sign('magnet', '0.checklist')}").data == PDF


def test_no_other_file_can_be_had(shop: Shop) -> None:
    shop.sign_up()
    assert shop.client.get(f"/magnets/{shop.magnet_token(key='business')}").status_code == 404
    assert shop.client.get(f"/magnets/{shop.token()}").status_code == 404
    assert shop.client.get("/magnets/x").status_code == 404


def offer(shop: Shop, magnet: str, tips: str = TIPS) -> str:
    """Publish another magnet of the same name, and sign up for it; the path of the link."""
    business = BUSINESS.replace("checklist: files/check list.pdf", f"checklist: {magnet}")
    business += "coupons:\n  HELLO: {valid: 10 days, worth: a deep-care treatment}\nlinks:\n"
    business += "  booking: https://glow.example/book\n"
    with shop.runtime.session() as session:
        publish(
            session,
            Edition(FILES | {"sequences/business.yaml": business.encode(), "sequences/tips.md": tips.encode()}, set()),
        )
    shop.sign_up()
    return f"/magnets/{shop.magnet_token()}"


def was_sent(shop: Shop, ago: timedelta) -> None:
    """The mails left, and people entered, so long ago."""
    at = machine_now() - ago
    with shop.runtime.session() as session:
        session.execute(update(Delivery).values(state="sent", sent_at=at, due_at=at))
        session.execute(update(Enrolment).values(entered_at=at))


def heading(answer: TestResponse) -> str:
    found = re.search(r"<h1>(.*?)</h1>", answer.text, re.DOTALL)
    assert found
    return found[1]


def test_a_link_is_valid_for_its_time_from_the_sending_on(shop: Shop) -> None:
    path = offer(shop, "{file: files/check list.pdf, valid: 30 days}")
    was_sent(shop, timedelta(days=29))
    assert shop.client.get(path).data == PDF
    was_sent(shop, timedelta(days=31))
    over = shop.client.get(path)
    assert (over.status_code, heading(over)) == (410, "This link has had its time.")
    assert 'href="/forms/checklist"' in over.text
    assert clicks(shop) == ["GET", "GET"]


def test_what_says_nothing_is_valid_for_ninety_days(shop: Shop, path: str) -> None:
    was_sent(shop, timedelta(days=89))
    assert shop.client.get(path).status_code == 200
    was_sent(shop, timedelta(days=91))
    assert shop.client.get(path).status_code == 410


def test_an_old_link_brings_the_mail_once_more_and_once_an_hour(shop: Shop, path: str) -> None:
    was_sent(shop, timedelta(days=91))
    assert shop.client.head(path).status_code == 410
    assert len(shop.all(Delivery)) == 1
    for _ in range(3):
        assert heading(shop.client.post(path)) == "It is on its way."
    first, second = shop.all(Delivery)
    assert (second.step, second.occasion, second.state, second.rule) == (first.step, 1, "due", "asked-again")
    fresh = shop.runtime.signer.sign("magnet", f"{second.id}.checklist")
    assert shop.client.get(f"/magnets/{fresh}").data == PDF


def test_a_link_that_still_holds_sends_nothing(shop: Shop, path: str) -> None:
    assert shop.client.post(path).status_code == 200
    assert len(shop.all(Delivery)) == 1


def test_an_old_links_page_speaks_german(shop: Shop, path: str) -> None:
    was_sent(shop, timedelta(days=91))
    with shop.runtime.session() as session:
        session.execute(update(Contact).values(language="de"))
    assert heading(shop.client.get(path)) == "Dieser Link ist abgelaufen."


def test_an_address_is_a_click_away(shop: Shop) -> None:
    path = offer(shop, "{address: https://glow.example/webinar?room=3}")
    answer = shop.client.get(path)
    assert (answer.status_code, answer.location) == (302, "https://glow.example/webinar?room=3")
    assert clicks(shop) == ["GET"]
    assert shop.client.get(f"{path}/file").status_code == 404
    was_sent(shop, timedelta(days=91))
    assert (shop.client.get(path).status_code, shop.client.get(path).location) == (410, None)


def test_a_next_step_stands_beside_the_file(shop: Shop) -> None:
    path = offer(
        shop, "{file: files/check list.pdf, title: Seven habits, next: {text: Book a visit, link: link:booking}}"
    )
    page = shop.client.get(path)
    assert (page.status_code, heading(page)) == (200, "Seven habits")
    assert '<a class="button quiet" href="https://glow.example/book" rel="noreferrer">Book a visit</a>' in page.text
    assert f'href="{path}/file"' in page.text
    assert shop.client.get(f"{path}/file").data == PDF
    assert shop.client.get(f"{path}/file", headers={"Range": "bytes=-6"}).data == b"%%EOF\n"
    assert clicks(shop) == ["GET"]
    was_sent(shop, timedelta(days=91))
    assert shop.client.get(f"{path}/file").status_code == 410


def test_a_coupon_is_the_code_of_the_mail(shop: Shop) -> None:
    tips = TIPS.replace("Subject: Here it is", 'Subject: {{ coupon("HELLO") }}')
    path = offer(shop, "{coupon: HELLO, title: A present}", tips)
    page = shop.client.get(path)
    code = re.search(r"<strong>(HELLO-[A-Z2-7]{6})</strong>", page.text)
    assert code
    assert "a deep-care treatment" in page.text
    assert shop.client.get(path).text == page.text
    letter = shop.client.get(f"/answer/{shop.runtime.signer.sign('answer', f'{shop.all(Delivery)[0].id}.yes')}")
    assert code[1] in letter.text  # that page says the subject of the mail
    was_sent(shop, timedelta(days=11))
    over = shop.client.get(path)
    assert (over.status_code, heading(over)) == (410, "This code has run out.")


def test_a_colleague_sees_that_each_reader_has_a_code(shop: Shop) -> None:
    offer(shop, "{coupon: HELLO}")
    page = shop.client.get(f"/magnets/{shop.runtime.signer.sign('magnet', '0.checklist')}")
    assert "a code of their own" in page.text


@pytest.mark.parametrize("name", ["files/Prüfliste „neu“.pdf", "files/a;b=c'd.pdf", "files/…/x.html"])
def test_whatever_a_file_is_called_it_is_a_download(shop: Shop, name: str) -> None:
    files = FILES | {f"sequences/{name}": b"<script>alert(1)</script>"}
    business = BUSINESS.replace("files/check list.pdf", f'"{name}"').encode()
    with shop.runtime.session() as session:
        publish(session, Edition(files | {"sequences/business.yaml": business}, set()))
    shop.sign_up()
    answer = shop.client.get(f"/magnets/{shop.magnet_token()}")
    disposition = answer.headers["Content-Disposition"]
    assert disposition.startswith("attachment; filename")
    assert disposition.isascii()
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "private" in answer.headers["Cache-Control"]


def test_a_picture_is_kept_for_ever(shop: Shop) -> None:
    answer = shop.client.get(f"/files/{PICTURE}/jana.png")
    assert (answer.status_code, answer.data, answer.content_type) == (200, PNG, "image/png")
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert shop.client.get(f"/files/{PICTURE}/jana.png", headers={"If-None-Match": answer.headers["ETag"]}).data == b""


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (PNG, "other.png"),
        (PNG, "%.png"),
        (PNG, "jana.svg"),
        (PDF, "check list.pdf"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "sign.svg"),
        (b"nobody published this", "jana.png"),
    ],
)
def test_only_published_pictures_are_shown(shop: Shop, content: bytes, name: str) -> None:
    assert shop.client.get(f"/files/{hashlib.sha256(content).hexdigest()}/{name}").status_code == 404
    assert shop.client.get(f"/files/{'Z' * 64}/{name}").status_code == 404
