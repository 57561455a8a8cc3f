"""`everafter suppressions`: whom nothing is sent to: brought in from another service, and taken along to one."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import TextIO

import click

from service.actions.keep_list import put_on_list
from service.cli.progress import Progress
from service.domain.contact import BadAddress, address_hash, read_address
from service.domain.field import read_instant
from service.domain.suppression import REASONS, Line
from service.local.servers import servers
from service.runtime import Runtime
from service.settings import read_settings
from service.store.journey import journey_now
from service.store.suppression import whole_list

COLUMNS = ("email", "address_hash", "topic", "reason", "source", "at", "expires_at")
ADDRESSES = ("email", "e-mail", "email address", "email_address", "address", "recipient")  # as other services say it
BATCH = 500  # rows a transaction
SHOWN = 20  # refused rows that are told one by one
EPILOG = "\b\nExample: everafter suppressions import mailchimp-unsubscribed.csv --reason unsubscribed"


Row = tuple[int, Mapping[str, str]]  # its line in the file, and what stands in it by column


class Refused(ValueError):  # noqa: N818 (what it is)
    """A row that says nothing that can be kept."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How rows are read: under which key addresses are kept, and what a row means that doesn't say it."""

    hash_key: bytes
    topics: frozenset[str]
    reason: str
    source: str
    now: datetime


@dataclass(slots=True)
class Kept:
    """What came of a file."""

    added: int = 0
    known: int = 0
    refused: list[str] = field(default_factory=list)


@click.group(help=__doc__, epilog=EPILOG)
def suppressions() -> None: ...


@suppressions.command("export", epilog="\b\nExample: everafter suppressions export --out suppressions.csv")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="The file; standard output without it.")
def export(out: Path | None) -> None:
    """Write the list as CSV. Of somebody who was forgotten only the keyed hash is there."""
    with _runtime() as runtime, _file(out) as file, runtime.session() as session:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        count = 0
        for line, email in whole_list(session):
            ends = line.expires_at.astimezone(UTC).isoformat() if line.expires_at else ""
            at = line.at.astimezone(UTC).isoformat()
            address = email or ""
            writer.writerow((address, line.address_hash.hex(), line.topic or "", line.reason, line.source, at, ends))
            count += 1
    click.echo(f"{count:,} lines written.", err=True)


@suppressions.command("import", epilog=EPILOG)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--reason", type=click.Choice(REASONS), default="manual", help="Of rows that give none.  [manual]")
@click.pass_context
def bring_in(context: click.Context, file: Path, reason: str) -> None:
    """Put everybody on the list whom a CSV file names, in a column `email` or, from an export, `address_hash`.

    Columns `topic`, `reason`, `at` and `expires_at` are read where they are there. Rows that can't be read are told by
    their line, and the others kept. To bring the same file in again changes nothing.
    """
    with file.open("rb") as raw, TextIOWrapper(raw, encoding="utf-8-sig", newline="") as text:
        rows = _rows(text)
        size = file.stat().st_size
        with _runtime() as runtime, Progress("Suppressions") as show:
            kept = _keep(runtime, rows, reason, file.name, lambda: show(min(size, raw.tell()), size))
    for each in kept.refused[:SHOWN]:
        click.echo(each, err=True)
    if len(kept.refused) > SHOWN:
        click.echo(f"… and {len(kept.refused) - SHOWN:,} more", err=True)
    click.echo(f"{kept.added:,} added, {kept.known:,} stood there already, {len(kept.refused):,} refused.")
    context.exit(1 if kept.refused else 0)


def _keep(runtime: Runtime, rows: Iterator[Row], reason: str, name: str, show: Callable[[], None]) -> Kept:
    """Put all rows on the list, a batch a transaction."""
    published, kept = runtime.published(), Kept()
    with runtime.session() as session:
        now = journey_now(session)
    topics = frozenset(topic.name for topic in published.library.business.topics)
    reading = Reading(runtime.hash_key, topics, reason, f"import:{name}"[:200], now)
    while batch := list(islice(rows, BATCH)):
        with runtime.session() as session:
            for number, row in batch:
                try:
                    line = _read(row, reading)
                except Refused as why:
                    kept.refused.append(f"{name}:{number}: {why}")
                    continue
                changed = put_on_list(session, published, line, now)
                kept.added, kept.known = kept.added + changed, kept.known + (not changed)
        show()
    return kept


def _rows(text: TextIO) -> Iterator[Row]:
    """The rows, each with its line; names of columns in lower case. Raises click.ClickException."""
    reader = csv.DictReader(text)
    names = [(name or "").strip().lower() for name in reader.fieldnames or ()]
    if not {*ADDRESSES, "address_hash"} & set(names):
        raise click.ClickException(f"No column is called email; there are: {', '.join(names) or 'none'}.")
    reader.fieldnames = names
    return _read_rows(reader)


def _read_rows(reader: csv.DictReader[str]) -> Iterator[Row]:
    try:
        for row in reader:
            yield reader.line_num, {key: (value or "").strip() for key, value in row.items() if isinstance(key, str)}
    except (csv.Error, UnicodeDecodeError) as error:
        raise click.ClickException(f"Line {reader.line_num + 1} is no CSV in UTF-8: {error}.") from None


def _read(row: Mapping[str, str], reading: Reading) -> Line:
    """What a row says. Raises Refused."""
    reason, topic = row.get("reason") or reading.reason, row.get("topic") or None
    if reason not in REASONS:
        raise Refused(f"the reason is one of {', '.join(REASONS)}, not {reason!r}")
    if topic is not None and topic not in reading.topics:
        raise Refused(f"there is no topic “{topic}” in business.yaml")
    at = _instant(row.get("at", ""), "at") or reading.now
    expires_at = _instant(row.get("expires_at", ""), "expires_at")
    return Line(_hash(row, reading), topic, reason, row.get("source") or reading.source, at, expires_at)


def _hash(row: Mapping[str, str], reading: Reading) -> bytes:
    written = next((row[name] for name in ADDRESSES if row.get(name)), "")
    if written:
        try:
            return address_hash(reading.hash_key, read_address(written).key)
        except BadAddress as error:
            raise Refused(str(error)) from None
    try:
        known = bytes.fromhex(row.get("address_hash", ""))
    except ValueError:
        known = b""
    if len(known) != len(address_hash(reading.hash_key, "")):
        raise Refused("it names no address")
    return known


def _instant(written: str, name: str) -> datetime | None:
    if not written:
        return None
    try:
        at = read_instant(written)
    except ValueError as error:
        raise Refused(f"{name}: {error}") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


@contextmanager
def _file(out: Path | None) -> Iterator[TextIO]:
    if out is None:
        yield sys.stdout
        return
    with out.open("w", newline="", encoding="utf-8") as file:
        yield file


@contextmanager
def _runtime() -> Iterator[Runtime]:
    with servers(read_settings(), "everafter suppressions") as settings:
        runtime = Runtime(settings)
        try:
            yield runtime
        finally:
            runtime.close()
