"""A simulated calendar for people: one line a touch, what happened in between, and what it comes to."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

import click

from service.domain.simulation.calendar import Calendar, Touch
from service.domain.simulation.life import Note

COLOURS = {"sent": "green", "done": "cyan", "held": "yellow", "skipped": "bright_black"}
OTHERWISE = "magenta"  # expired, cancelled
PAPER = 150  # columns where nobody looks at a terminal
NARROWEST = 24  # columns that a reason needs
HEADINGS = ("when", "sequence", "step", "touch", "state", "reason")


def print_calendar(calendar: Calendar, first_name: str | None, currency: str) -> None:
    """Write the calendar to standard output, in colours where people look."""
    is_terminal = sys.stdout.isatty()
    width = max(shutil.get_terminal_size().columns, 80) if is_terminal else PAPER
    coloured = is_terminal and "NO_COLOR" not in os.environ
    for line in lines(calendar, first_name, currency, width):
        click.echo(line if coloured else click.unstyle(line))


def lines(calendar: Calendar, first_name: str | None, currency: str, width: int) -> Iterator[str]:
    """The whole of it, styled, no line wider than `width` columns where that can be."""
    yield click.style(_title(calendar, first_name), bold=True)
    yield from (f"  {each}" for each in calendar.assumed)
    yield ""
    rows = [_cells(touch) for touch in calendar.touches]
    columns = [max(map(len, column)) for column in zip(HEADINGS[:5], *rows, strict=True)]
    yield click.style(_row(HEADINGS[:5], columns) + HEADINGS[5], underline=True)
    for entry in _in_order(calendar):
        if isinstance(entry, Note):
            when = f"{entry.at.astimezone(calendar.zone):%a %Y-%m-%d %H:%M}"
            yield click.style(f"{when}  · {entry.text}", dim=True)
        else:
            yield from _touch_lines(entry, columns, width)
    yield ""
    yield from _summary(calendar, currency)


def _in_order(calendar: Calendar) -> list[Touch | Note]:
    """Events come before the touches of their instant, and why a mail waited before what became of it."""
    found: list[tuple[datetime, int, Touch | Note]] = [(note.at, 0, note) for note in calendar.notes]
    found += [(touch.at, 2, touch) for touch in calendar.touches]
    found += [(wait.at, 1, wait) for touch in calendar.touches for wait in touch.waits() if wait.at >= calendar.start]
    return [entry for _, _, entry in sorted(found, key=lambda each: each[:2])]


def _cells(touch: Touch) -> tuple[str, str, str, str, str]:
    what = {"email": f"mail {touch.mail_class}", "task": f"task {touch.what}"}.get(touch.kind, touch.kind)
    return f"{touch.local:%a %Y-%m-%d %H:%M}", touch.sequence, touch.step, what, touch.state


def _row(cells: tuple[str, ...], columns: list[int]) -> str:
    return "".join(f"{cell:<{column}}  " for cell, column in zip(cells, columns, strict=True))


def _touch_lines(touch: Touch, columns: list[int], width: int) -> Iterator[str]:
    *cells, state = _cells(touch)
    indent = sum(columns) + 2 * len(columns)
    reason = textwrap.wrap(touch.reason, max(width - indent, NARROWEST)) or [""]
    start = _row(tuple(cells), columns[:-1])
    colour = COLOURS.get(touch.state, OTHERWISE)
    yield f"{start}{click.style(f'{state:<{columns[-1]}}', fg=colour)}  {reason[0]}"
    yield from (" " * indent + line for line in reason[1:])


def _title(calendar: Calendar, first_name: str | None) -> str:
    who = f"{first_name} <{calendar.email}>" if first_name else calendar.email
    first, last = (each.astimezone(calendar.zone).date() for each in (calendar.start, calendar.until))
    return f"{who}, {(last - first).days} days from {first:%-d %B %Y}, in {calendar.zone.key} time"


def _summary(calendar: Calendar, currency: str) -> Iterator[str]:
    mails = [touch for touch in calendar.touches if touch.kind == "email" and touch.state == "sent"]
    people = [touch for touch in calendar.touches if touch.kind == "task" and touch.state == "done"]
    cost = sum((touch.cost or Decimal(0) for touch in people), Decimal(0))
    service = sum(touch.transactional for touch in mails)
    yield click.style(f"{_counted(len(mails), 'mail')}, {service} of them service mail", bold=True)
    yield click.style(f"{_counted(len(people), 'touch', 'touches')} by people, for {cost:.2f} {currency}", bold=True)
    others = Counter(touch.state for touch in calendar.touches if touch.state not in {"sent", "done"})
    if others:
        yield "not done: " + ", ".join(f"{count} {state}" for state, count in sorted(others.items()))
    silence = calendar.longest_silence()
    if silence is not None:
        first, last = (each.astimezone(calendar.zone) for each in silence)
        yield f"longest silence: {(last - first).days} days, {first:%-d %B %Y} to {last:%-d %B %Y}"
    begins, count = calendar.busiest_week()
    if count:
        yield f"busiest week: {_counted(count, 'touch', 'touches')} from {begins.astimezone(calendar.zone):%-d %B %Y}"


def _counted(count: int, one: str, many: str = "") -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"
