"""What it looks like when the database is away, so that it can be told apart from a mistake of ours."""

from __future__ import annotations

from sqlalchemy import exc

from service.runtime import NothingPublished
from service.store.secret import KeysDiffer

# SQLSTATE: the migrations have not run yet (undefined table, undefined column), a standby takes no writes.
NOT_YET = frozenset({"42P01", "42703", "25006"})
AGAIN_AFTER = 5  # seconds, for Retry-After


def is_away(error: BaseException) -> bool:
    """Whether this passes by itself once the database is there and published to."""
    if isinstance(error, NothingPublished | KeysDiffer | exc.OperationalError | exc.InterfaceError | exc.TimeoutError):
        return True
    if isinstance(error, exc.DBAPIError):
        return error.connection_invalidated or sqlstate(error) in NOT_YET
    return False


def sqlstate(error: exc.DBAPIError) -> str | None:
    """PostgreSQL's own code for what went wrong, where it said one."""
    code = getattr(error.orig, "sqlstate", None)
    return str(code) if code else None
