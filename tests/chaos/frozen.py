"""Processes that stand still: a machine that swaps, a line that is cut, a laptop that was closed."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import psutil


@contextmanager
def frozen(processes: Sequence[psutil.Process]) -> Iterator[None]:
    """All of them stand still while the `with` lasts, and answer nobody, what they have just started among them."""
    still = list(processes)
    _signal(still, signal.SIGSTOP)
    try:
        still += (late := _began_meanwhile(still))
        _signal(late, signal.SIGSTOP)
        yield
    finally:
        _signal(still, signal.SIGCONT)


def _began_meanwhile(processes: Sequence[psutil.Process]) -> list[psutil.Process]:
    """What they had started by the time they stood still, and is not among them."""
    found: list[psutil.Process] = []
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            found += [child for child in process.children() if child not in processes]
    return found


def _signal(processes: Sequence[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)
