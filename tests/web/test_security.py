"""What every answer carries, and what no answer does."""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import ip_network

import pytest

from tests.web.shop import Shop

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
