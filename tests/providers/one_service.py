"""One service of one's choice before a server that speaks its dialect, for tests of what is that provider's own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from service.ports import Message, Outcome
from service.providers.http import HttpProvider
from service.providers.service import Service
from tests.providers.bench import SOON
from tests.providers.dialects import Dialect, Reply
from tests.providers.http_server import serving


@contextmanager
def sending(service: type[Service], dialect: Dialect, *replies: Reply, **more: str) -> Iterator[HttpProvider]:
    """`replies` are answered to the first requests, in place of the dialect's own."""
    with serving(dialect) as api:
        api.faults.extend(replies)
        provider = HttpProvider(service(**{**dialect.given, dialect.url: api.url, **more}))
        yield provider
        provider.close()


def sent_one(service: type[Service], dialect: Dialect, mail: Message, *replies: Reply, **more: str) -> Outcome:
    """What becomes of one mail."""
    with sending(service, dialect, *replies, **more) as provider:
        [outcome] = provider.send([mail], time.monotonic() + SOON)
        return outcome
