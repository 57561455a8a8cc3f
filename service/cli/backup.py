"""`everafter backup`: write all that is kept in this home into one file, while everything runs.

In it are the database, all keys included, and the development mailbox. Keep it as you keep a password: it holds
people's addresses, and the key of the list of those who must not be written to.
"""

from __future__ import annotations

from contextlib import suppress
from io import BytesIO
from pathlib import Path

import click
from sqlalchemy import create_engine, text

from service.cli.progress import Progress
from service.clock import machine_now
from service.local.archive import Manifest, Writer, writing
from service.local.dump import SIZES, dump
from service.local.error import LocalError
from service.local.home import Home
from service.local.postgres import MAJOR
from service.local.servers import servers
from service.settings import Settings, read_settings

DATABASE = "database.dump"
KEYS = "keys.env"
MAILBOX = "mailbox/"
ELSEWHERE = (
    "DATABASE_URL is set, so the data isn't in this home. PostgreSQL's own tools back it up: see docs/operations.md."
)
EPILOG = "\b\nExample: everafter backup\n         everafter backup /backups/everafter.zip"


@click.command(help=__doc__, epilog=EPILOG)
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path | None) -> None:
    settings = read_settings()
    if settings.database_url:
        raise LocalError(ELSEWHERE)
    made_at = machine_now()
    path = file or Path(f"everafter-{made_at:%Y-%m-%dT%H%M%SZ}.zip")
    if not path.absolute().parent.is_dir():
        raise LocalError(f"There is no folder {path.absolute().parent}.")
    with servers(settings, "everafter backup") as running:
        tables, revision = _look(running.database_url)
        with writing(path) as archive, Progress("backup") as show:
            dump(running.database_url, lambda source: archive.add(DATABASE, source), tables, show)
            _add_keys(archive, settings)
            _add_mailbox(archive, Home(settings.home).mailbox)
            archive.close(Manifest(made_at.isoformat(), MAJOR, revision, tables))
    click.echo(f"{path}  {path.stat().st_size / 1e6:,.1f} MB, checked by SHA-256 when it is restored.")


def _look(url: str) -> tuple[dict[str, int], str]:
    """Bytes by table, and the last migration."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            if connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
                raise LocalError("There is nothing to back up yet: this home's database is empty.")
            sizes = {str(name): int(size) for name, size in connection.execute(text(SIZES))}
            return sizes, str(connection.scalar(text("SELECT version_num FROM alembic_version")))
    finally:
        engine.dispose()


def _add_keys(archive: Writer, settings: Settings) -> None:
    """Those that were given from outside; the others stand in the database."""
    given = {"SECRET_KEYS": ",".join(settings.secret_keys), "DKIM_KEY": settings.dkim_key.replace("\n", "\\n")}
    lines = [f"{name}={value}" for name, value in given.items() if value]
    if lines:
        archive.add(KEYS, BytesIO("\n".join([*lines, ""]).encode()))


def _add_mailbox(archive: Writer, folder: Path) -> None:
    """What came in so far; a mail that is thrown away meanwhile is left out."""
    for path in sorted(each for part in ("cur", "new") for each in (folder / part).glob("*")):
        with suppress(FileNotFoundError), path.open("rb") as mail:
            archive.add(MAILBOX + path.relative_to(folder).as_posix(), mail)
