"""Every provider, one after the other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from service.providers import SERVICES
from tests.providers.bench import Bench, MailServer, opened, opened_over_smtp


@pytest.fixture(params=SERVICES)
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    """Each provider over HTTP."""
    with opened(request.param) as bench:
        yield bench


@pytest.fixture(params=["smtp", *SERVICES])
def any_bench(request: pytest.FixtureRequest) -> Iterator[Bench | MailServer]:
    """All of them."""
    with opened_over_smtp() if request.param == "smtp" else opened(request.param) as bench:
        yield bench
