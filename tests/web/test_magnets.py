"""The file that somebody traded their address for, and the pictures in mails."""

from __future__ import annotations

import hashlib

import pytest
from sqlalchemy import delete

from service.store.contact import Contact
from service.store.event import Event
from tests.web.shop import PDF, PNG, Shop

PICTURE = hashlib.sha256(PNG).hexdigest()


@pytest.fixture
def path(shop: Shop) -> str:
    shop.sign_up()
    return f"/magnets/{shop.magnet_token()}"


def downloads(shop: Shop) -> list[dict[str, object]]:
    return [event.data for event in shop.all(Event) if event.name == "download"]


def test_the_magnet_is_the_published_file(shop: Shop, path: str) -> None:
    answer = shop.client.get(path)
    assert (answer.status_code, answer.data, answer.content_type) == (200, PDF, "application/pdf")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="check list.pdf"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert downloads(shop)[0]["magnet"] == "checklist"


def test_fetching_it_again_counts_once_and_looking_not_at_all(shop: Shop, path: str) -> None:
    assert shop.client.head(path).status_code == 200
    assert not downloads(shop)
    for _ in range(3):
        shop.client.get(path)
    assert len(downloads(shop)) == 1


def test_a_cut_download_goes_on_where_it_stopped(shop: Shop, path: str) -> None:
    answer = shop.client.get(path, headers={"Range": "bytes=1000-"})
    assert (answer.status_code, answer.data) == (206, PDF[1000:])
    whole = shop.client.get(path)
    assert shop.client.get(path, headers={"If-None-Match": whole.headers["ETag"]}).status_code == 304


def test_a_forgotten_persons_link_still_gives_the_file(shop: Shop, path: str) -> None:
    with shop.runtime.session() as session:
        session.execute(delete(Contact))
    assert shop.client.get(path).data == PDF
    assert not downloads(shop)


def test_no_other_file_can_be_had(shop: Shop) -> None:
    shop.sign_up()
    assert shop.client.get(f"/magnets/{shop.magnet_token(key='business')}").status_code == 404
    assert shop.client.get(f"/magnets/{shop.token()}").status_code == 404
    assert shop.client.get("/magnets/x").status_code == 404


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
