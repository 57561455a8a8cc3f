"""No address of a person in an address of the web, a log line, a metric or a referrer header, whatever happens."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from service.local.home import Home
from service.logs import configure
from service.settings import Settings
from tests.logged import logs_put_back
from tests.privacy.life import EMAIL, FIRST, LAST, NETWORK, PHONE, Life

LOCAL, DOMAIN = EMAIL.lower().split("@")
CANARIES = (LOCAL, FIRST.lower(), LAST.lower(), PHONE[-7:], NETWORK)


@pytest.fixture
def told() -> Iterator[None]:
    with logs_put_back():
        configure("web")
        yield


@pytest.fixture
def life(settings: Settings, told: None) -> Iterator[Life]:
    life = Life(settings)
    yield life
    life.close()


def found(text: str) -> list[str]:
    seen = unquote(text).lower()
    return [each for each in (*CANARIES, f"@{DOMAIN}") if each in seen]


@pytest.mark.slow
def test_a_whole_life_leaves_no_address_in_logs_links_metrics_or_headers(
    life: Life, capsys: pytest.CaptureFixture[str]
) -> None:
    life.live()
    metrics = life.client.get("/metrics", environ_base={"REMOTE_ADDR": "127.0.0.1"})
    assert "everafter_requests_total" in metrics.text
    assert found(metrics.text) == []
    for path in ("/nowhere", f"/forms/checklist?email={EMAIL}", "/api/v1/contacts/4711", "/preferences/x.y.z"):
        life.client.get(path)
    life.client.post("/webhooks/inbound", data=EMAIL.encode())
    logged = capsys.readouterr().out
    assert logged.count('"event": "request"') > 20
    assert found(logged) == []
    links = life.links()
    assert len(links) > 10
    assert [link for link in links if found(link)] == []
    assert [link for link in links if EMAIL.lower() in link.lower()] == []
    for answer in life.answers:
        assert found(answer.headers.get("Location", "")) == []
        assert found(answer.request.path) == []
        # Where somebody goes on from our pages, they bring no address of ours along, tokens and all.
        assert answer.headers["Referrer-Policy"] == "no-referrer", answer.request.path
        assert "Set-Cookie" not in answer.headers


def test_a_fault_tells_the_log_no_address(life: Life, capsys: pytest.CaptureFixture[str]) -> None:
    """What the database says of a double names the row; what we log of it does not."""
    life.sign_up(EMAIL)
    life.sign_up("bea@example.org")
    headers = {"Authorization": f"Bearer {life.key}"}
    path = f"/api/v1/contacts/{life.contact('bea@example.org').id}"
    answer = life.client.patch(path, json={"email": EMAIL}, headers=headers)
    assert answer.status_code == 409
    assert found(capsys.readouterr().out) == []


def test_the_log_of_the_embedded_postgresql_names_no_values(life: Life, home: Home, engine: Engine) -> None:
    """PostgreSQL tells the log which value was there already, unless it is asked not to."""
    life.sign_up(EMAIL)
    columns = "email, email_key, address_hash, created_at, updated_at"
    double = f"INSERT INTO contact ({columns}) SELECT {columns} FROM contact WHERE email_key = :key"
    with engine.connect() as connection, pytest.raises(IntegrityError, match="uq_contact_email_key"):
        connection.execute(text(double), {"key": EMAIL.lower()})
    log = (home.log / "postgres.log").read_text()
    assert "uq_contact_email_key" in log
    assert found(log) == []
