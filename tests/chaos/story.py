"""What happened to one mail or one person, in the order it happened, with what was done to the house around it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from tests.chaos.history import History
from tests.chaos.judge import Violation

NEAR = 20.0  # seconds: how far a fault may lie from what it may explain
MOST = 5  # stories; more than that nobody reads

Moment = tuple[float, str]


def tell(history: History, violations: Sequence[Violation]) -> str:
    """Every broken promise in a line, and the stories of the first of them."""
    lines = [f"{len(violations)} broken promises:", *(f"  {each}" for each in violations[:40])]
    for violation in violations[:MOST]:
        lines += ["", f"The story of {violation.subject}:", *_story(history, violation.subject)]
    return "\n".join(lines)


def _story(history: History, subject: str) -> Iterator[str]:
    moments = sorted({*_of_mails(history, subject), *_of_people(history, subject)})
    if moments:
        first, last = moments[0][0] - NEAR, moments[-1][0] + NEAR
        near = [each for each in history.done if each.until >= first and each.at <= last]
        moments += [(each.at, f"   ~ {each.target} {each.kind} {each.pid or ''} to {_at(each.until)}") for each in near]
    yield from (f"  {_at(at)}  {what}" for at, what in sorted(moments))
    for row in history.rows:
        if subject in {row.id, row.who, row.token}:
            yield f"  now: {row.sequence}/{row.step} of {row.who} {row.id} is {row.state}: {row.reason}"


def _of_mails(history: History, subject: str) -> Iterator[Moment]:
    mine = {row.id for row in history.rows if subject in {row.who, row.token}} | {subject}
    for entry in history.entries:
        if entry.id in mine:
            yield entry.began, f"provider: MAIL for {entry.id}"
            yield entry.at, f"provider: {entry.what} {entry.id}"
    for row in history.rows:
        if row.id in mine and row.handed is not None:
            yield row.handed, f"database: intent of {row.id} by {row.token}"


def _of_people(history: History, subject: str) -> Iterator[Moment]:
    who = {row.who for row in history.rows if row.id == subject} | {subject}
    for what, many in (("sign up", history.signups), ("leave", history.leaves)):
        for told in many:
            if told.who in who:
                yield told.asked, f"{told.who} asks to {what}"
                if told.at is not None:
                    yield told.at, f"{told.who} is told yes ({what}, after {told.tries} tries)"


def _at(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%H:%M:%S.%f}"[:-3]
