"""Named points at which `tests/chaos` may hold this process, so that it dies, freezes or loses a server just there.

Off, as it always is outside of tests, a point is a call that returns. On, a file of the point's name in the folder of
orders holds the first thread that passes: it adds its process id to the name, and waits until the file is gone. What
happens meanwhile is up to whoever gave the order.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

POINTS = (
    "after_take",  # deliver: mails are taken under a lease
    "after_intent",  # deliver: the intent is committed, no byte has left
    "before_data",  # smtp: the envelope is taken, the mail's own bytes have not left
    "after_accept",  # smtp: the mail was taken, nothing is recorded
    "after_outcome",  # deliver: what came of it is committed
    "mid_signup",  # forms: all is written, nothing committed
    "after_signup_commit",  # forms: committed, not answered
)
LOOK_AGAIN = 0.002  # seconds

_orders: list[Path] = []


def obey(folder: Path | None) -> None:
    """Take orders from a folder, or from nobody. Only the composition root calls this, with what the settings say."""
    _orders[:] = [folder] if folder else []


def reach(point: str) -> None:
    """Pass a point."""
    if _orders:
        _wait(_orders[0] / point)


def _wait(order: Path) -> None:
    taken = order.with_name(f"{order.name}.{os.getpid()}")
    try:
        order.rename(taken)
    except FileNotFoundError:
        return
    while taken.exists():
        time.sleep(LOOK_AGAIN)
