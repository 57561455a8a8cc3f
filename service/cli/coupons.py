"""`everafter coupons`: codes of another program's, brought in to be given as rewards."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import TextIO

import click

from service.domain.sequence.referral import POOL
from service.local.servers import servers
from service.runtime import Runtime
from service.settings import read_settings
from service.store.reward import add_codes, count_codes

BATCH = 1_000  # codes a transaction
LONGEST = 200  # characters of a code
SHOWN = 20  # refused lines that are told one by one
HEADINGS = ("code", "coupon", "coupon code", "coupon_code", "voucher", "gift code")
EPILOG = "\b\nExample: everafter coupons import gift-cards codes.csv"


@click.group(help=__doc__, epilog=EPILOG)
def coupons() -> None: ...


@coupons.command("import", epilog=EPILOG)
@click.argument("pool")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_context
def bring_in(context: click.Context, pool: str, file: Path) -> None:
    """Put the codes of a CSV file into the pool that business.yaml names: `referral: {referrer: {pool: gift-cards}}`.

    The codes stand in the column `code`, or in the first one of a file without headings. To bring the same file in
    again changes nothing, and a code that was given is never given again.
    """
    if not POOL.fullmatch(pool):
        raise click.BadParameter("letters, digits and hyphens, as in business.yaml", param_hint="POOL")
    refused: list[str] = []
    added = known = 0
    with file.open("rb") as raw, TextIOWrapper(raw, encoding="utf-8-sig", newline="") as text, _runtime() as runtime:
        codes = _codes(text, file.name, refused)
        while batch := list(islice(codes, BATCH)):
            with runtime.session() as session:
                new = add_codes(session, pool, batch)
            added, known = added + new, known + len(batch) - new
    for each in refused[:SHOWN]:
        click.echo(each, err=True)
    click.echo(f"{added:,} added to {pool}, {known:,} stood there already, {len(refused):,} refused.")
    context.exit(1 if refused else 0)


@coupons.command("list", epilog="\b\nExample: everafter coupons list")
def show() -> None:
    """Say how many codes each pool holds, and how many are left."""
    with _runtime() as runtime, runtime.session() as session:
        pools = list(count_codes(session))
    if not pools:
        click.echo("No pool holds a code. Bring some in: everafter coupons import POOL codes.csv")
        return
    width = max(len(pool) for pool, _, _ in pools)
    for pool, in_all, left in pools:
        click.echo(f"{pool:<{width}}  {left:>9,} left of {in_all:>9,}")


def _codes(text: TextIO, name: str, refused: list[str]) -> Iterator[str]:
    """The codes of a file, in their order; lines that hold none are noted. Raises click.ClickException."""
    reader = csv.reader(text)
    column = 0
    try:
        for number, row in enumerate(reader):
            cells = [cell.strip() for cell in row]
            heading = next((at for at, cell in enumerate(cells) if cell.lower() in HEADINGS), None)
            if number == 0 and heading is not None:
                column = heading
            elif any(cells):
                code = cells[column] if column < len(cells) else ""
                if code and len(code) <= LONGEST and code.isprintable():
                    yield code
                else:
                    refused.append(f"{name}:{reader.line_num}: there is no code of at most {LONGEST} characters")
    except (csv.Error, UnicodeDecodeError) as error:
        raise click.ClickException(f"Line {reader.line_num + 1} is no CSV in UTF-8: {error}.") from None


@contextmanager
def _runtime() -> Iterator[Runtime]:
    with servers(read_settings(), "everafter coupons") as settings:
        runtime = Runtime(settings)
        try:
            yield runtime
        finally:
            runtime.close()
