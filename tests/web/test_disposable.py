"""Mailboxes that are thrown away, where a form refuses them; and all those that are never thrown away."""

from __future__ import annotations

import pytest

from service.store.contact import Contact
from service.web.public.disposable import is_disposable
from tests.web.shop import Shop


@pytest.mark.parametrize("domain", ["mailinator.com", "yopmail.com", "guerrillamail.com", "some.where.mailinator.com"])
def test_a_throw_away_mailbox_is_one(domain: str) -> None:
    assert is_disposable(f"ana@{domain}")


@pytest.mark.parametrize(
    "address",
    [
        "dpdcnf87nu@privaterelay.appleid.com",
        "ana.hidden-0x@icloud.com",
        "a1b2c3@mozmail.com",
        "ana@duck.com",
        "ana+glow@gmail.com",
        "ana+mailinator.com@glow.example",
        "ana@example.org",
        "ana@mailinator.com.glow.example",
    ],
)
def test_relays_and_plus_addresses_are_none(address: str) -> None:
    assert not is_disposable(address)


def test_a_form_may_refuse_them_and_says_so(shop: Shop) -> None:
    answer = shop.client.post("/forms/card", json={"email": "ana@mailinator.com"})
    assert answer.status_code == 422
    assert "an address that stays" in answer.json["errors"]["email"]
    assert not shop.all(Contact)


@pytest.mark.parametrize("address", ["dpdcnf87nu@privaterelay.appleid.com", "ana+glow@example.org"])
def test_such_a_form_takes_all_others(shop: Shop, address: str) -> None:
    assert shop.sign_up(address, slug="card").status_code == 303
    assert shop.contact(address).email == address


def test_every_other_form_takes_them(shop: Shop) -> None:
    assert shop.sign_up("ana@mailinator.com").status_code == 303
