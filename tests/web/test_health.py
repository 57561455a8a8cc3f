"""Alive, ready, and what is counted."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from service.runtime import Runtime
from service.settings import Settings
from service.store.access import ApiKey
from service.web.health import PATIENCE
from tests.web.shop import Shop

OpenShop = Callable[..., Shop]
NOWHERE = "postgresql+psycopg://nobody@127.0.0.1:1/nothing"
ELSEWHERE = {"REMOTE_ADDR": "203.0.113.7"}
KEY = "ea_" + "k" * 43


def test_all_is_well(shop: Shop) -> None:
    assert shop.client.get("/healthz").json == {"status": "alive"}
    answer = shop.client.get("/readyz")
    assert (answer.status_code, answer.json) == (200, {"status": "ready"})


def test_without_redis_it_is_ready_and_says_so(open_shop: OpenShop) -> None:
    answer = open_shop(redis_url="redis://127.0.0.1:1/0").client.get("/readyz")
    assert answer.status_code == 200
    assert (answer.json["status"], answer.json["degraded"]) == ("degraded", "redis")


def test_without_the_database_it_is_alive_and_not_ready(open_shop: OpenShop) -> None:
    shop = open_shop(database_url=NOWHERE)
    assert shop.client.get("/healthz").status_code == 200
    began = time.monotonic()
    answer = shop.client.get("/readyz")
    assert time.monotonic() - began < PATIENCE + 2
    assert answer.status_code == 503
    assert "database" in answer.json["reasons"]
    assert int(answer.headers["Retry-After"]) > 0


def test_an_empty_database_is_to_be_migrated(settings: Settings, empty_database_url: str) -> None:
    shop = Shop(Runtime(settings.model_copy(update={"database_url": empty_database_url})))
    answer = shop.client.get("/readyz")
    shop.runtime.close()
    assert answer.status_code == 503
    assert "everafter migrate" in answer.json["reasons"]["database"]


@pytest.mark.parametrize(("revision", "status"), [("0000", 200), ("9999_the_future", 200), (None, 503)])
def test_a_newer_schema_serves_as_well(shop: Shop, revision: str | None, status: int) -> None:
    """A release migrates first, while the old code still runs."""
    with shop.runtime.session() as session:
        session.execute(text("DELETE FROM alembic_version"))
        if revision:
            session.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": revision})
    assert shop.client.get("/readyz").status_code == status


def test_a_host_with_other_keys_is_not_ready(shop: Shop, open_shop: OpenShop) -> None:
    assert shop.client.get("/readyz").status_code == 200
    answer = open_shop(secret_keys=("x" * 40,)).client.get("/readyz")
    assert answer.status_code == 503
    assert "SECRET_KEYS" in answer.json["reasons"]["database"]


def test_metrics_count_without_naming_anybody(shop: Shop) -> None:
    shop.sign_up()
    answer = shop.client.get("/metrics")
    assert answer.status_code == 200
    assert "ana@" not in answer.text
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    deliveries = {sample.labels["state"]: sample.value for sample in families["everafter_deliveries"].samples}
    assert (deliveries["planned"], deliveries["uncertain"]) == (1, 0)
    assert families["everafter_enrolments_active"].samples[0].value == 1
    assert families["everafter_database_up"].samples[0].value == 1
    assert families["everafter_oldest_due_seconds"].samples[0].value == 0
    assert {sample.labels["group"] for sample in families["everafter_pace_factor"].samples} == {"all"}
    assert families["everafter_pace_warm_up_day"].samples[0].value == 0
    routes = {sample.labels["route"] for sample in families["everafter_requests"].samples if sample.labels}
    assert "/forms/<slug>" in routes
    outcomes = {(each.labels["form"], each.labels["outcome"]) for each in families["everafter_signups"].samples}
    assert ("checklist", "accepted") in outcomes


def test_metrics_are_not_everybodys(shop: Shop) -> None:
    assert shop.client.get("/metrics", environ_base=ELSEWHERE).status_code == 401
    assert shop.client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.7"}).status_code == 401
    with shop.runtime.session() as session:
        digest = hashlib.sha256(KEY.encode()).digest()
        session.add(ApiKey(name="prometheus", digest=digest, scopes=["metrics"]))
        session.add(
            ApiKey(name="crm", digest=hashlib.sha256((KEY[:-1] + "x").encode()).digest(), scopes=["events:write"])
        )
    headers = {"Authorization": f"Bearer {KEY}"}
    assert shop.client.get("/metrics", environ_base=ELSEWHERE, headers=headers).status_code == 200
    headers = {"Authorization": f"Bearer {KEY[:-1]}x"}
    assert shop.client.get("/metrics", environ_base=ELSEWHERE, headers=headers).status_code == 403


def test_metrics_say_that_the_database_is_away(open_shop: OpenShop) -> None:
    answer = open_shop(database_url=NOWHERE).client.get("/metrics")
    assert answer.status_code == 200
    assert "everafter_database_up 0.0" in answer.text
    assert "everafter_deliveries{" not in answer.text
