"""`everafter import`: take people in from a CSV file, as `everafter export` or another program wrote it.

Columns are named like fields (`email`, `first_name`, …, and your own); others are left out. `--map` names them anew.
What is known already is added to and never overwritten. An import is no signup: it begins no sequence, and who has
unsubscribed stays so. Rows that can't be taken are told by their line, and the others kept. To bring the same file in
again changes nothing.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

import click

from service.actions.import_contact import Imported, import_contact
from service.cli.export import ALL, FORMULAS, LISTED, SIGNS
from service.cli.progress import Progress
from service.domain.contact import BadAddress, read_address
from service.domain.field import BadValue, Unfit, read_month_day, read_zone
from service.domain.sequence.business import read_language
from service.domain.sequence.findings import Fault
from service.domain.sequence.model.business import Business
from service.domain.sequence.names import STAGES
from service.local.servers import servers
from service.runtime import Runtime
from service.settings import read_settings
from service.store.journey import journey_now

LONGEST = 500  # characters of a cell
SHOWN = 20  # refused rows that are told one by one
READERS: Mapping[str, Callable[[str], str]] = {
    "birthday": read_month_day,
    "timezone": read_zone,
    "language": read_language,
}
TEXTS = ("first_name", "last_name", "phone", "address", "company")
EPILOG = """\b
Example: everafter import contacts.csv
         everafter import clients.csv --map Mail=email --map Vorname=first_name
         everafter import fair.csv --consent "Signed the list at our stand on 3 May 2026" """

Row = tuple[int, Mapping[str, str]]  # its line in the file, and what stands in it by field


class Refused(ValueError):  # noqa: N818 (what it is)
    """A row that can't be taken."""


@dataclass(slots=True)
class Taken:
    """What came of a file."""

    new: int = 0
    known: int = 0
    refused: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Reading:
    """How rows are read. `wording` is where and in which words people agreed; without it no consent is taken."""

    business: Business
    source: str
    wording: str


@click.command(help=__doc__, epilog=EPILOG)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--map", "renamed", multiple=True, metavar="COLUMN=FIELD", help="What a column is; repeatable.")
@click.option("--consent", "wording", default="", help="Where, when and in which words they agreed, as evidence.")
@click.pass_context
def bring_in(context: click.Context, file: Path, renamed: tuple[str, ...], wording: str) -> None:
    names = dict(_pair(each) for each in renamed)
    with file.open("rb") as raw, TextIOWrapper(raw, encoding="utf-8-sig", newline="") as text:
        rows, size = _rows(text, names), file.stat().st_size
        with servers(read_settings(), "everafter import") as settings, Progress("Contacts") as show:
            runtime = Runtime(settings)
            try:
                business = runtime.published().library.business
                reading = Reading(business, f"import:{file.name}"[:200], wording.strip())
                taken = _take(runtime, rows, reading, lambda: show(min(size, raw.tell()), size))
            finally:
                runtime.close()
    for each in taken.refused[:SHOWN]:
        click.echo(each, err=True)
    if len(taken.refused) > SHOWN:
        click.echo(f"… and {len(taken.refused) - SHOWN:,} more", err=True)
    click.echo(f"{taken.new:,} new, {taken.known:,} known already, {len(taken.refused):,} refused.")
    context.exit(1 if taken.refused else 0)


def _take(runtime: Runtime, rows: Iterator[Row], reading: Reading, show: Callable[[], None]) -> Taken:
    """Each person in a transaction of their own, so that a row that doesn't fit takes nobody's with it."""
    taken, published = Taken(), runtime.published()
    for number, row in rows:
        try:
            person = _read(row, reading)
            with runtime.session() as session:
                is_new = import_contact(session, published, runtime.hash_key, person, journey_now(session))
        except (Refused, Unfit) as why:
            taken.refused.append(f"line {number}: {why}")
            continue
        taken.new, taken.known = taken.new + is_new, taken.known + (not is_new)
        show()
    return taken


def _pair(written: str) -> tuple[str, str]:
    column, sign, name = written.partition("=")
    if not sign or not column.strip() or not name.strip():
        raise click.BadParameter(f"write it like Vorname=first_name, not {written!r}", param_hint="--map")
    return column.strip().lower(), name.strip()


def _rows(text: TextIO, names: Mapping[str, str]) -> Iterator[Row]:
    """The rows, each with its line, by the names of fields. Raises click.ClickException."""
    reader = csv.DictReader(text)
    try:
        found = [(name or "").strip() for name in reader.fieldnames or ()]
        reader.fieldnames = [names.get(name.lower(), name.lower()) for name in found]
        if "email" not in reader.fieldnames:
            hint = "say which one it is, like --map Mail=email"
            raise click.ClickException(f"No column is called email; there are: {', '.join(found) or 'none'}. {hint}.")
        for row in reader:
            yield reader.line_num, {key: _plain(value or "") for key, value in row.items() if isinstance(key, str)}
    except (csv.Error, UnicodeDecodeError) as error:
        raise click.ClickException(f"Line {reader.line_num + 1} is no CSV in UTF-8: {error}.") from None


def _plain(cell: str) -> str:
    """A cell without what an export puts in front of it for spreadsheets."""
    return cell[1:].strip() if cell[:1] == "'" and cell[1:].startswith((*FORMULAS, *SIGNS)) else cell.strip()


def _read(row: Mapping[str, str], reading: Reading) -> Imported:
    """What a row says. Raises Refused."""
    for name, value in row.items():
        if len(value) > LONGEST or not value.replace("\n", "").replace("\r", "").isprintable():
            raise Refused(f"{name} is longer than {LONGEST} characters, or holds invisible ones")
    try:
        address = read_address(row.get("email", ""))
        columns = {name: read(row[name]) for name, read in READERS.items() if row.get(name)}
    except (BadAddress, BadValue) as error:
        raise Refused(str(error)) from None
    except Fault as fault:
        raise Refused(fault.message) from None
    stage = row.get("stage") or None
    if stage is not None and stage not in STAGES:
        raise Refused(f"the stage is one of {', '.join(STAGES)}, not {stage!r}")
    declared = dict(reading.business.fields)
    return Imported(
        address=address,
        source=reading.source,
        columns=columns | {name: row[name] for name in TEXTS if row.get(name)},
        fields={name: row[name] for name in declared if row.get(name)},
        tags=tuple(_listed(row.get("tags", ""))),
        stage=stage,
        agreed_to=_agreed(row, reading),
        wording=reading.wording,
        left=tuple(None if each == ALL else each for each in _topics(row.get("unsubscribed_from", ""), reading)),
    )


def _agreed(row: Mapping[str, str], reading: Reading) -> tuple[str, ...]:
    """What somebody agreed to: by their row, else to all that takes a consent; nothing where nobody says how."""
    if not reading.wording:
        return ()
    if "agreed_to" in row:
        return tuple(_topics(row["agreed_to"], reading))
    return tuple(topic.name for topic in reading.business.topics if topic.basis == "consent")


def _topics(cell: str, reading: Reading) -> Iterator[str]:
    known = {topic.name for topic in reading.business.topics} | {ALL}
    for each in _listed(cell):
        if each not in known:
            raise Refused(f"there is no topic “{each}” in business.yaml")
        yield each


def _listed(cell: str) -> Iterator[str]:
    return (each.strip() for each in cell.split(LISTED.strip()) if each.strip())
