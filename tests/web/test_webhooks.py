"""`/webhooks/PROVIDER`: who is let in, what is kept, and that nothing a stranger sends does any harm."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from gzip import compress
from io import BytesIO
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import select
from werkzeug.test import TestResponse

from service.clock import machine_now
from service.domain.feedback import Feedback
from service.ports import Received
from service.providers import SERVICES
from service.runtime import Runtime
from service.settings import read_settings
from service.store.contact import Suppression
from service.store.feedback import ToldFeedback
from service.store.notice import Notice
from service.web.webhooks import LARGEST, MOST
from tests.providers.bench import dialect_of
from tests.providers.dialects import Dialect
from tests.providers.payloads import cases
from tests.web.shop import Shop
from workers.mailroom import read_feedback

PASSWORD = ("everafter", "new-and-long-enough")
POSTMARK = {"POSTMARK_WEBHOOK_SECRET": "everafter:new-and-long-enough, news=other:new-and-long-enough"}
DELIVERY = {
    "RecordType": "Delivery",
    "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
    "Recipient": "ana@example.org",
    "DeliveredAt": "2026-11-22T09:00:00Z",
    "Details": "250 2.0.0 OK",
}

Opens = Callable[..., Shop]


@pytest.fixture
def open_with(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Opens]:
    """Opens a shop with these settings more, and something published."""
    opened: list[Shop] = []

    def open_one(**more: str) -> Shop:
        own = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "EVERAFTER_HOME": str(tmp_path)}
        shop = Shop(Runtime(read_settings({**own, "FORM_LIMITS": "off", **more})))
        opened.append(shop)
        shop.publish()
        return shop

    yield open_one
    for shop in opened:
        shop.hand_on_hits()
        shop.runtime.close()


@pytest.fixture
def posting(open_with: Opens) -> Shop:
    return open_with(**POSTMARK)


@pytest.fixture(params=SERVICES)
def dialect(request: pytest.FixtureRequest) -> Dialect:
    return dialect_of(request.param)


def post(shop: Shop, received: Received, name: str) -> TestResponse:
    return shop.client.post(f"/webhooks/{name}", data=received.body, headers=dict(received.headers))


def by_postmark(shop: Shop, body: object, path: str = "/webhooks/postmark", **more: object) -> TestResponse:
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    return shop.client.post(path, data=data, auth=more.pop("auth", PASSWORD), **more)  # type: ignore[arg-type]


def notices(shop: Shop) -> list[Notice]:
    with shop.runtime.session() as session:
        return list(session.scalars(select(Notice).order_by(Notice.id)))


def test_each_documented_event_is_taken_kept_and_read(open_with: Opens, dialect: Dialect) -> None:
    shop = open_with(**dialect.given, **{dialect.secret: ",".join(dialect.secrets)})
    told = 0
    for case in cases(dialect.name):
        received = dialect.post(case.body, machine_now(), headers=case.headers)
        before = len(notices(shop))
        assert post(shop, received, dialect.name).status_code == 200, str(case)
        told += len(case.told)
        if case.told:
            assert len(notices(shop)) == before + 1
            assert notices(shop)[-1].body == received.body
    while read_feedback(shop.runtime):
        pass
    assert {each.state for each in notices(shop)} == {"done"}
    assert len(shop.all(ToldFeedback)) == told
    assert not any("authorization" in each.headers for each in notices(shop))


def test_a_provider_that_is_not_set_up_or_not_there_is_no_address(posting: Shop) -> None:
    for path in ("sendgrid", "nobody", "postmark/other", "postmark/" + "x" * 300, "..", "postmark/a/b", "%00", "smtp"):
        assert by_postmark(posting, DELIVERY, f"/webhooks/{path}").status_code == 404, path
    assert notices(posting) == []


def test_several_accounts_have_their_own_secrets(posting: Shop) -> None:
    assert by_postmark(posting, DELIVERY, "/webhooks/postmark/news", auth=("other", PASSWORD[1])).status_code == 200
    assert by_postmark(posting, DELIVERY, "/webhooks/postmark", auth=("other", PASSWORD[1])).status_code == 401
    (notice,) = notices(posting)
    assert (notice.provider, notice.account) == ("postmark", "news")


def test_a_slash_at_the_end_leads_nowhere_else(posting: Shop) -> None:
    answer = by_postmark(posting, DELIVERY, "/webhooks/postmark/")
    assert (answer.status_code, answer.headers.get("Location")) == (200, None)


@pytest.mark.parametrize("method", ["get", "head", "put", "delete", "patch"])
def test_nothing_but_a_post_is_taken(posting: Shop, method: str) -> None:
    for path in ("/webhooks/postmark", "/webhooks/nobody", "/webhooks/postmark/news"):
        assert getattr(posting.client, method)(path, auth=PASSWORD).status_code == 405
    assert posting.client.options("/webhooks/postmark").status_code == 200


@pytest.mark.parametrize("body", [b"", b"{", b"[]]", b"null", b"7", b'"x"', b"\xff\xfe", b"[" * 100_000, b"{}", b"[7]"])
def test_what_is_malformed_is_not_understood_and_nothing_is_written(posting: Shop, body: bytes) -> None:
    assert by_postmark(posting, body).status_code == 400
    assert notices(posting) == []


def test_a_form_is_read_as_bytes_all_the_same(posting: Shop) -> None:
    answer = by_postmark(posting, DELIVERY, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 200
    assert notices(posting)[0].body == orjson.dumps(DELIVERY)


def test_what_is_too_large_is_refused(posting: Shop) -> None:
    filled = orjson.dumps(DELIVERY | {"Details": "x" * (LARGEST - len(orjson.dumps(DELIVERY)) - 50)})
    assert by_postmark(posting, filled).status_code == 200
    assert by_postmark(posting, filled + b" " * 100).status_code == 413
    assert len(notices(posting)) == 1


def test_a_body_that_says_nothing_of_its_length_is_bounded_as_well(posting: Shop) -> None:
    """`Transfer-Encoding: chunked`, which granian hands on as a stream that ends by itself."""
    for filler, status in ((0, 200), (LARGEST, 413)):
        body = orjson.dumps(DELIVERY) + b" " * filler
        streamed = {"wsgi.input": BytesIO(body), "wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
        answer = posting.client.post("/webhooks/postmark", auth=PASSWORD, environ_overrides=streamed)
        assert answer.status_code == status
    assert len(notices(posting)) == 1


def test_nothing_is_unpacked_that_is_small_only_on_its_way(posting: Shop) -> None:
    bomb = compress(orjson.dumps(DELIVERY) + b" " * 100_000_000)
    tracemalloc.start()
    try:
        answer = by_postmark(posting, bomb, headers={"Content-Encoding": "gzip"})
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert answer.status_code == 400
    assert most < 50_000_000
    assert notices(posting) == []


def test_a_list_that_is_too_long_is_refused(open_with: Opens) -> None:
    shop = open_with(MAILJET_WEBHOOK_SECRET="everafter:new-and-long-enough")
    event = {"event": "sent", "time": 1, "MessageID": 1, "email": "a@b.co"}
    for count, status in ((MOST + 1, 413), (MOST, 200)):
        body = orjson.dumps([event | {"MessageID": number} for number in range(count)])
        assert shop.client.post("/webhooks/mailjet", data=body, auth=PASSWORD).status_code == status
    assert [each.items for each in notices(shop)] == [MOST]


def test_an_event_that_nobody_knows_is_kept(posting: Shop) -> None:
    assert by_postmark(posting, DELIVERY | {"RecordType": "Quantum"}).status_code == 200
    read_feedback(posting.runtime)
    assert [each.what for each in posting.all(ToldFeedback)] == ["other"]


class Faulty:
    """A receiver with a mistake of ours in it."""

    name = "faulty"
    reads: frozenset[str] = frozenset()

    def authenticate(self, received: Received, secrets: Sequence[str]) -> None: ...

    def told(self, received: Received) -> list[Feedback]:
        raise KeyError("recipient")


def test_a_mistake_of_ours_loses_nothing(posting: Shop) -> None:
    posting.runtime._receivers["faulty"] = (Faulty(), {"": ("x",)})
    assert posting.client.post("/webhooks/faulty", data=b"{}").status_code == 200
    assert read_feedback(posting.runtime) == 1
    (notice,) = notices(posting)
    assert (notice.state, notice.body, notice.error) == ("aside", b"{}", "KeyError: 'recipient'")


def test_many_at_once_are_all_kept(posting: Shop) -> None:
    app = posting.client.application

    def tell(number: int) -> int:
        body = orjson.dumps(DELIVERY | {"MessageID": str(number)})
        return app.test_client().post("/webhooks/postmark", data=body, auth=PASSWORD).status_code

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(tell, range(100))) == {200}
    assert len(notices(posting)) == 100


def test_it_rings_the_bell(posting: Shop) -> None:
    posting.runtime.redis.flushall()
    by_postmark(posting, DELIVERY)
    assert posting.runtime.redis.llen("rq:queue:everafter") == 1


def test_a_signup_bounces_and_its_address_is_suppressed(posting: Shop) -> None:
    posting.sign_up()
    mail = posting.delivery_of(posting.contact())
    bounce = {
        "RecordType": "Bounce",
        "ID": 4323372036854775807,
        "Type": "HardBounce",
        "Email": "ana@example.org",
        "BouncedAt": "2026-11-22T09:00:00Z",
        "Details": "smtp; 550 5.1.1 no such user",
        "Metadata": {"everafter_delivery": str(mail.id), "everafter_message": mail.message_id.strip("<>")},
    }
    assert by_postmark(posting, bounce).status_code == 200
    read_feedback(posting.runtime)
    assert [(each.topic, each.reason) for each in posting.all(Suppression)] == [(None, "bounced")]


def as_bytes(value: object) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:  # a number that it can't write
        return repr(value).encode()


json = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False) | some.text(max_size=20),
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(some.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
VALUES = [None, 7, -1, 2**70, 1.5, True, "", "\0", "é" * 300, [], {}, [[]], {"id": {}}, "2026-13-45T99:99:99Z"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=some.binary(max_size=200) | json.map(as_bytes), proven=some.booleans())
def test_no_bytes_are_a_fault_of_ours(open_all: Shop, body: bytes, proven: bool) -> None:
    for name in SERVICES:
        dialect = dialect_of(name)
        received = (
            dialect.post(body, machine_now()) if proven else Received({"authorization": "Basic x"}, body, machine_now())
        )
        began = time.monotonic()
        status = post(open_all, received, name).status_code
        assert status in ({200, 400, 401} if proven else {400, 401}), name
        assert time.monotonic() - began < 5


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=some.data())
def test_a_documented_event_with_wrong_types_is_no_fault_of_ours(open_all: Shop, data: some.DataObject) -> None:
    name = data.draw(some.sampled_from(sorted(SERVICES)))
    case = data.draw(some.sampled_from([each for each in cases(name) if isinstance(each.body, dict | list)]))
    body = spoiled(case.body, data)
    status = post(open_all, dialect_of(name).post(body, machine_now(), headers=case.headers), name).status_code
    assert status in {200, 400}, case
    read_feedback(open_all.runtime)
    assert [(each.provider, each.error) for each in notices(open_all) if each.state == "aside"] == []


@pytest.fixture
def open_all(open_with: Opens) -> Shop:
    """All providers at once."""
    more: dict[str, str] = {}
    for name in SERVICES:
        dialect = dialect_of(name)
        more |= {**dialect.given, dialect.secret: ",".join(dialect.secrets)}
    return open_with(**more)


def spoiled(value: object, data: some.DataObject) -> object:
    """The same with one of its values, at any depth, of another kind or gone."""
    if isinstance(value, dict) and value:
        key = data.draw(some.sampled_from(sorted(value)))
        if data.draw(some.integers(0, 3)) == 0:
            return {name: each for name, each in value.items() if name != key}
        return value | {key: spoiled(value[key], data)}
    if isinstance(value, list) and value:
        return [spoiled(value[0], data), *value[1:]]
    return data.draw(some.sampled_from([each for each in VALUES if not isinstance(each, int) or abs(each) < 2**63]))
