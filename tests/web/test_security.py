"""What every answer carries, and what no answer does."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable
from ipaddress import ip_network
from typing import get_args

import pytest
from sqlalchemy import select

from service.domain.token import Purpose
from service.store.contact import Consent
from service.store.enrolment import Enrolment
from service.store.publication import Link
from tests.web import colleague
from tests.web.routes import Asked, ask, look, routes, writes_of
from tests.web.shop import PNG, Shop

PATHS = ["/", "/forms/checklist", "/forms/nope", "/nowhere", "/healthz", "/readyz", "/static/pages.css"]


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_is_guarded(shop: Shop, path: str) -> None:
    headers = shop.client.get(path).headers
    assert re.fullmatch(r"[0-9a-f]{16}", headers["X-Request-Id"])
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Frame-Options"] == "DENY"
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src" not in policy
    assert "unsafe" not in policy
    assert "Set-Cookie" not in headers
    assert "Strict-Transport-Security" not in headers


def test_https_is_asked_for_where_it_is_spoken(open_shop: Callable[..., Shop]) -> None:
    headers = open_shop(base_url="https://mail.glow.example").client.get("/healthz").headers
    assert headers["Strict-Transport-Security"].startswith("max-age=")


def test_a_request_id_is_taken_from_a_trusted_proxy_alone(open_shop: Callable[..., Shop]) -> None:
    shop = open_shop(trusted_proxies=(ip_network("10.0.0.0/8"),))

    def ask(peer: str, given: str) -> str:
        answer = shop.client.get("/healthz", headers={"X-Request-Id": given}, environ_base={"REMOTE_ADDR": peer})
        return answer.headers["X-Request-Id"]

    assert ask("10.0.0.1", "abcdef-123456") == "abcdef-123456"
    assert ask("203.0.113.7", "abcdef-123456") != "abcdef-123456"
    assert ask("10.0.0.1", "<script>") != "<script>"


@pytest.mark.parametrize("path", ["//unsubscribe/x", "/unsubscribe/x/", "/forms/checklist/", "//forms/checklist"])
def test_no_answer_moves_a_post_elsewhere(shop: Shop, path: str) -> None:
    assert shop.client.post(path).status_code == 404


def test_pages_are_not_kept_and_the_style_is(shop: Shop) -> None:
    page = shop.client.get("/forms/checklist")
    assert page.headers["Cache-Control"] == "no-store"
    style = re.search(r'href="(/static/[^"]+)"', page.text)
    assert style is not None
    assert "max-age=31536000" in shop.client.get(style[1]).headers["Cache-Control"]


def test_the_root_leads_to_the_forms(shop: Shop) -> None:
    page = shop.client.get("/").text
    for path in re.findall(r'href="(/[^"]*)"', page):
        assert shop.client.get(path).status_code == 200, path
    assert 'href="/forms/checklist"' in page


def test_errors_come_in_the_askers_format(shop: Shop) -> None:
    page = shop.client.get("/nowhere", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert page.content_type.startswith("text/html")
    for headers in ({"Accept": "application/json"}, {"Accept": "application/problem+json"}):
        answer = shop.client.get("/nowhere", headers=headers)
        assert (answer.status_code, answer.content_type) == (404, "application/problem+json")
        assert answer.json["request"] == answer.headers["X-Request-Id"]
    assert shop.client.get("/api/v1/nowhere").content_type == "application/problem+json"


@pytest.fixture(params=["shop", "visited"])
def known(request: pytest.FixtureRequest) -> tuple[Shop, dict[Purpose, str]]:
    """A shop, and a real token of each purpose about somebody who is really there, as far as there is something."""
    shop: Shop = request.getfixturevalue(request.param)
    if request.param == "shop":
        shop.sign_up()
        mail, task = shop.delivery_of(shop.contact()).id, 0
    else:
        mail, task = colleague.mail(shop.runtime, shop.contact().id), colleague.task(shop.runtime, shop.contact().id)
    ana = shop.contact().id
    with shop.runtime.session() as session:
        link = Link(url="https://glow.example/")
        session.add(link)
        session.flush()
        inside = session.scalars(select(Enrolment.id).order_by(Enrolment.id)).first()
        consent = session.scalars(select(Consent.id).order_by(Consent.id)).first() or 0
        values = {purpose: str(inside) for purpose in get_args(Purpose)}
        values |= {"open": f"{mail}", "click": f"{mail}.{link.id}", "manage": f"{ana}.{mail}", "undo": f"{consent}"}
        values |= {"magnet": f"{mail}.checklist", "answer": f"{mail}.happy", "task": f"{task}.reached"}
        values |= {"share": f"{ana}", "my-data": f"{ana}.{int(time.time())}", "calendar": f"{mail}"}
        values["join"] = f"{ana}.{mail}.{'newsletter' if request.param == 'shop' else 'after-your-visit'}"
    return shop, {purpose: shop.runtime.signer.sign(purpose, value) for purpose, value in values.items()}


def test_no_get_or_head_changes_anything_whoever_asks(known: tuple[Shop, dict[Purpose, str]]) -> None:
    shop, tokens = known
    app, seen = shop.client.application, set()
    with writes_of(shop.runtime.engine) as written:
        for route in routes(app):
            for token in tokens.values() if "<token>" in route.rule else ["checklist"]:
                for method in {"GET", "HEAD"} & {route.method}:
                    asked = Asked(method, route.path([token.encode()] * route.parts))
                    answered = ask(app, asked)
                    look(asked, answered)
                    assert written == [], asked
                    seen.add((route.rule, answered.status))
    opened = {rule for rule, status in seen if status in {200, 302, 303}}
    assert {"/preferences/<token>", "/unsubscribe/<token>", "/my-data/<token>", "/click/<token>"} <= opened


def test_whatever_changes_something_needs_what_nobody_can_guess(shop: Shop) -> None:
    """No cookie is read anywhere, so a page of another site can't act for its visitor: it knows no token and no key."""
    for route in routes(shop.client.application):
        if route.method in {"POST", "PUT", "PATCH", "DELETE"}:
            guarded_by = "<token>" in route.rule or route.rule.startswith(("/api/v1/", "/webhooks/"))
            assert guarded_by or route.endpoint == "forms.receive", route


def test_another_sites_request_is_nobodys(shop: Shop) -> None:
    """What a browser would send for a page of another site: its cookies, if there were any, and no key."""
    foreign = {
        "Origin": "https://evil.example",
        "Cookie": "session=1; key=ea_" + "A" * 43,
        "Content-Type": "text/plain",
    }
    with writes_of(shop.runtime.engine) as written:
        for route in routes(shop.client.application):
            if route.rule.startswith("/api/v1/") and route.endpoint != "docs.openapi":
                asked = Asked(route.method, route.path([b"1"] * route.parts), headers=foreign, body=b"{}")
                answered = ask(shop.client.application, asked)
                assert answered.status == 401, asked
                assert not [name for name, _ in answered.headers if name.startswith("Access-Control-")], asked
    assert written == []


def test_only_what_is_for_other_sites_can_be_read_by_them(shop: Shop) -> None:
    shared = {"/forms/checklist/embed.js", f"/files/{hashlib.sha256(PNG).hexdigest()}/jana.png"}
    for path in {*PATHS, *shared}:
        answer = shop.client.get(path)
        policy = answer.headers["Cross-Origin-Resource-Policy"]
        assert (policy == "cross-origin") == (path in shared), path
        assert answer.headers["X-Frame-Options"] == "DENY"
