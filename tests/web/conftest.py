"""A shop for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from service.runtime import Runtime
from service.settings import Settings
from tests.web import colleague
from tests.web.shop import Shop
from tests.web.site import give_back


@pytest.fixture
def open_shop(settings: Settings) -> Iterator[Callable[..., Shop]]:
    """Opens a shop with other settings; nothing is published yet."""
    opened: list[Shop] = []

    def open_one(**changes: object) -> Shop:
        shop = Shop(Runtime(settings.model_copy(update=changes)))
        opened.append(shop)
        return shop

    yield open_one
    for shop in opened:
        shop.hand_on_hits()  # or they would turn up in the next test's stream, a moment later
        shop.runtime.close()
        give_back(shop.site)


@pytest.fixture
def shop(open_shop: Callable[..., Shop]) -> Shop:
    """A shop that is open for business, without limits."""
    shop = open_shop(form_limits="off")
    shop.publish()
    return shop


@pytest.fixture
def slow_people(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes back while a test runs is sooner than a person can, be the machine ever so slow."""
    monkeypatch.setattr("service.web.public.fill.TOO_FAST", 3600)


@pytest.fixture
def visited(open_shop: Callable[..., Shop]) -> Shop:
    """A shop whose client Ana is asked, and has colleagues working for her: see `tests.web.colleague`."""
    shop = open_shop(form_limits="off")
    colleague.publish_all(shop.runtime)
    colleague.save_ana(shop.runtime)
    return shop
