"""What to do where a tool of these tests is not installed."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

REQUIRED = "EVERAFTER_REQUIRE_BROWSER"  # `.ci/run` sets it


def missing(what: str) -> NoReturn:
    """Skip, and say why; fail where the browser tests must run."""
    if os.environ.get(REQUIRED):
        pytest.fail(f"{what}, and {REQUIRED} is set.", pytrace=False)
    pytest.skip(f"{what}; the browser tests are left out.")
