"""What one worker process keeps between its jobs: RQ calls a function without arguments, so it is looked up here."""

from __future__ import annotations

import gc
import threading
from functools import lru_cache

from service.runtime import Runtime
from service.settings import read_settings

stopping = threading.Event()
calling = threading.Lock()  # held by the thread that calls other services


@lru_cache(maxsize=1)
def runtime() -> Runtime:
    """This process's runtime, opened once."""
    opened = Runtime(read_settings())
    collect_seldom()
    return opened


def collect_seldom() -> None:
    """Look for garbage seldom, and never in the code itself.

    A batch makes hundreds of thousands of small values and lets go of them all at its end, without any help; to look
    through them at every seven hundredth is a fifth of the time that arbitration takes.
    """
    gc.freeze()
    gc.set_threshold(300_000, 20, 100)
