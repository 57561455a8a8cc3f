"""What one worker process keeps between its jobs: RQ calls a function without arguments, so it is looked up here."""

from __future__ import annotations

import threading
from functools import lru_cache

from service.runtime import Runtime
from service.settings import read_settings

stopping = threading.Event()
calling = threading.Lock()  # held by the thread that calls other services


@lru_cache(maxsize=1)
def runtime() -> Runtime:
    """This process's runtime, opened once."""
    return Runtime(read_settings())
