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
ERASE = "\r\033[K"


class Terminal:
    """Standard output; once it is closed (`| head`), silence. Colours and a line that changes only for people."""

    def __init__(self) -> None:
        self._people = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        self._colours: dict[str, str] = {}
        self._waiting = ""  # what stands on the last line, without its end
        self._open = True

    def line(self, name: str, text: str) -> None:
        """A line of a process, behind its name."""
        label = f"{name:<{WIDTH}} │ "
        if self._people:
            colour = self._colours.setdefault(name, COLOURS[len(self._colours) % len(COLOURS)])
            label = click.style(label, fg=colour)
        self.say(label + text)

    def say(self, text: str = "") -> None:
        erase = ERASE if self._waiting else ""
        self._write(f"{erase}{text}\n{self._waiting}")

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Name what is being waited for, and then how long it took."""
        began = time.monotonic()
        if self._people:
            self._waiting = f"  {what} …"
            self._write(self._waiting)
        try:
            yield
        finally:
            erase, self._waiting = (ERASE if self._waiting else ""), ""
            self._write(erase)
        self.say(f"  {what:<32} {time.monotonic() - began:5.1f} s")

    def addresses(self, title: str, rows: Sequence[tuple[str, str]]) -> None:
        """A block of names and addresses that align."""
        width = max(len(name) for name, _ in rows)
        self.say("\n  " + (click.style(title, bold=True) if self._people else title))
        for name, address in rows:
            self.say(f"    {name:<{width}}   {address}")
        self.say()

    def _write(self, text: str) -> None:
        if not self._open:
            return
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except OSError:
            self._open = False
            with suppress(OSError):  # or Python would complain once more at its end
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
