"""Of a body is taken all or nothing, however it is packed and sent."""

from __future__ import annotations

import json
from io import BytesIO

import pytest

from service.store.contact import Consent, Contact
from service.web.app import FORM_BYTES
from tests.web.shop import Shop

FORM, JSON, PARTS = "application/x-www-form-urlencoded", "application/json", "multipart/form-data; boundary=b"
FIELDS = {"email": "ana@example.org", "first_name": "Ana"}
EMPTY = {
    FORM: "&".join(f"{name}={value}" for name, value in FIELDS.items()) + "&more=",
    JSON: json.dumps(FIELDS | {"more": ""})[:-2],
    PARTS: "".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in FIELDS.items()
    )
    + '--b\r\nContent-Disposition: form-data; name="more"\r\n\r\n',
}
END = {FORM: "", JSON: '"}', PARTS: "\r\n--b--\r\n"}


def filled(kind: str, size: int) -> bytes:
    """A signup of just so many bytes."""
    spare = size - len(EMPTY[kind]) - len(END[kind])
    return (EMPTY[kind] + "x" * spare + END[kind]).encode()


def send(shop: Shop, path: str, kind: str, body: bytes, length: int | None) -> int:
    """The status of the answer; `length` is what the head says of it, None where the body comes in pieces."""
    said = {"HTTP_TRANSFER_ENCODING": "chunked"} if length is None else {"CONTENT_LENGTH": str(length)}
    answer = shop.client.post(
        path,
        input_stream=BytesIO(body),
        content_type=kind,
        environ_overrides={"wsgi.input_terminated": True} | said,  # as granian does
    )
    return answer.status_code


@pytest.mark.parametrize("says", [True, False])
@pytest.mark.parametrize("kind", [FORM, JSON, PARTS])
def test_it_is_taken_up_to_the_limit_and_refused_beyond(shop: Shop, kind: str, says: bool) -> None:
    for size, status in ((FORM_BYTES + 1, 413), (3 * FORM_BYTES, 413), (FORM_BYTES, 202 if kind == JSON else 303)):
        assert not shop.all(Contact)
        body = filled(kind, size)
        assert send(shop, "/forms/checklist", kind, body, len(body) if says else None) == status
    assert shop.contact().first_name == "Ana"


@pytest.mark.parametrize("kind", [FORM, JSON, PARTS])
def test_what_was_cut_on_its_way_is_not_taken(shop: Shop, kind: str) -> None:
    body = filled(kind, 500)
    assert send(shop, "/forms/checklist", kind, body[: body.index(b"@") + 4], len(body)) == 400
    assert not shop.all(Contact)


@pytest.mark.parametrize("page", ["preferences", "left", "answer"])
def test_no_page_takes_half_a_body(shop: Shop, page: str) -> None:
    shop.sign_up()
    token = {
        "preferences": shop.token(),
        "left": shop.runtime.signer.sign("undo", str(shop.all(Consent)[-1].id)),
        "answer": shop.runtime.signer.sign("answer", f"{shop.delivery_of(shop.contact()).id}.yes"),
    }[page]
    kept = len(shop.all(Consent))
    body = b"all=1&undo=1&note=" + b"x" * FORM_BYTES
    assert send(shop, f"/{page}/{token}", FORM, body, None) == 413
    assert send(shop, f"/{page}/{token}", FORM, body[:20], 40) == 400
    assert len(shop.all(Consent)) == kept


def test_an_address_of_odd_bytes_is_refused(shop: Shop) -> None:
    for query, status in (("ref=\xcd", 400), ("ref=%cd", 200)):
        answer = shop.client.get("/forms/checklist", environ_overrides={"QUERY_STRING": query})
        assert answer.status_code == status
