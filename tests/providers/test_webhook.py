from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from service.providers import webhook
from service.providers.webhook import WebhookCaller
from tests.providers.receiver import Receiver, receive
from tests.waiting import until


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receive() as receiver:
        yield receiver


@pytest.mark.parametrize("status", [200, 202, 204])
def test_2xx_is_taken_and_the_exact_bytes_arrive(receiver: Receiver, status: int) -> None:
    receiver.status = status
    called = WebhookCaller().call(receiver.url, {"webhook-id": "msg_1"}, b'{"a": "\xc3\xa9"}')
    assert called.taken
    [(headers, body)] = receiver.got
    assert (headers["webhook-id"], headers["content-type"], body) == ("msg_1", "application/json", b'{"a": "\xc3\xa9"}')


@pytest.mark.parametrize(("status", "is_final"), [(400, False), (404, False), (410, True), (429, False), (500, False)])
def test_anything_else_is_not_and_410_wants_no_more(receiver: Receiver, status: int, is_final: bool) -> None:
    receiver.status = status
    called = WebhookCaller().call(receiver.url, {}, b"{}")
    assert (called.taken, called.is_final, called.reason) == (False, is_final, f"It answered {status}.")


def test_no_redirect_is_followed(receiver: Receiver) -> None:
    with receive() as elsewhere:
        receiver.status, receiver.headers = 307, {"Location": elsewhere.url}
        called = WebhookCaller().call(receiver.url, {}, b"{}")
        assert "a redirect, and none is followed" in called.reason
        assert elsewhere.got == []


@pytest.mark.parametrize("name", ["127.1", "2130706433", "0.0.0.0"])
def test_no_name_leads_into_a_private_network(receiver: Receiver, name: str) -> None:
    """Each is another spelling of this machine: the connection stands, and nothing is sent over it."""
    called = WebhookCaller().call(receiver.url.replace("127.0.0.1", name), {}, b"{}")
    assert called.reason == "Its name leads into a private network, where nothing is sent."
    assert receiver.got == []


@pytest.mark.parametrize("address", ["10.0.0.1", "169.254.169.254", "192.168.1.1", "[::ffff:10.0.0.1]", "[fd00::1]"])
def test_private_addresses_are_refused_or_not_reached(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "TIMEOUT", 0.3)
    assert not WebhookCaller().call(f"https://{address}/", {}, b"{}").taken


def test_where_nobody_listens_it_could_not_be_reached() -> None:
    assert WebhookCaller().call("http://127.0.0.1:9/", {}, b"{}").reason == "It could not be reached."
    assert not WebhookCaller().call("https://nowhere.invalid/", {}, b"{}").taken


def test_whoever_answers_letter_by_letter_is_cut_off(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "DEADLINE", 1.0)
    receiver.drip = 30.0
    began = time.monotonic()
    called = WebhookCaller().call(receiver.url, {}, b"{}")
    assert called.reason == "It did not answer within 1 seconds."
    assert time.monotonic() - began < 20


def test_nobody_reads_an_answer_without_end(receiver: Receiver) -> None:
    receiver.status, receiver.body = 200, b"x" * 20_000_000
    assert WebhookCaller().call(receiver.url, {}, b"{}").taken
    until(lambda: receiver.heard_out, "the receiver has done with it")
    assert receiver.heard_out == [False]


def test_no_proxy_of_the_environment_is_asked(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert WebhookCaller().call(receiver.url, {}, b"{}").taken
