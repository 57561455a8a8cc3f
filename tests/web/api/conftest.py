"""An office for each test: a published business behind the real app, and programs with keys."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from service.runtime import Runtime
from service.settings import Settings
from tests.web.api.office import Office
from tests.web.site import give_back


@pytest.fixture
def office(settings: Settings) -> Iterator[Office]:
    runtime = Runtime(settings)
    office = Office(runtime)
    office.publish()
    yield office
    runtime.close()
    give_back(office.app)
