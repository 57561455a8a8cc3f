"""Opens and clicks over WSGI: what is answered, what is counted, and what a token can't do."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import Engine, create_engine, delete
from sqlalchemy.orm import Session
from werkzeug.test import Client, TestResponse

from service.domain.hit import RawHit
from service.domain.token import Signer
from service.store import stream
from service.store.publication import Link
from service.web.gatherer import Gatherer
from service.web.tracking import Tracking

SIGNER = Signer(["k" * 40])
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
URL = "https://glow.example/book?from=mail#times"


def next_app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"next: ", environ["REQUEST_METHOD"].encode(), b" ", environ["PATH_INFO"].encode()]


class Site:
    """Tracking in front of another app, and what it handed on."""

    def __init__(self, redis: Redis, engine: Engine) -> None:
        self.gatherer = Gatherer(redis, engine)
        self.tracking = Tracking(next_app, SIGNER, self.gatherer, engine)
        self.client = Client(self.tracking)
        self.redis = redis
        self.engine = engine

    def link(self, url: str = URL) -> int:
        with Session(self.engine) as session, session.begin():
            link = Link(url=url)
            session.add(link)
            session.flush()
            return link.id

    def ask(self, path: str, method: str = "GET", agent: str = FIREFOX) -> TestResponse:
        return self.client.open(path, method=method, headers={"User-Agent": agent})

    def click(self, link: int, method: str = "GET", delivery: int = 41) -> TestResponse:
        return self.ask(f"/click/{SIGNER.sign('click', f'{delivery}.{link}')}", method)

    def hits(self) -> list[RawHit]:
        """All hits so far, once they have left."""
        self.gatherer.close()
        return [hit for entry in stream.read(self.redis, 5_000) for hit in entry.hits]


@pytest.fixture
def site(redis: Redis, engine: Engine) -> Iterator[Site]:
    site = Site(redis, engine)
    yield site
    site.gatherer.close()


def open_path(delivery: int = 41) -> str:
    return f"/open/{SIGNER.sign('open', str(delivery))}.gif"


def test_an_open_is_a_transparent_pixel_that_nobody_keeps(site: Site) -> None:
    answer = site.ask(open_path())
    assert answer.status_code == 200
    assert answer.content_type == "image/gif"
    assert answer.headers["Content-Length"] == "43"
    assert answer.headers["Cache-Control"] == "no-store, private"
    assert len(answer.data) == 43
    assert answer.data[:10] == b"GIF89a\x01\x00\x01\x00", "one by one pixel"
    assert answer.data[19:24] == b"\x21\xf9\x04\x01\x00", "its first colour is transparent"
    (hit,) = site.hits()
    assert (hit.kind, hit.delivery_id, hit.link_id, hit.method, hit.user_agent) == ("open", 41, None, "GET", FIREFOX)


def test_a_click_leads_to_the_stored_address(site: Site) -> None:
    link = site.link()
    answer = site.click(link)
    assert answer.status_code == 302
    assert answer.headers["Location"] == URL
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store, private"
    assert "Set-Cookie" not in answer.headers
    (hit,) = site.hits()
    assert (hit.kind, hit.delivery_id, hit.link_id) == ("click", 41, link)


def test_a_scanner_gets_the_same_redirect(site: Site) -> None:
    link = site.link()
    person = site.click(link)
    scanner = site.ask(f"/click/{SIGNER.sign('click', f'41.{link}')}", agent="BarracudaCentral")
    assert scanner.headers.to_wsgi_list() == person.headers.to_wsgi_list()


def test_head_is_answered_like_get_without_a_body(site: Site) -> None:
    opened, clicked = site.ask(open_path(), "HEAD"), site.click(site.link(), "HEAD")
    assert (opened.status_code, opened.headers["Content-Length"], opened.data) == (200, "43", b"")
    assert (clicked.status_code, clicked.headers["Location"], clicked.data) == (302, URL, b"")
    assert [hit.method for hit in site.hits()] == ["HEAD", "HEAD"]


@pytest.mark.parametrize(
    "path",
    [
        "/open/",
        "/open/.gif",
        "/open/41.gif",
        open_path().removesuffix(".gif"),
        open_path()[:-5] + ("A" if open_path()[-5] != "A" else "B") + ".gif",
        open_path().replace("/41.", "/42."),
        f"/open/{SIGNER.sign('click', '41.1')}.gif",
        f"/open/{SIGNER.sign('manage', '41.1')}.gif",
        f"/open/{'x' * 10_000}.gif",
        "/open/%00%ff.gif",
        "/click/",
        f"/click/{SIGNER.sign('open', '41')}",
        f"/click/{SIGNER.sign('click', '41.1')}x",
        f"/click/{SIGNER.sign('click', '41.1')}/",
        f"/click/{SIGNER.sign('click', '41.1').replace('.1.', '.2.')}",
        "/click/https://evil.example/",
    ],
)
def test_a_token_that_is_altered_or_of_another_purpose_changes_nothing(site: Site, path: str) -> None:
    site.link()
    for method in ("GET", "HEAD"):
        answer = site.ask(path, method)
        assert answer.status_code == 404
        assert answer.content_type == "text/plain; charset=utf-8"
        assert "Location" not in answer.headers
    assert site.hits() == []


def test_a_click_goes_nowhere_but_to_its_own_address(site: Site) -> None:
    path = f"/click/{SIGNER.sign('click', f'41.{site.link()}')}"
    assert site.ask(f"{path}?url=https://evil.example/&next=//evil.example").headers["Location"] == URL


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://x.example/",
        "//evil.example",
        "/elsewhere",
        "x",
        "https://",
        "https://[",
        "https://a b/",
        "https://glow.example/\r\nSet-Cookie: a=b",
    ],
)
def test_only_web_addresses_are_followed_whatever_is_stored(site: Site, url: str) -> None:
    answer = site.click(site.link(url))
    assert answer.status_code == 404
    assert "Location" not in answer.headers
    assert site.hits() == []


@pytest.mark.parametrize(
    ("stored", "location"),
    [
        ("https://glöw.example/süß?q=ü", "https://xn--glw-tna.example/s%C3%BC%C3%9F?q=%C3%BC"),
        ("http://faß.example:8080/", "http://xn--fa-hia.example:8080/"),
        ("https://glow.example/caf%C3%A9#ü", "https://glow.example/caf%C3%A9#%C3%BC"),
        ("/forms/salon-checklist", "/forms/salon-checklist"),
    ],
)
def test_an_address_is_written_so_that_every_browser_follows(site: Site, stored: str, location: str) -> None:
    assert site.click(site.link(stored)).headers["Location"] == location


def test_a_link_that_is_not_there_is_not_found_until_it_is(site: Site) -> None:
    link = site.link()
    with Session(site.engine) as session, session.begin():
        session.execute(delete(Link))
    assert site.click(link).status_code == 404
    with Session(site.engine) as session, session.begin():
        session.add(Link(id=link + 1, url=URL))
    assert site.click(link + 1).status_code == 302


def test_an_address_is_looked_up_once(site: Site) -> None:
    link = site.link()
    assert site.click(link).status_code == 302
    with Session(site.engine) as session, session.begin():
        session.execute(delete(Link))
    assert site.click(link).status_code == 302


def test_without_the_database_a_new_link_asks_for_a_moment(redis: Redis) -> None:
    away = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none", connect_args={"connect_timeout": 2})
    site = Site(redis, away)
    answer = site.click(1)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert site.ask(open_path()).status_code == 200
    assert [hit.kind for hit in site.hits()] == ["open"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_other_methods_are_refused(site: Site, method: str) -> None:
    for answer in (site.ask(open_path(), method), site.click(site.link(), method)):
        assert answer.status_code == 405
        assert answer.headers["Allow"] == "GET, HEAD"
    assert site.hits() == []


@pytest.mark.parametrize("path", ["/", "/forms/checklist", "/opening", "/click", "/Open/x.gif", "/unsubscribe/x"])
def test_everything_else_goes_on_untouched(site: Site, path: str) -> None:
    assert site.ask(path, "POST").data == f"next: POST {path}".encode()


def test_no_network_address_and_no_query_is_kept(site: Site) -> None:
    site.client.get(
        f"{open_path()}?email=ana@example.org",
        headers={
            "User-Agent": FIREFOX,
            "X-Forwarded-For": "203.0.113.9",
            "Cookie": "a=b",
            "Referer": "https://r.example",
        },
        environ_base={"REMOTE_ADDR": "203.0.113.8"},
    )
    (hit,) = site.hits()
    assert hit._replace(nonce="", at=None) == ("", "open", 41, None, None, "GET", FIREFOX)  # type: ignore[arg-type]


def test_an_open_waits_for_nobody(engine: Engine) -> None:
    """A Redis that takes the connection and never answers: the recipient must not notice."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        site = Site(Redis.from_url(f"redis://127.0.0.1:{port}", socket_timeout=100), engine)
        began = time.monotonic()
        for _ in range(200):
            assert site.ask(open_path()).status_code == 200
        assert time.monotonic() - began < 50
    # Whoever hears no more of Redis goes to the table.
    site.gatherer.close()
