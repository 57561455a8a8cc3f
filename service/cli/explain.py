"""Faults that a person can mend, in their words. Anything else is our own mistake and keeps its traceback."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Known:
    message: str
    status: int  # 1: what you asked about is wrong; 2: the call is wrong


# By name, so that the libraries need not be imported to be mentioned. The first that fits is taken.
FAULTS = {
    "service.settings.SettingsError": Known("{error}", 2),
    "service.local.error.LocalError": Known("{error}", 1),
    "service.edition.NotPublishable": Known("{error}", 1),
    "service.runtime.NothingPublished": Known("{error}", 1),
    "service.store.secret.KeysDiffer": Known("{error}", 2),
    "sqlalchemy.exc.OperationalError": Known("The database can't be used: {cause}\nLook at DATABASE_URL.", 1),
    "sqlalchemy.exc.ProgrammingError": Known("The database isn't ready: {cause}\nRun `everafter migrate`.", 1),
    "redis.exceptions.ConnectionError": Known("Redis can't be reached: {error}\nLook at REDIS_URL.", 1),
    "redis.exceptions.TimeoutError": Known("Redis doesn't answer: {error}\nLook at REDIS_URL.", 1),
    "builtins.BrokenPipeError": Known("", 1),
}


def explain(error: Exception) -> Known | None:
    """The words and exit status for a fault that is known, by its class or one it derives from."""
    for kind in type(error).__mro__:
        known = FAULTS.get(f"{kind.__module__}.{kind.__qualname__}")
        if known is not None:
            cause = str(getattr(error, "orig", None) or error).strip().splitlines() or [""]
            return Known(known.message.format(error=error, cause=cause[0]), known.status)
    return None
