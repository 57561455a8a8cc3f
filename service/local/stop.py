"""Ctrl-C, SIGTERM and a closed terminal, as one exception that unwinds what was started."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """Somebody asked us to end."""


@contextmanager
def stop_on_signals() -> Iterator[None]:
    """Raise Stopped in the main thread at the first signal; later ones are ignored while we end, which is bounded.

    A hang-up that our starter ignores (nohup) stays ignored.
    """
    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number in SIGNALS:
        if number != signal.SIGHUP or before[number] != signal.SIG_IGN:
            signal.signal(number, _stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(number: int, frame: FrameType | None) -> None:
    for other in SIGNALS:
        signal.signal(other, signal.SIG_IGN)
    raise Stopped
