"""How often one network, or one address, may sign up."""

from __future__ import annotations

import time
from collections.abc import Callable
from ipaddress import ip_network

import pytest
from limits import RateLimitItemPerMinute

from service.settings import SettingsError, read_settings
from service.store.contact import Contact
from service.web.limits import PER_ADDRESS, read_limits, share
from tests.web.shop import Shop

OpenShop = Callable[..., Shop]


def ask(shop: Shop, number: int, network: str = "203.0.113.7", **headers: str) -> int:
    answer = shop.client.post(
        "/forms/checklist",
        data={"email": f"ana{number}@example.org"},
        headers=headers,
        environ_base={"REMOTE_ADDR": network},
    )
    return answer.status_code


@pytest.fixture
def strict(open_shop: OpenShop) -> Shop:
    """A shop that takes three signups an hour from one network."""
    shop = open_shop(form_limits="3/hour")
    shop.publish()
    return shop


def test_over_the_limit_the_filled_in_form_comes_back_with_the_time_to_wait(strict: Shop) -> None:
    assert [ask(strict, number) for number in range(3)] == [303] * 3
    page = strict.client.post(
        "/forms/checklist",
        data={"email": "late@example.org", "first_name": "Ana"},
        environ_base={"REMOTE_ADDR": "203.0.113.7"},
    )
    assert page.status_code == 429
    assert 3500 < int(page.headers["Retry-After"]) <= 3600
    assert 'value="late@example.org"' in page.text
    assert 'value="Ana"' in page.text
    assert "60 minutes" in page.text
    program = strict.client.post(
        "/forms/checklist", json={"email": "late@example.org"}, environ_base={"REMOTE_ADDR": "203.0.113.7"}
    )
    assert (program.status_code, program.content_type) == (429, "application/problem+json")
    assert int(program.headers["Retry-After"]) > 0
    assert len(strict.all(Contact)) == 3


def test_the_default_is_thirty_a_minute(open_shop: OpenShop) -> None:
    shop = open_shop()
    shop.publish()
    assert [ask(shop, number) for number in range(31)] == [303] * 30 + [429]


def test_another_network_has_a_limit_of_its_own(strict: Shop) -> None:
    assert [ask(strict, number) for number in range(4)][-1] == 429
    assert ask(strict, 5, "203.0.113.8") == 303


def test_an_ipv6_network_counts_as_one(strict: Shop) -> None:
    assert [ask(strict, number, f"2001:db8:0:1::{number}") for number in range(4)] == [303, 303, 303, 429]
    assert ask(strict, 5, "2001:db8:0:2::1") == 303


def test_who_mistypes_uses_up_nothing(strict: Shop) -> None:
    for _ in range(5):
        assert strict.client.post("/forms/checklist", data={"email": "ana"}).status_code == 422
    assert ask(strict, 1, "127.0.0.1") == 303


def test_only_a_trusted_proxy_says_who_asks(open_shop: OpenShop) -> None:
    shop = open_shop(form_limits="1/hour", trusted_proxies=(ip_network("10.0.0.0/8"),))
    shop.publish()
    forged = [ask(shop, number, **{"X-Forwarded-For": f"198.51.100.{number}"}) for number in range(2)]
    assert forged == [303, 429]
    behind = [ask(shop, number, "10.0.0.1", **{"X-Forwarded-For": f"198.51.100.{number}"}) for number in range(2)]
    assert behind == [303, 303]
    claimed = [ask(shop, 9, "10.0.0.1", **{"X-Forwarded-For": f"{n}.1.1.1, 198.51.100.9, 10.0.0.2"}) for n in (1, 2)]
    assert claimed == [303, 429]


def test_off_is_off(shop: Shop) -> None:
    assert {ask(shop, number) for number in range(40)} == {303}
    assert {shop.sign_up().status_code for _ in range(40)} == {303}


def test_one_address_has_a_limit_whichever_networks_it_comes_from(open_shop: OpenShop) -> None:
    shop = open_shop()
    shop.publish()
    most = PER_ADDRESS[0].amount
    answers = [ask(shop, 1, f"203.0.113.{number}") for number in range(most + 1)]
    assert answers == [303] * most + [429]
    assert ask(shop, 2) == 303
    assert not any(b"ana1" in key for key in shop.runtime.redis.scan_iter())


def test_without_redis_this_process_counts_and_nobody_waits(open_shop: OpenShop) -> None:
    shop = open_shop(form_limits="3/hour", redis_url="redis://127.0.0.1:1/0")
    shop.publish()
    ask(shop, 0)
    began = time.monotonic()
    assert [ask(shop, number) for number in range(1, 4)] == [303, 303, 429]
    assert time.monotonic() - began < 2
    assert len(shop.all(Contact)) == 3


def test_everybody_together_has_a_limit_and_who_is_over_it_loses_nothing(open_shop: OpenShop) -> None:
    shop = open_shop(form_limits_of_all="3/hour")
    shop.publish()
    answers = [ask(shop, number, f"203.0.113.{number}") for number in range(4)]
    assert answers == [303, 303, 303, 429]
    page = shop.client.post("/forms/checklist", data={"email": "late@example.org", "first_name": "Ana"})
    assert page.status_code == 429
    assert 0 < int(page.headers["Retry-After"]) <= 3600
    assert "A great many people" in page.text
    assert 'value="late@example.org"' in page.text
    assert len(shop.all(Contact)) == 3
    assert shop.client.get("/forms/checklist").status_code == 200


def test_what_one_network_sends_in_vain_uses_up_nothing_of_everybodys(open_shop: OpenShop) -> None:
    shop = open_shop(form_limits="2/hour", form_limits_of_all="4/hour")
    shop.publish()
    assert [ask(shop, number) for number in range(10)] == [303] * 2 + [429] * 8
    assert [ask(shop, number, "203.0.113.8") for number in (20, 21)] == [303] * 2


def test_without_redis_a_process_takes_its_careful_share_and_pages_open(open_shop: OpenShop) -> None:
    shop = open_shop(
        form_limits="8/hour",
        form_limits_of_all="20 / 20 years",  # an hour ends by the clock, and part of it is forgotten then
        web_processes=2,
        redis_url="redis://127.0.0.1:1/0",
    )
    shop.publish()
    # Of one network a half, as there are two processes; of all a quarter, as there may be another host.
    assert [ask(shop, number) for number in range(5)] == [303] * 4 + [429]
    assert [ask(shop, number, "203.0.113.8") for number in (10, 11)] == [303, 429]
    assert shop.client.get("/forms/checklist").status_code == 200
    assert shop.client.get("/forms/checklist/embed.js").status_code == 200


def test_a_share_is_never_nothing() -> None:
    assert [str(each) for each in share(read_limits("3/minute; 100/hour"), 8)] == ["1 per 1 minute", "12 per 1 hour"]
    assert list(share(read_limits("5 / 10 minutes"), 2)) == [RateLimitItemPerMinute(2, 10)]
    assert read_limits(" OFF ") == ()


@pytest.mark.parametrize("written", ["30/minute; 200/hour", "off", " OFF ", "5 / 10 minutes, 1/day"])
def test_limits_that_settings_let_pass_can_be_counted(open_shop: OpenShop, written: str) -> None:
    shop = open_shop(form_limits=read_settings({"FORM_LIMITS": written}).form_limits)
    shop.publish()
    assert ask(shop, 1) == 303


@pytest.mark.parametrize("name", ["FORM_LIMITS", "FORM_LIMITS_OF_ALL"])
@pytest.mark.parametrize("written", ["", "a lot", "0/minute", "5/fortnight", "5/minute 6/hour"])
def test_limits_that_cannot_be_read_stop_the_start(name: str, written: str) -> None:
    with pytest.raises(SettingsError, match=rf"{name}: .*30/minute"):
        read_settings({name: written})
