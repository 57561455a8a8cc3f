from __future__ import annotations

from base64 import b64decode
from datetime import timedelta

from service.domain.webhook import PAUSES, pause_after, secret_of, shown, signed

ROOT = "00" * 32


def test_a_call_is_signed_as_standard_webhooks_says() -> None:
    """The signature is the one that `standardwebhooks` 1.1.0 of PyPI makes of the same."""
    secret = b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    assert signed(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}') == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_every_webhook_has_a_secret_of_its_own_that_stays() -> None:
    assert secret_of(ROOT, "crm") == secret_of(ROOT, "crm")
    assert secret_of(ROOT, "crm") != secret_of(ROOT, "shop")
    assert secret_of("11" * 32, "crm") != secret_of(ROOT, "crm")
    assert shown(secret_of(ROOT, "crm")).startswith("whsec_")
    assert b64decode(shown(secret_of(ROOT, "crm")).removeprefix("whsec_")) == secret_of(ROOT, "crm")


def test_pauses_grow_over_a_day_and_then_it_is_given_up() -> None:
    assert list(PAUSES) == sorted(PAUSES)
    assert timedelta(hours=24) <= sum(PAUSES, timedelta()) <= timedelta(hours=25)
    assert [pause_after(attempt) for attempt in (1, len(PAUSES), len(PAUSES) + 1)] == [PAUSES[0], PAUSES[-1], None]
