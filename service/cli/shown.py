"""What `preview` and `send-test` show: the files as they are written now, and whom a mail of theirs is shown to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.cli.folder import read_folders
from service.clock import machine_now
from service.domain.contact import BadAddress, read_address
from service.domain.persona import Persona, persona_of, somebody
from service.domain.scenario import read_scenario
from service.domain.sequence.findings import Findings
from service.domain.sequence.library import read_library
from service.domain.sequence.model.business import Business
from service.domain.sequence.model.library import Library
from service.domain.sequence.model.problem import Severity
from service.domain.sequence.model.sequence import Sequence
from service.domain.sequence.model.step import Step
from service.domain.sequence.spelling import did_you_mean
from service.edition import NotPublishable
from service.local.servers import servers
from service.settings import Settings
from service.store.contact import Contact
from service.store.engine import open_engine
from service.store.enrolment import Enrolment
from service.store.history import contact_facts, facts_of, read_pasts, zone_of
from service.store.journey import journey_now


@dataclass(frozen=True, slots=True)
class Shown:
    """A library and one sequence of it, with whom it is shown to. `now` is that person's."""

    library: Library
    files: Mapping[str, bytes]
    sequence: Sequence
    persona: Persona
    now: datetime

    def step(self, key: str) -> Step:
        """Raises click.BadParameter where there is none."""
        found = self.sequence.step(key)
        if found is None:
            hint = did_you_mean(key, [step.key for step in self.sequence.steps])
            raise click.BadParameter(f"there is no step “{key}” in {self.sequence.key} ({hint})", param_hint="STEP")
        return found


def read_shown(settings: Settings, key: str, contact: str | None, scenario: Path | None, language: str) -> Shown:
    """What was asked for. Raises NotPublishable where the files have errors, click's errors where the call is wrong."""
    if contact and scenario:
        raise click.UsageError("--contact and --as both say whom to show it to; use one of them.")
    files = read_folders(settings.sequences, settings.templates)
    library, problems = read_library(files)
    if library is None:
        raise NotPublishable([each for each in problems if each.severity is Severity.ERROR])
    sequence = library.sequence(key)
    if sequence is None:
        hint = did_you_mean(key, [each.key for each in library.sequences])
        raise click.BadParameter(f"there is no sequence “{key}” ({hint})", param_hint="SEQUENCE")
    now = machine_now()
    if contact:
        persona, now = _of_contact(settings, library.business, contact)
    elif scenario:
        persona = _of_scenario(scenario, library.business)
    else:
        persona = somebody(library.business, now.date())
    if language:
        persona = persona.reading(language)
    return Shown(library, files, sequence, persona, now)


def _of_scenario(path: Path, business: Business) -> Persona:
    findings = Findings()
    scenario = read_scenario(str(path), path.read_bytes(), business, findings)
    if scenario is None:
        raise NotPublishable(findings.problems)
    return persona_of(business, scenario)


def _of_contact(settings: Settings, business: Business, email: str) -> tuple[Persona, datetime]:
    """Somebody in the database, with the enrolments that they have, and journey time. Raises click.BadParameter."""
    try:
        address = read_address(email)
    except BadAddress as error:
        raise click.BadParameter(str(error), param_hint="--contact") from None
    with servers(settings, "everafter preview") as running, Session(open_engine(running.database_url)) as session:
        contact = session.scalar(select(Contact).where(Contact.email_key == address.key))
        if contact is None:
            raise click.BadParameter("nobody has this address", param_hint="--contact")
        now = journey_now(session)
        past = read_pasts(session, [contact.id])[contact.id]
        rows = session.scalars(select(Enrolment).where(Enrolment.contact_id == contact.id).order_by(Enrolment.id))
        known = {each.sequence: facts_of(business, contact, each, past, now) for each in rows}
        person = contact_facts(contact)
        return Persona(business, person, zone_of(contact, business), tuple(past.happenings), known), now
