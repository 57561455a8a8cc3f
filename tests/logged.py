"""What was logged, and the logs as they were before."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import structlog


@contextmanager
def logs_put_back() -> Iterator[None]:
    """Each test of logs configures them itself, once its own standard output is in place."""
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    yield
    structlog.reset_defaults()
    logging.getLogger().handlers[:] = handlers
    logging.getLogger().setLevel(level)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    """The lines that were logged since it was asked last, each read as JSON."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]
