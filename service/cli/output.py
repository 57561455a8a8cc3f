"""What `everafter up` shows: each process's lines behind its name, progress, and the addresses."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import click

COLOURS = ("cyan", "green", "magenta", "blue", "yellow")
WIDTH = 8


class Terminal:
    """Standard output; once it is closed (`| head`), silence. Colours only for people."""

    def __init__(self) -> None:
        self._people = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        self._colours: dict[str, str] = {}
        self._open = True

    def line(self, name: str, text: str) -> None:
        """A line of a process, behind its name."""
        label = f"{name:<{WIDTH}} │ "
        if self._people:
            colour = self._colours.setdefault(name, COLOURS[len(self._colours) % len(COLOURS)])
            label = click.style(label, fg=colour)
        self.say(label + text)

    def say(self, text: str = "") -> None:
        if not self._open:
            return
        try:
            sys.stdout.write(text + "\n")
            sys.stdout.flush()
        except OSError:
            self._open = False
            with suppress(OSError):  # or Python would complain once more at its end
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Name what is being waited for, and how long it took. One line for people, who watch it grow."""
        began = time.monotonic()
        if self._people:
            sys.stdout.write(f"  {what} …")
            sys.stdout.flush()
        try:
            yield
        except BaseException:
            if self._people:
                self.say()
            raise
        again = "\r" if self._people else ""
        self.say(f"{again}  {what:<32} {time.monotonic() - began:5.1f} s")

    def addresses(self, title: str, rows: Sequence[tuple[str, str]]) -> None:
        """A block of names and addresses that align."""
        width = max(len(name) for name, _ in rows)
        self.say("\n  " + (click.style(title, bold=True) if self._people else title))
        for name, address in rows:
            self.say(f"    {name:<{width}}   {address}")
        self.say()
