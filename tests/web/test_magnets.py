"""The file that somebody traded their address for, and the pictures in mails."""

from __future__ import annotations

import hashlib

import pytest
from sqlalchemy import delete

from service.store import stream
from service.store.contact import Contact
from tests.web.shop import PDF, PNG, Shop

PICTURE = hashlib.sha256(PNG).hexdigest()


@pytest.fixture
def path(shop: Shop) -> str:
    shop.sign_up()
    return f"/magnets/{shop.magnet_token()}"


def clicks(shop: Shop) -> list[str]:
    """The methods of the clicks that were gathered so far, once they have left."""
    shop.hand_on_hits()
    return [hit.method for entry in stream.read(shop.runtime.redis, 100) for hit in entry.hits]


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


def test_a_forgotten_persons_link_still_gives_the_file(shop: Shop, path: str) -> None:
    with shop.runtime.session() as session:
        session.execute(delete(Contact))
    assert shop.client.get(path).data == PDF


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
