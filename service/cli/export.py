"""`everafter export`: everybody with their fields, stage, tags and consents, as CSV that other programs read.

One person's whole data is `everafter access`, or `link:my-data` in a mail.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

import click
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.cli.progress import Progress
from service.domain.sequence.model.business import Business
from service.domain.sequence.names import PERSONAL
from service.local.servers import servers
from service.runtime import Runtime
from service.settings import read_settings
from service.store.contact import Contact
from service.store.history import read_standings
from service.store.journey import journey_now

BATCH = 500  # people at a time
COLUMNS = (
    "email",
    *PERSONAL,
    "stage",
    "client_since",
    "source",
    "tags",
    "referral_code",
    "created_at",
)
WISHES = ("agreed_to", "unsubscribed_from", "less_often", "paused_until")
ALL = "everything"  # stands for the topic of a line that is about all mail
LISTED = "; "
# A spreadsheet takes what begins with one of these for a formula (owasp.org, "CSV Injection").
FORMULAS = ("=", "@", "\t", "\r")
SIGNS = ("+", "-")
EPILOG = "\b\nExample: everafter export --out contacts.csv"


@click.command(help=__doc__, epilog=EPILOG)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="The file; standard output without it.")
def export(out: Path | None) -> None:
    with servers(read_settings(), "everafter export") as settings:
        runtime = Runtime(settings)
        try:
            business = runtime.published().library.business
            with _file(out) as file, runtime.session() as session, Progress("Contacts") as show:
                count = _write(session, business, csv.writer(file), show)
        finally:
            runtime.close()
    click.echo(f"{count:,} contact{'s' if count != 1 else ''} written.", err=True)


def _write(session: Session, business: Business, writer: Any, show: Progress) -> int:
    own = [name for name, _ in business.fields]
    writer.writerow([*COLUMNS, *WISHES, *own])
    total = session.scalar(select(func.count()).select_from(Contact)) or 0
    now, count, after = journey_now(session), 0, 0
    while people := session.scalars(_page(after)).all():
        for row in _rows(session, people, own, now):
            writer.writerow(row)
        count, after = count + len(people), people[-1].id
        session.expunge_all()
        show(min(count, total), total)
    return count


def _page(after: int) -> Any:
    return select(Contact).where(Contact.id > after).order_by(Contact.id).limit(BATCH)


def _rows(session: Session, people: Sequence[Contact], own: Sequence[str], now: datetime) -> Iterator[list[str]]:
    standings = read_standings(session, people, now)
    for person in people:
        standing = standings[person.id]
        wishes = {
            "agreed_to": sorted(standing.agreed_to(now)),
            "unsubscribed_from": sorted({line.topic or ALL for line in standing.suppressed}),
            "less_often": person.less_often,
            "paused_until": person.paused_until,
        }
        values = [getattr(person, name) for name in COLUMNS]
        yield [_said(each) for each in (*values, *wishes.values(), *(person.fields.get(name) for name in own))]


def _said(value: object) -> str:
    """A value as a cell: a list by semicolons, a time in UTC, and nothing that a spreadsheet would carry out."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, list):
        return _said(LISTED.join(map(str, value)))
    text = str(value)
    is_number = text[:1] in SIGNS and text[1:].replace(" ", "").replace(".", "").isdigit()
    return f"'{text}" if text.startswith((*FORMULAS, *SIGNS)) and not is_number else text


@contextmanager
def _file(out: Path | None) -> Iterator[TextIO]:
    """Where to write; a file is readable by us alone, for people stand in it."""
    if out is None:
        yield sys.stdout
        return
    out.touch(mode=0o600)
    with out.open("w", encoding="utf-8", newline="") as file:
        yield file
