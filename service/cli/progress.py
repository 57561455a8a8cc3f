"""A bar for what takes longer than a second, on standard error, and only where a person looks."""

from __future__ import annotations

import sys
import time

import click

PATIENCE = 1.0  # seconds


class Progress:
    """Call it with how much of how much is done; it draws itself once a second has passed. A context manager."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._began = time.monotonic()
        self._bar: object = None
        self._done = 0

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.render_finish()  # type: ignore[attr-defined]

    def __call__(self, done: int, total: int) -> None:
        if self._bar is None:
            if time.monotonic() - self._began < PATIENCE or not sys.stderr.isatty():
                return
            self._bar = click.progressbar(length=max(1, total), label=self._what, file=sys.stderr, show_pos=True)
        self._bar.update(done - self._done)  # type: ignore[attr-defined]
        self._done = done
