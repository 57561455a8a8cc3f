"""Amazon SNS asks once whether our address wants a topic: confirmed behind the answer, and for our topics only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import orjson
import pytest
from sqlalchemy import select

from service.clock import machine_now
from service.runtime import Runtime
from service.settings import read_settings
from service.store.notice import Notice
from tests.providers.sns import REGION, the_sns
from tests.web.shop import Shop
from workers.mailroom import read_feedback

TOPIC = f"arn:aws:sns:{REGION}:123456789012:mail"


@pytest.fixture
def shop(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Shop]:
    own = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "EVERAFTER_HOME": str(tmp_path)}
    shop = Shop(Runtime(read_settings({**own, "SES_TOPICS": TOPIC, "SNS_URL": the_sns().url})))
    shop.publish()
    yield shop
    shop.runtime.close()


def post(shop: Shop, note: Mapping[str, str]) -> int:
    said = {"Content-Type": "text/plain; charset=UTF-8", "x-amz-sns-message-type": note["Type"]}
    return shop.client.post("/webhooks/ses", data=orjson.dumps(note), headers=said).status_code


def kept(shop: Shop) -> list[str]:
    with shop.runtime.session() as session:
        return list(session.scalars(select(Notice.state)))


def confirmations() -> int:
    return sum("Action=ConfirmSubscription" in path for path in the_sns().visits)


def test_a_topic_of_ours_is_confirmed_behind_the_answer(shop: Shop) -> None:
    before = confirmations()
    assert post(shop, the_sns().subscription(TOPIC, machine_now())) == 200
    assert (kept(shop), confirmations()) == (["waiting"], before)
    read_feedback(shop.runtime)
    assert (kept(shop), confirmations()) == (["done"], before + 1)
    read_feedback(shop.runtime)
    assert confirmations() == before + 1


def test_a_topic_of_somebody_else_is_not_though_sns_signed_it(shop: Shop) -> None:
    before = len(the_sns().visits)
    assert post(shop, the_sns().subscription(TOPIC.replace("1234", "9999"), machine_now())) == 401
    read_feedback(shop.runtime)
    assert (kept(shop), len(the_sns().visits)) == ([], before)


def test_an_address_that_leads_elsewhere_is_not_understood_and_never_visited(shop: Shop) -> None:
    before = len(the_sns().visits)
    inward = the_sns().subscription(TOPIC, machine_now(), SubscribeURL="http://169.254.169.254/latest/meta-data/")
    assert post(shop, inward) == 400
    read_feedback(shop.runtime)
    assert kept(shop) == []
    assert not any("meta-data" in path for path in the_sns().visits[before:])


def test_while_the_certificate_cannot_be_fetched_sns_is_asked_to_come_again(shop: Shop) -> None:
    """A 4xx would be the end of it: SNS repeats what was answered with 5xx only."""
    away = f"https://sns.{REGION}.amazonaws.com/{machine_now():%H%M%S%f}.pem"
    assert post(shop, the_sns().note("{}", TOPIC, machine_now(), SigningCertURL=away)) == 503
    assert kept(shop) == []
