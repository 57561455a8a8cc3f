"""A unit of work that is begun again where two of them stood in each other's way."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from service.runtime import Runtime
from service.web.away import sqlstate

COLLISIONS = frozenset({"40P01", "40001"})  # deadlock detected, serialization failure: nothing of it was done
ATTEMPTS = 3

log = structlog.get_logger()

_T = TypeVar("_T")


def transact(runtime: Runtime, work: Callable[[Session], _T]) -> _T:
    """What `work` returns, committed. It may run up to three times, each time in a transaction of its own."""
    attempt = 1
    while True:
        try:
            with runtime.session() as session:
                return work(session)
        except DBAPIError as error:
            if sqlstate(error) not in COLLISIONS or attempt == ATTEMPTS:
                raise
            log.info("transaction.again", attempt=attempt, sqlstate=sqlstate(error))
            attempt += 1
