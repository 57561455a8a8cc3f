"""PostgreSQL is away: nothing is acknowledged, and everything works again by itself."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from service.cli.migrate import migrate
from service.local.home import Home
from service.local.postgres import Postgres
from service.runtime import Runtime
from service.settings import Settings
from service.store.contact import Contact, Suppression
from service.store.engine import REST
from service.store.notice import Notice
from tests.web.shop import Shop


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    """A server of this test's own, to be stopped and started again."""
    with tempfile.TemporaryDirectory(prefix="everafter-tests-", ignore_cleanup_errors=True) as folder:
        home = Home(Path(folder))
        home.make()
        server = Postgres(home, {"fsync": "off"})
        with server:
            migrate(server.url)
        yield server


def test_an_app_starts_before_its_database_and_recovers_from_its_loss(postgres: Postgres, settings: Settings) -> None:
    changes = {"database_url": postgres.url, "form_limits": "off"}
    shop = Shop(Runtime(settings.model_copy(update=changes)))
    assert shop.sign_up().status_code == 503
    assert shop.client.get("/open/x.gif").status_code == 503
    assert shop.client.get("/healthz").status_code == 200
    with postgres:
        shop.publish()
        assert shop.sign_up().status_code == 303
        token = shop.token()
        assert shop.client.get("/open/x.gif").status_code == 404
    for _ in range(2):
        page = shop.sign_up("bea@example.org", first_name="<b>")
        assert page.status_code == 503
        assert int(page.headers["Retry-After"]) > 0
        assert '<input type="hidden" name="email" value="bea@example.org">' in page.text
        assert "<b>" not in page.text
        program = shop.client.post("/forms/checklist", json={"email": "bea@example.org"})
        assert (program.status_code, program.content_type) == (503, "application/problem+json")
        assert int(program.headers["Retry-After"]) > 0
        assert shop.client.post(f"/unsubscribe/{token}").status_code == 503
        assert shop.client.get("/readyz").status_code == 503
    with postgres:
        assert shop.client.get("/readyz").status_code == 200
        assert shop.sign_up("bea@example.org").status_code == 303
        assert shop.client.post(f"/unsubscribe/{token}").status_code == 200
        assert [contact.email for contact in shop.all(Contact)] == ["ana@example.org", "bea@example.org"]
        assert len(shop.all(Suppression)) == 1
        shop.runtime.close()


@pytest.mark.parametrize("rested", [False, True])
def test_connections_that_were_cut_are_replaced(shop: Shop, database_url: str, rested: bool) -> None:
    """One that rested is asked whether it lives; of others the first use tells, and a signup is begun again."""
    assert shop.sign_up().status_code == 303
    shop.runtime._looked = math.inf  # or a look at what is published may be the first use, and the answer 503
    with psycopg.connect(database_url.replace("+psycopg", ""), autocommit=True) as connection:
        cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = "
        connection.execute(cut.encode() + b"current_database()")
    if rested:
        time.sleep(REST)
    assert shop.sign_up("bea@example.org").status_code == 303


def test_before_anything_is_published_nothing_is_taken(open_shop: Callable[..., Shop]) -> None:
    shop = open_shop()
    answer = shop.sign_up()
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert shop.client.get("/").status_code == 200
    shop.publish()
    assert shop.sign_up().status_code == 303


def test_a_database_that_is_not_migrated_takes_nothing(settings: Settings, empty_database_url: str) -> None:
    shop = Shop(Runtime(settings.model_copy(update={"database_url": empty_database_url})))
    assert shop.sign_up().status_code == 503
    assert shop.client.get("/click/x").status_code == 503
    shop.runtime.close()


def test_a_provider_is_asked_to_come_again_while_nothing_can_be_kept(
    postgres: Postgres, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is answered with 2xx stands on the disk: without the database there is no such answer."""
    monkeypatch.setenv("POSTMARK_WEBHOOK_SECRET", "everafter:new-and-long-enough")
    shop = Shop(Runtime(settings.model_copy(update={"database_url": postgres.url})))
    event = {"RecordType": "Delivery", "MessageID": "1", "Recipient": "ana@example.org"}

    def post() -> int:
        auth = ("everafter", "new-and-long-enough")
        return shop.client.post("/webhooks/postmark", json=event, auth=auth).status_code

    assert post() == 503
    with postgres:
        assert post() == 200
        assert len(shop.all(Notice)) == 1
    assert post() == 503
