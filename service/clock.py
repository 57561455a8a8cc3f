"""The only module that reads a wall clock.

*Machine time* is always real: leases, budgets, tokens, the `Date` header. *Journey time* (due, windows, caps) may
run fast for demos and tests; it is read through `service.store.journey`, and equals machine time unless
`everafter up --speed` has ever moved it.
"""

from __future__ import annotations

from datetime import UTC, datetime


def machine_now() -> datetime:
    """The machine's time, aware, in UTC."""
    return datetime.now(UTC)
