"""What one worker process keeps between its jobs: RQ calls a function without arguments, so it is looked up here."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from service.runtime import Runtime
from service.settings import read_settings

OFTEN = (10_000, 10, 10)  # how many new values, of each generation, before garbage is looked for
SELDOM = (300_000, 20, 100)

stopping = threading.Event()
calling = threading.Lock()  # held by the thread that calls other services


@lru_cache(maxsize=1)
def runtime() -> Runtime:
    """This process's runtime, opened once."""
    opened = Runtime(read_settings())
    keep_code()
    return opened


def keep_code() -> None:
    """Never look for garbage in the code itself, and in the rest often enough that a long run stays as small as it was:
    what mails leave in circles was 20 MB and more before anybody looked."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*OFTEN)


@contextmanager
def collecting_seldom() -> Iterator[None]:
    """Look for garbage seldom while the context lasts, and once at its end.

    A batch makes hundreds of thousands of small values and lets go of them all at its end, without any help; to look
    through them at every seven hundredth is a fifth of the time that arbitration takes.
    """
    gc.set_threshold(*SELDOM)
    try:
        yield
    finally:
        gc.set_threshold(*OFTEN)
        gc.collect(1)
