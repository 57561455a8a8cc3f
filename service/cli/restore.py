"""`everafter restore`: bring a backup back into this home.

What may have left since the backup was made is not sent again: it is shown as `uncertain`, to be looked up in the mail
server's log. Say --nothing-left where nothing ran since, as after a move to another machine.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click
import structlog

from service.actions.doubt import doubt
from service.actions.reap import reap
from service.cli.backup import DATABASE, ELSEWHERE, KEYS
from service.cli.migrate import migrate
from service.cli.progress import Progress
from service.clock import machine_now
from service.local.archive import Reader
from service.local.dump import load
from service.local.error import LocalError
from service.local.home import Home
from service.local.lock import Lock
from service.local.postgres import MAJOR, Postgres
from service.runtime import NothingPublished, Runtime
from service.settings import Settings, read_settings
from service.store.journey import journey_now

EPILOG = "\b\nExample: everafter restore everafter-2026-11-22T093000Z.zip"


@click.command(help=__doc__, epilog=EPILOG)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Put aside what this home holds now.")
@click.option("--nothing-left", is_flag=True, help="No mail has left since the backup: go on where it stood.")
def restore(file: Path, force: bool, nothing_left: bool) -> None:
    settings = read_settings()
    if settings.database_url:
        raise LocalError(ELSEWHERE)
    home = Home(settings.home)
    home.make()
    with _held(home):
        archive = Reader(file)
        if archive.manifest.postgres != MAJOR:
            raise LocalError(f"{file} holds PostgreSQL {archive.manifest.postgres}'s data; this is {MAJOR}.")
        with _in_place_of(home, force) as aside:
            _bring_back(home, archive)
            doubted = 0 if nothing_left else _doubt(home, settings)
    click.echo(f"{home.path} is as it was at {archive.manifest.made_at[:16].replace('T', ' ')} UTC.")
    if doubted:
        click.echo(
            f"{doubted} mails may have left since: they are uncertain, and not sent again. See docs/operations.md."
        )
    if KEYS in archive.names:
        click.echo(f"Keys were given from outside; they stand in {home.path / KEYS}. Set them before you start.")
    if aside:
        click.echo(f"What was here before is in {aside}; delete it when you don't need it.")


@contextmanager
def _held(home: Home) -> Iterator[None]:
    """The home, for us alone."""
    with ExitStack() as stack:
        for name in ("up.lock", "users.lock"):
            lock = Lock(home.path / name)
            if not lock.take("everafter restore"):
                pid, holder = lock.holder
                raise LocalError(f"`{holder}` (pid {pid}) uses {home.path}. Stop it first; --force is no help here.")
            stack.callback(lock.release)
        yield


@contextmanager
def _in_place_of(home: Home, force: bool) -> Iterator[Path | None]:
    """Room for what comes back; where that fails, everything is as it was."""
    folders = [home.postgres, home.valkey, home.mailbox]
    if not (home.postgres / "data").exists():
        aside = None
    elif not force:
        raise LocalError(f"{home.path} holds data already. Restore into another --home, or put it aside with --force.")
    else:
        aside = home.path / f"before-{machine_now():%Y-%m-%dT%H%M%SZ}"
        aside.mkdir(mode=0o700)
        for folder in folders:
            if folder.exists():
                folder.rename(aside / folder.name)
        home.make()
    try:
        yield aside
    except BaseException:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
            if aside and (aside / folder.name).exists():
                (aside / folder.name).rename(folder)
        if aside:
            aside.rmdir()
        raise


def _bring_back(home: Home, archive: Reader) -> None:
    with Postgres(home) as server, Progress("restore") as show, archive.opened(DATABASE) as dumped:
        load(server.url, dumped, archive.manifest.tables, show)
    for name in archive.names:
        if name == DATABASE:
            continue
        path = (home.path / name).resolve()
        if name != KEYS and home.mailbox not in path.parents:
            raise LocalError(f"The backup wants to write to {name}, which is none of its own places.")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        with archive.opened(name) as member:
            path.write_bytes(member.read())


def _doubt(home: Home, settings: Settings) -> int:
    """How many mails may have left since the backup; each is uncertain now."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))  # or a line for each
    with Postgres(home) as server:
        migrate(server.url)
        runtime = Runtime(settings.model_copy(update={"database_url": server.url}))
        try:
            published = runtime.published()
            with runtime.session() as session:
                count = doubt(session, published, journey_now(session))
            left = count
            while left:
                with runtime.session() as session:
                    left = reap(session, published)
        except NothingPublished:
            return 0
        finally:
            runtime.close()
    return count
