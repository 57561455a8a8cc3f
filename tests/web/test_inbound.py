"""`/webhooks/inbound`: mail that comes in, with all that is attached to it; read for nobody who has no password."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import select

from service.providers.inbound import KEPT, LARGEST
from service.runtime import Runtime
from service.settings import read_settings
from service.store.contact import Suppression
from service.store.delivery import Delivery
from service.store.notice import Notice
from tests.web.shop import Shop
from workers.mailroom import read_feedback

BOUNCE = (Path(__file__).parents[1] / "providers" / "returned" / "postfix-no-such-user.eml").read_bytes()
PATH, PASSWORD = "/webhooks/inbound", ("route", "secret-and-long-enough")
ATTACHED = b"QUJD" * 20 + b"\r\n"


@pytest.fixture
def shop(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Shop]:
    own = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "EVERAFTER_HOME": str(tmp_path)}
    inbound = {"INBOUND_WEBHOOK_SECRET": ":".join(PASSWORD), "BOUNCE_ADDRESS": "bounces@mail.glow.example"}
    shop = Shop(Runtime(read_settings({**own, **inbound})))
    shop.publish()
    shop.sign_up()
    yield shop
    shop.runtime.close()


def bounce(shop: Shop, attached: int) -> bytes:
    """Ana's first mail comes back, with so many bytes more behind what tells anything."""
    (delivery,) = shop.all(Delivery)
    address = shop.runtime.marks.sender_of(delivery.id).encode()
    mail = BOUNCE.replace(b"{came_to}", address).replace(b"\n", b"\r\n")
    head, _, _ = mail.rpartition(b"--4B1.1/mx.glow.example--")
    return head + b"--4B1.1/mx.glow.example\r\n\r\n" + ATTACHED * (attached // len(ATTACHED))


def notices(shop: Shop) -> list[Notice]:
    with shop.runtime.session() as session:
        return list(session.scalars(select(Notice)))


@pytest.mark.parametrize("way", ["mail", "form", "json"])
def test_a_mail_with_a_large_attachment_is_taken_and_its_beginning_kept(shop: Shop, way: str) -> None:
    mail = bounce(shop, 12_000_000)
    sent = {
        "mail": {"data": mail, "content_type": "message/rfc822"},
        "form": {"data": {"to": "bounces", "email": mail.decode()}, "content_type": "multipart/form-data"},
        "json": {"data": json.dumps({"RawEmail": mail.decode()}), "content_type": "application/json"},
    }[way]
    assert shop.client.post(PATH, auth=PASSWORD, **sent).status_code == 200
    (notice,) = notices(shop)
    assert notice.body == mail[:KEPT]
    assert notice.headers == {"content-type": "message/rfc822"}
    read_feedback(shop.runtime)
    assert [each.reason for each in shop.all(Suppression)] == ["bounced"]


def test_nothing_is_read_for_whoever_has_no_password(shop: Shop) -> None:
    class Endless(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise AssertionError("somebody read it")

    streamed = {"wsgi.input": Endless(), "wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
    for auth in (None, ("route", "wrong")):
        assert shop.client.post(PATH, auth=auth, environ_overrides=streamed).status_code == 401
    assert notices(shop) == []


def test_what_is_larger_than_any_mail_is_refused(shop: Shop) -> None:
    assert shop.client.post(PATH, auth=PASSWORD, data=b"x" * (LARGEST + 1)).status_code == 413
    assert notices(shop) == []


def test_what_holds_no_mail_is_not_understood(shop: Shop) -> None:
    for body, kind in ((b"", "message/rfc822"), (b"{}", "application/json"), (b"--b", "multipart/form-data")):
        assert shop.client.post(PATH, auth=PASSWORD, data=body, content_type=kind).status_code == 400
    assert notices(shop) == []


def test_whatever_a_stranger_writes_is_read_in_bounded_time(shop: Shop) -> None:
    nested = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (each, each) for each in range(1_000))
    for body in (
        nested + b"x\n" * 450_000,
        b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\n" * 190_000,
        b"To: " + b"(" * 900_000,
        b"From: a@b.co\nIn-Reply-To: <a@b>\n\n" + b"/unsubscribe/aaaa.bbbb " * 40_000,
    ):
        began = time.monotonic()
        assert shop.client.post(PATH, auth=PASSWORD, data=body, content_type="message/rfc822").status_code == 200
        assert time.monotonic() - began < 8
    read_feedback(shop.runtime)
    assert {each.state for each in notices(shop)} <= {"done"}
