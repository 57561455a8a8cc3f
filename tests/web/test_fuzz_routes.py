"""Whatever is sent to whichever route: no fault of ours, nothing written without a token or key, in time and memory."""

from __future__ import annotations

import gc
import logging
import re
import tracemalloc
from collections.abc import Iterator
from typing import get_args

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from service.actions.grant import grant
from service.domain.access import OF_THE_API
from service.domain.token import MAX_TOKEN, Purpose
from service.providers import SERVICES
from service.runtime import Runtime
from service.settings import Settings, read_settings
from tests.logged import logs_put_back
from tests.providers.bench import dialect_of
from tests.web.routes import Asked, Route, ask, fingerprint, look, routes, writes_of
from tests.web.shop import Shop

# What strangers may do without a token: sign up, and hand in what a form asks.
FOR_STRANGERS = frozenset({"forms.receive"})
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW", "post")
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
ODD = [
    b"x",
    b"0",
    b"-1",
    b"99999999999999999999",
    b"1.5",
    b"..",
    b"%2e%2e",
    b"a\0b",
    b"\xff\xfe1\x000\x00",  # UTF-16
    b"\xed\xa0\x80",  # a lone surrogate
    b"\xc0\xaf",  # a slash, spelled too long
    "ß∂ƒ\u202e\u2028😀".encode(),
    b"a\r\nSet-Cookie: a=b",
    b"{{7*7}}<script>",
    b"' OR 1=1 --",
    b"checklist",
    b"a/../../b",
    b"x" * (MAX_TOKEN + 1),
    b"." * 500,
    b"x" * 70_000,
]
MEGABYTE = 1024 * 1024
DEEP = 200_000
FORM, JSON, PARTS = "application/x-www-form-urlencoded", "application/json", "multipart/form-data; boundary=b"
BODIES: list[tuple[str, bytes, str | None]] = [
    (FORM, b"x=" + b"%00" * (MEGABYTE // 3) + b"&y", ""),
    (FORM, b"&".join(b"f%d=1" % number for number in range(60_000)), ""),
    (FORM, b"email=ana%40example.org&email=%ff%fe&" + b"=" * 5_000, ""),
    (FORM, b"a" * (2 * MEGABYTE), None),  # in pieces, without a length
    (FORM, b"email=a", "1000000"),  # the line was cut
    (FORM, b"email=a", "-5"),
    (FORM, b"email=a", "9" * 40),
    (JSON, b"[" * DEEP + b"]" * DEEP, ""),
    (JSON, b'{"a":' * DEEP, ""),
    (JSON, b'{"email": "' + b"x" * MEGABYTE + b'"}', ""),
    (JSON, b'{"email": ' + b"9" * 100_000 + b"}", ""),
    (JSON, b'{"email": "\\ud800", "x": 1e999, "y": NaN, "\\u0000": "\\u0000"}', ""),
    (JSON, '{"email": "ana@example.org"}'.encode("utf-16"), ""),
    (JSON, b"\xff\xfe\xfd", None),
    (JSON, b"null", ""),
    (JSON + "; charset=utf-7", b"+AHs-", ""),
    (PARTS, b"--b\r\nContent-Disposition: form-data; name=email\r\n\r\nana", ""),
    (PARTS, b'--b\r\nContent-Disposition: form-data; name="a"; filename="../../x"\r\n\r\n' + b"x" * MEGABYTE, ""),
    (PARTS, b"--b\r\nContent-Disposition: form-data; name=x\r\n\r\n1\r\n" * 3_000 + b"--b--", ""),
    ("multipart/form-data", b"--b\r\n\r\n", ""),
    ("multipart/form-data; boundary=" + "b" * 5_000, b"--b", ""),
    ("text/html", b"<p>", ""),
    ("\x7f;;=", b"x", ""),
]
WILD = {
    "Accept": ["", "*/*;q=9", "application/json", "text/html", ",,,;q=x", "a/b" * 2_000],
    "Accept-Language": ["de", "x" * 5_000, ";;q=\xff"],
    "Authorization": ["", "Bearer", "Bearer ea_" + "A" * 43, "Bearer \xff", "Basic ===", "Basic " + "QQ" * 9_000],
    "Content-Type": [FORM, JSON, PARTS, "", "/", "text/plain; charset=nowhere"],
    "Cookie": ["session=x; a", "\xff=\xff"],
    "Host": ["", "a b", "[::1", "localhost:99999999", "x" * 3_000, "evil.example", "\xe4.example", "a/b", "@"],
    "Idempotency-Key": ["x", "x" * 5_000, "\xff"],
    "If-Modified-Since": ["yesterday", "Thu, 32 Foo 20260 00:00:00 GMT"],
    "If-None-Match": ["*", '"' * 3_000, 'W/"x", y'],
    "Origin": ["null", "https://glow.example", "https://evil.example", "\xff"],
    "Range": ["bytes=0-", "bytes=9-1", "bytes=-0", "bytes=0-0," * 2_000, "lines=1", "bytes=x"],
    "Referer": ["http://[", "https://a/" + "x" * 5_000, "\xff\x00"],
    "Transfer-Encoding": ["chunked", "gzip, chunked"],
    "User-Agent": ["", "\x00\x1b[31m", "x" * 9_000, "Mozilla/5.0"],
    "X-Forwarded-For": ["::1", "127.0.0.1", "x" * 3_000, "1.2.3.4, " * 999],
    "X-HTTP-Method-Override": ["DELETE"],
    "X-Request-Id": ["x" * 9_000, "\xff", "a\x00b"],
}


@pytest.fixture
def house(settings: Settings) -> Iterator[Shop]:
    """A shop with everything on: each provider may tell, the mailbox is there, and somebody has signed up."""
    more = {"DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url, "FORM_LIMITS": "off"}
    more["EVERAFTER_HOME"] = str(settings.home)
    for name in SERVICES:
        dialect = dialect_of(name)
        more |= {**dialect.given, dialect.secret: ",".join(dialect.secrets)}
    shop = Shop(Runtime(read_settings(more)))
    shop.publish()
    shop.sign_up()
    shop.token()  # the secrets are made at their first use
    with logs_put_back():
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
        yield shop
    shop.hand_on_hits()
    shop.runtime.close()


@pytest.fixture
def tokens(house: Shop) -> list[bytes]:
    """One of each purpose: good for its own page, and about nobody."""
    values = {"magnet": "999.checklist", "answer": "999.yes", "join": "999.999.newsletter", "manage": "999.999"}
    values |= {"click": "999.999", "task": "999.", "ref": "nobody", "fill": "1"}
    signed = [house.runtime.signer.sign(purpose, values.get(purpose, "999")) for purpose in get_args(Purpose)]
    return [token.encode() for token in signed]


def spoiled(token: bytes) -> list[bytes]:
    """A real token as it is after a bad journey, and one that somebody has bent."""
    other = bytes([token[-1] ^ 1])
    return [token[:-1], token[:-1] + other, b"1" + token, token.upper(), token + b"=", token.replace(b".", b"%2E")]


def purpose_of(route: Route) -> str:
    return re.sub(r"^/|/.*", "", route.rule)


def test_the_walk_sees_every_route(house: Shop) -> None:
    rules = {route.rule for route in routes(house.client.application)}
    assert {rule.rule for rule in house.client.application.url_map.iter_rules()} <= rules
    assert {"/click/<token>", "/open/<token>.gif", "/webhooks/<provider>", "/api/v1/contacts"} <= rules


def test_no_route_falls_over_an_odd_path_or_method_and_nothing_is_written(house: Shop, tokens: list[bytes]) -> None:
    app, engine = house.client.application, house.runtime.engine
    real = house.token().encode()
    before = fingerprint(engine)
    with writes_of(engine) as written:
        known = set(routes(app))
        for route in routes(app, METHODS):
            # A token of another purpose is as good as none; of its own it is somebody's, so here only bent ones.
            wrong = [token for token in tokens if not _opens(route, token, house)]
            values = [*ODD, *wrong, *spoiled(real)] if route in known else [real[:-1], b"a\0\xff"]
            for value in values if route.parts else [b""]:
                asked = Asked(route.method, route.path([value] * route.parts))
                look(asked, ask(app, asked))
                assert written == [], asked
    house.hand_on_hits()
    assert fingerprint(engine) == before


def test_a_real_token_about_nobody_is_no_fault(house: Shop, tokens: list[bytes]) -> None:
    app = house.client.application
    before = fingerprint(house.runtime.engine)
    for route in routes(app):
        if not route.parts:
            continue
        for token in tokens:
            for body in (b"", b"all=yes&answer=yes&do=done&less=yes&topic=Newsletter&List-Unsubscribe=One-Click"):
                asked = Asked(
                    route.method, route.path([token] * route.parts), headers={"Content-Type": FORM}, body=body
                )
                look(asked, ask(app, asked))
    assert fingerprint(house.runtime.engine) == before


def test_no_body_is_a_fault_and_none_takes_much_memory(house: Shop, tokens: list[bytes]) -> None:
    app, engine = house.client.application, house.runtime.engine
    with house.runtime.session() as session:
        key = grant(session, "fuzz", OF_THE_API)
    targets = [route for route in routes(app) if route.method in UNSAFE]
    tracemalloc.start()
    try:
        for route in targets:
            own = next((token for token in tokens if _opens(route, token, house)), b"checklist")
            values = [own if "token" in route.rule else name for name in (b"checklist", b"7")][: route.parts]
            for content_type, body, length in BODIES:
                headers = {"Content-Type": content_type}
                if route.rule.startswith("/api/"):
                    values = [b"999"] * route.parts
                    headers["Authorization"] = f"Bearer {key}"
                asked = Asked(route.method, route.path(values), headers=headers, body=body, length=length)
                gc.collect(0)
                tracemalloc.reset_peak()
                now, _ = tracemalloc.get_traced_memory()
                with writes_of(engine) as written:
                    look(asked, ask(app, asked))
                assert written == [] or "Authorization" in headers or route.endpoint in FOR_STRANGERS, asked
                _, peak = tracemalloc.get_traced_memory()
                assert peak - now < 16 * MEGABYTE, (route, content_type, body[:40], peak - now)
    finally:
        tracemalloc.stop()


def test_no_header_is_a_fault(house: Shop) -> None:
    app, engine = house.client.application, house.runtime.engine
    token = house.token().encode()
    reads = [route for route in routes(app) if route.method in {"GET", "POST"}]
    with writes_of(engine) as written:
        for route in reads:
            path = route.path([token if "token" in route.rule else b"checklist"] * route.parts)
            for name, values in WILD.items():
                for value in values:
                    asked = Asked("GET", path, headers={name: value})
                    look(asked, ask(app, asked))
    assert written == []


def _opens(route: Route, token: bytes, house: Shop) -> bool:
    """Whether this token is one for this route's page."""
    purpose = {"unsubscribe": "manage", "preferences": "manage", "magnets": "magnet"}.get(purpose_of(route))
    read = house.runtime.signer.read
    wanted = [purpose] if purpose else [name for name in get_args(Purpose) if name == purpose_of(route)]
    return any(read(name, token.decode()) is not None for name in wanted)


bytes_of_a_path = some.binary(max_size=60) | some.sampled_from(ODD)
wild_headers = some.lists(
    some.sampled_from(sorted(WILD)).flatmap(lambda name: some.tuples(some.just(name), some.sampled_from(WILD[name]))),
    max_size=5,
).map(dict)
written_headers = some.dictionaries(
    some.sampled_from(sorted(WILD)), some.text(some.characters(max_codepoint=255), max_size=60), max_size=4
)
bodies = some.binary(max_size=300) | some.sampled_from([body for _, body, _ in BODIES if len(body) < 5_000])


@settings(max_examples=400, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=some.data())
def test_nothing_at_all_is_a_fault(house: Shop, data: some.DataObject) -> None:
    app = house.client.application
    route = data.draw(some.sampled_from(routes(app, METHODS)))
    path = route.path([data.draw(bytes_of_a_path) for _ in range(route.parts)])
    asked = Asked(
        data.draw(some.sampled_from([route.method, *METHODS])),
        data.draw(some.sampled_from([path, b"/" + path, path + b"/", path.replace(b"/", b"//", 1)])),
        data.draw(some.binary(max_size=60)),
        data.draw(wild_headers) | data.draw(written_headers),
        data.draw(bodies),
        data.draw(some.sampled_from(["", "", None, "0", "7", "99999999", "-1", "x"])),
    )
    with writes_of(house.runtime.engine) as written:
        look(asked, ask(app, asked))
    assert written == [] or route.endpoint in FOR_STRANGERS
