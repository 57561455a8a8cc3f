"""`everafter plan`: say what publishing would do to the people who are here, and change nothing."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager

import click
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from service.actions.plan_publication import Plan, plan_publication
from service.cli.forecast import in_words, plain
from service.cli.progress import Progress
from service.cli.written import read_written
from service.domain.sequence.model.library import Library
from service.local.servers import servers
from service.settings import read_settings
from service.store.engine import open_engine
from service.store.journey import journey_now

EPILOG = """\b
Example: everafter plan
         everafter plan --json"""


@click.command(help=__doc__, epilog=EPILOG)
@click.option("--json", "as_json", is_flag=True, help="Print an object that programs can read.")
@click.option("--reopen", multiple=True, metavar="KEY", help="As `publish --reopen` would; repeatable.")
@click.pass_context
def plan(context: click.Context, as_json: bool, reopen: tuple[str, ...]) -> None:
    with servers(read_settings(), "everafter plan") as settings:
        _, library = read_written(settings)
        refuse_unknown(reopen, library)
        with opened(settings.database_url) as engine:
            made = make_plan(engine, library, reopen)
    click.echo(json.dumps(plain(made), ensure_ascii=False, indent=2) if as_json else in_words(made))
    for problem in made.renames:
        click.echo(str(problem), err=True)
    context.exit(1 if made.renames else 0)


def make_plan(engine: Engine, library: Library, reopen: Collection[str] = ()) -> Plan:
    """The plan of publishing a library: one snapshot of the database, read only."""
    snapshot = engine.execution_options(isolation_level="REPEATABLE READ")
    with Session(snapshot, autoflush=False) as session, Progress("Looking ahead") as progress:
        session.execute(text("SET TRANSACTION READ ONLY"))
        return plan_publication(session, library, journey_now(session), reopen, progress)


def refuse_unknown(reopen: Collection[str], library: Library) -> None:
    """Raises UsageError where there is no such sequence."""
    for key in reopen:
        if library.sequence(key) is None:
            raise click.UsageError(f"There is no sequence `{key}` to reopen.")


@contextmanager
def opened(database_url: str) -> Iterator[Engine]:
    """An engine for the command's duration."""
    engine = open_engine(database_url)
    try:
        yield engine
    finally:
        engine.dispose()
