"""Processes that stand still: a machine that swaps, a line that is cut, a laptop that was closed."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import psutil


@contextmanager
def frozen(processes: Sequence[psutil.Process]) -> Iterator[None]:
    """All of them stand still while the `with` lasts, and answer nobody."""
    _signal(processes, signal.SIGSTOP)
    try:
        yield
    finally:
        _signal(processes, signal.SIGCONT)


def _signal(processes: Sequence[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)
