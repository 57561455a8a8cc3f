"""How fast somebody may be: a form that comes back sooner than a person can is asked for once more, never lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from service.domain.token import Signer
from service.store.contact import Contact
from service.web.public.fill import fill_token, is_too_fast
from tests.web.shop import Shop
from tests.web.test_forms import Page

SIGNER = Signer(["a key for these tests, long enough to be one"])
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
QUICK = "That was very quick."


def hidden(page: str) -> dict[str, str]:
    return {str(each["name"]): str(each["value"]) for each in Page(page).all("input") if each.get("type") == "hidden"}


@pytest.mark.usefixtures("slow_people")
def test_what_no_person_fills_in_so_fast_is_asked_for_once_more(shop: Shop) -> None:
    carried = hidden(shop.client.get("/forms/checklist").text)["fill"]
    assert shop.runtime.signer.read("fill", carried)
    fill = shop.fill(seconds=0)
    again = shop.sign_up(first_name="Ana", fill=fill)
    assert again.status_code == 422
    assert QUICK in again.text
    fields = {each["name"]: each.get("value") for each in Page(again.text).all("input")}
    assert (fields["email"], fields["first_name"]) == ("ana@example.org", "Ana")
    assert not shop.all(Contact)
    # It keeps its time, so the next press is late enough.
    assert hidden(again.text)["fill"] == fill


@pytest.mark.usefixtures("slow_people")
def test_programs_are_told_in_json(shop: Shop) -> None:
    answer = shop.client.post("/forms/checklist", json={"email": "ana@example.org", "fill": shop.fill(seconds=0)})
    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")
    assert QUICK in answer.json["detail"]
    assert "errors" not in answer.json
    assert not shop.all(Contact)


@pytest.mark.parametrize(
    ("seconds", "is_fast"), [(0, True), (1.4, True), (1.6, False), (100_000, False), (-0.5, False), (-30, False)]
)
def test_the_line_is_at_a_second_and_a_half(seconds: float, is_fast: bool) -> None:
    token = fill_token(SIGNER, NOW)
    assert is_too_fast(SIGNER, token, NOW + timedelta(seconds=seconds)) is is_fast


@pytest.mark.parametrize("microsecond", [0, 49_999, 50_000, 99_999, 950_000, 999_999])
def test_what_comes_back_at_once_is_too_fast_at_any_fraction_of_a_second(microsecond: int) -> None:
    now = NOW.replace(microsecond=microsecond)
    assert is_too_fast(SIGNER, fill_token(SIGNER, now), now)


def test_whoever_takes_their_time_is_let_in(shop: Shop) -> None:
    assert shop.sign_up(fill=shop.fill(seconds=2)).status_code == 303


@pytest.mark.parametrize("fill", ["", "x", "1795359161.1.forged", ["a"], {"a": 1}, 5, None, "9" * 500])
def test_a_form_without_our_time_is_welcome(shop: Shop, fill: object) -> None:
    assert shop.client.post("/forms/checklist", json={"email": "ana@example.org", "fill": fill}).status_code == 202


def test_another_links_token_is_no_time(shop: Shop) -> None:
    assert shop.sign_up(fill=shop.runtime.signer.sign("manage", "1.0")).status_code == 303


def test_what_does_not_fit_is_said_first(shop: Shop) -> None:
    answer = shop.client.post("/forms/checklist", json={"email": "ana", "fill": shop.fill(seconds=0)})
    assert list(answer.json["errors"]) == ["email"]
