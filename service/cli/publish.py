"""`everafter publish`: make what is written in sequences/ the version that everybody gets from now on."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

import click
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from service.actions.move_journey import start_journey
from service.actions.plan_publication import Plan
from service.actions.publish import Edition, Publishing
from service.actions.publish import publish as put_in_force
from service.actions.roll_out import SETTLE, roll_out
from service.cli.folder import read_folders
from service.cli.forecast import counted, in_words, summary
from service.cli.plan import make_plan, opened, refuse_unknown
from service.cli.progress import Progress
from service.cli.written import read_written
from service.clock import machine_now
from service.domain.sequence.library import read_library
from service.domain.sequence.model.library import Library
from service.edition import NotPublishable
from service.local.servers import servers
from service.ports import Published
from service.settings import Settings, read_settings
from service.store.engine import open_engine
from service.store.journey import journey_now
from service.store.publication import Publication, newest_id
from service.store.rollout import anything_due, count_left

PAUSE = 0.1  # seconds between two looks at what workers do
SILENCE = 60.0  # seconds without any progress after which the rest is left to the workers
EPILOG = """\b
Example: everafter publish
         everafter publish --yes
         everafter publish --reopen salon-checklist"""


@dataclass(frozen=True, slots=True)
class Start:
    """`said` is for the person at the terminal; `forms` are the published forms' slugs, the first to be shown."""

    said: str = ""
    forms: tuple[str, ...] = ()


@click.command(help=__doc__, epilog=EPILOG)
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.option("--reopen", multiple=True, metavar="KEY", help="Let those who had finished go on; repeatable.")
def publish(yes: bool, reopen: tuple[str, ...]) -> None:
    with servers(read_settings(), "everafter publish") as settings:
        edition, library = read_written(settings)
        refuse_unknown(reopen, library)
        with opened(settings.database_url) as engine:
            if _is_new(engine, edition) or reopen:
                _ask(make_plan(engine, library, reopen), yes)
            done = _publish(engine, edition, reopen)
            click.echo(_said(done, library))
            _carry_on(engine, Published(done.publication_id, library))


def _ask(plan: Plan, yes: bool) -> None:
    """Show what it does to people, and ask. Raises NotPublishable where a step looks like one under another key."""
    if plan.renames:
        raise NotPublishable(list(plan.renames))
    if plan.moves_anybody and not yes:
        click.echo(in_words(plan))
        click.confirm("\nPublish?", abort=True)


def publish_at_start(settings: Settings) -> Start:
    """What `up` publishes by itself: into an empty database, or where nobody would move. Else it says the command.

    Where journey time shall run fast, it begins here, before anybody can be written to; then only beat moves it.
    """
    engine = open_engine(settings.database_url)
    if settings.speed != 1:
        with Session(engine) as session, session.begin():
            start_journey(session, machine_now())
    if unchanged := _unchanged(engine, settings):
        return Start("", _slugs(unchanged))
    try:
        edition, library = read_written(settings)
    except NotPublishable as error:
        said = f"sequences/ has errors, so what was published before stays:\n{error}"
        return Start(said)
    plan = make_plan(engine, library)
    if plan.renames or plan.moves_anybody:
        return Start(_kept(plan), _slugs(library))
    return Start(_said(_publish(engine, edition), library), _slugs(library))


def _unchanged(engine: Engine, settings: Settings) -> Library | None:
    """What is written, where that is in force already: it was looked over, mail by mail, when it was published."""
    files = read_folders(settings.sequences, settings.templates)
    return None if _is_new(engine, Edition(files, set())) else read_library(files)[0]


def _slugs(library: Library) -> tuple[str, ...]:
    return tuple(form.slug for form in library.business.forms)


def _kept(plan: Plan) -> str:
    problems = "\n".join(map(str, plan.renames))
    told = "\n".join(filter(None, [summary(plan), problems]))
    return (
        f"sequences/ has changed, and that would move people, so publication {plan.newest} stays in force:\n{told}\n"
        "Look closer with `everafter plan`, and do it with `everafter publish`."
    )


def _publish(engine: Engine, edition: Edition, reopen: Collection[str] = ()) -> Publishing:
    with Session(engine) as session, session.begin():
        return put_in_force(session, edition, reopen)


def _is_new(engine: Engine, edition: Edition) -> bool:
    """Whether this edition is not in force yet."""
    with Session(engine) as session:
        newest = newest_id(session)
        return newest is None or session.get_one(Publication, newest).digest != edition.digest


def _carry_on(engine: Engine, published: Published) -> None:
    """Let people follow, together with the workers, where there are any."""
    with Session(engine) as session:
        total = left = count_left(session, journey_now(session))
    if not total:
        return
    moved_at = time.monotonic()
    time.sleep(SETTLE / timedelta(seconds=1))
    with Progress("Carrying it on to people") as progress:
        while True:
            with Session(engine) as session, session.begin():
                now = journey_now(session)
                done = roll_out(session, published, now)
                was, left = left, count_left(session, now)
                is_over = not anything_due(session, now)
            progress(total - min(left, total), total)
            if is_over:
                click.echo("Everybody whom it concerns follows it.")
                return
            if done or left < was:
                moved_at = time.monotonic()
            elif time.monotonic() - moved_at > SILENCE:
                click.echo("Somebody holds the rest just now; the workers carry on with it.")
                return
            else:
                time.sleep(PAUSE)


def _said(done: Publishing, library: Library) -> str:
    if not done.is_new:
        return f"Nothing has changed; publication {done.publication_id} stays in force."
    return (
        f"Published as {done.publication_id}: {counted(len(library.sequences), 'sequence')} of {library.business.name}."
    )
