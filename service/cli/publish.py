"""`everafter publish`: make what is written in sequences/ the version that everybody gets from now on."""

from __future__ import annotations

from dataclasses import dataclass

import click
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from service.actions.move_journey import start_journey
from service.actions.publish import Edition, Publishing
from service.actions.publish import publish as put_in_force
from service.cli.written import read_written
from service.clock import machine_now
from service.domain.sequence.model import Library
from service.edition import NotPublishable
from service.local.servers import servers
from service.runtime import open_engine
from service.settings import Settings, read_settings
from service.store.enrolment import anybody_inside
from service.store.publication import Publication, newest_id


@dataclass(frozen=True, slots=True)
class Start:
    """`said` is for the person at the terminal; `forms` are the published forms' slugs, the first to be shown."""

    said: str = ""
    forms: tuple[str, ...] = ()


@click.command(help=__doc__, epilog="Example: everafter publish --yes")
@click.option("--yes", is_flag=True, help="Don't ask.")
def publish(yes: bool) -> None:
    with servers(read_settings(), "everafter publish") as settings:
        edition, library = read_written(settings)
        engine = open_engine(settings.database_url)
        if not yes and _moves_people(engine, edition):
            click.confirm("People are inside these sequences and will follow the new version. Publish?", abort=True)
        done = _publish(engine, edition)
        click.echo(_said(done, library))


def publish_at_start(settings: Settings) -> Start:
    """What `up` publishes by itself: into an empty database, or where nobody would move. Else it says the command.

    Where journey time shall run fast, it begins here, before anybody can be written to; then only beat moves it.
    """
    engine = open_engine(settings.database_url)
    if settings.speed != 1:
        with Session(engine) as session, session.begin():
            start_journey(session, machine_now())
    try:
        edition, library = read_written(settings)
    except NotPublishable as error:
        said = f"sequences/ has errors, so what was published before stays:\n{error}"
        return Start(said)
    forms = tuple(form.slug for form in library.business.forms)
    if _moves_people(engine, edition):
        return Start("sequences/ has changed and people are inside: look at it and run `everafter publish`.", forms)
    done = _publish(engine, edition)
    return Start(_said(done, library) if done.is_new else "", forms)


def _publish(engine: Engine, edition: Edition) -> Publishing:
    with Session(engine) as session, session.begin():
        return put_in_force(session, edition)


def _moves_people(engine: Engine, edition: Edition) -> bool:
    """Whether this would change anything for people who are inside a sequence."""
    with Session(engine) as session:
        newest = newest_id(session)
        if newest is None or session.get_one(Publication, newest).digest == edition.digest:
            return False
        return anybody_inside(session)


def _said(done: Publishing, library: Library) -> str:
    if not done.is_new:
        return f"Nothing has changed; publication {done.publication_id} stays in force."
    count = len(library.sequences)
    return (
        f"Published as {done.publication_id}: {count} sequence{'s' if count != 1 else ''} of {library.business.name}."
    )
