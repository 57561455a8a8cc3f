"""A provider over HTTP with the other side of it, for tests of what is its own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from service.ports import Message, Outcome
from service.providers.http import HttpProvider
from tests.providers.dialects import Dialect, Reply
from tests.providers.http_server import serving


@contextmanager
def sending(service: type[Any], dialect: Dialect, *replies: Reply, **more: str) -> Iterator[HttpProvider]:
    """`replies` are answered to the first requests, in place of the dialect's own."""
    with serving(dialect) as api:
        api.faults.extend(replies)
        provider = HttpProvider(service(**{**dialect.given, dialect.url: api.url, **more}))
        yield provider
        provider.close()


def sent_one(service: type[Any], dialect: Dialect, mail: Message, *replies: Reply, **more: str) -> Outcome:
    """What becomes of one mail."""
    with sending(service, dialect, *replies, **more) as provider:
        [outcome] = provider.send([mail], time.monotonic() + 5.0)
        return outcome
