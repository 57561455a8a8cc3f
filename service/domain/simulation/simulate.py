"""Lives one person's life ahead: from one instant at which something happens or falls due to the next."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime

from service.domain.contact import read_address
from service.domain.entry import consented_topics
from service.domain.happening import Happening
from service.domain.scenario import Scenario
from service.domain.sequence.model.library import Library
from service.domain.sequence.model.sequence import Status
from service.domain.simulation.advance import advance
from service.domain.simulation.calendar import Calendar, between, touches_of
from service.domain.simulation.enter import expect_dates
from service.domain.simulation.events import happen
from service.domain.simulation.life import Life, Note
from service.domain.simulation.occur import consent
from service.domain.simulation.settlement import DONE, SKIPPED
from service.domain.simulation.slot import arbitrate, deliver
from service.domain.simulation.sunset import leave_in_peace, silence_over
from service.domain.simulation.telling import told
from service.domain.simulation.work import settle

OF_TASKS = (DONE, SKIPPED)
UNSAID = "Taken for granted: what the scenario doesn’t say of a colleague’s task is done when it is due."


def simulate(
    library: Library,
    scenario: Scenario,
    start: datetime,
    until: datetime,
    *,
    seed: str = "",
    named: Collection[str] = (),
) -> Calendar:
    """The calendar of a person from `start` to before `until` (UTC).

    What happens before `start` is lived, and not shown. `seed` is what is drawn from for the person; without it their
    address. The drafts among `named` count as live.
    """
    library, assumed = _with_drafts(library, named)
    life = _begin(library, scenario, start, seed)
    assumed += (*_consents(life, scenario), UNSAID)
    script = [event for event in scenario.events if event.name not in OF_TASKS and event.at < until]
    expect_dates(life)
    at: datetime | None = life.now
    while at is not None and at < until:
        life.now = at
        while script and script[0].at <= at:
            event = script.pop(0)
            life.note(told(event, life.zone))
            happen(life, event)
        _pass_over(life)
        live(life)
        at = min(upcoming(life, script), default=None)
    life.now = until
    _pass_over(life)
    touches = touches_of(life, start, until)
    return Calendar(
        scenario.contact["email"], life.zone, start, until, touches, between(life.notes, start, until), assumed
    )


def _begin(library: Library, scenario: Scenario, start: datetime, seed: str) -> Life:
    """The person as they are before anything happens. Whoever begins with a signup came by that form."""
    first = scenario.events[0] if scenario.events else None
    contact = dict(scenario.contact)
    if contact.get("source") is None and first is not None and first.name == "signup":
        contact["source"] = f"form:{first.data.get('form')}"
    return Life(
        library=library,
        contact=contact,
        seed=seed or read_address(contact["email"]).key,
        now=min(start, first.at) if first is not None else start,
        words=[event for event in scenario.events if event.name in OF_TASKS],
    )


def live(life: Life) -> None:
    """Do all that is due now: tasks that are settled, moves, and mail."""
    while True:
        for job in [job for job in life.jobs if not job.is_over and job.settled_at <= life.now]:
            settle(life, job)
        _decide(life)
        while deliver(life):
            _decide(life)
        if not any(not job.is_over and job.settled_at <= life.now for job in life.jobs):
            return


def _decide(life: Life) -> None:
    moved = True
    while moved:
        _remind(life)
        leave_in_peace(life)
        moved = advance(life)
        moved = arbitrate(life) or moved


def _remind(life: Life) -> None:
    """An overdue task is mailed to its assignee once; nobody else notices."""
    for job in life.jobs:
        due_at = job.times.due_at
        if job.is_open and not job.is_reminded and due_at is not None and due_at <= life.now:
            job.is_reminded = life.mail_to_colleagues = True


def upcoming(life: Life, script: Iterable[Happening]) -> set[datetime]:
    """The instants after now at which something happens or falls due."""
    found = {event.at for event in (*script, *life.words)}
    found |= {inside.wake_at for inside in life.insides if inside.is_under_way and inside.wake_at}
    found |= {row.wake_at for row in life.rows if row.state in {"due", "held"} and row.wake_at}
    found |= {ends} if (ends := silence_over(life)) is not None else set()
    for job in life.jobs:
        found |= {job.settled_at} if not job.is_over else set()
        found |= {job.times.due_at} if job.is_open and not job.is_reminded and job.times.due_at else set()
    return {at for at in found if at > life.now}


def _pass_over(life: Life) -> None:
    """Words about tasks that nobody had to do."""
    for word in [word for word in life.words if word.at < life.now]:
        life.words.remove(word)
        life.notes.append(
            Note(word.at, f"{told(word, life.zone)}: no such task was open then, so this is passed over.")
        )


def _with_drafts(library: Library, named: Collection[str]) -> tuple[Library, tuple[str, ...]]:
    drafts = [each.key for each in library.sequences if each.key in named and each.status is Status.DRAFT]
    sequences = tuple(replace(each, status=Status.LIVE) if each.key in drafts else each for each in library.sequences)
    words = tuple(f"“{key}” is a draft; it counts as live here, because you named it." for key in drafts)
    return replace(library, sequences=sequences), words


def _consents(life: Life, scenario: Scenario) -> tuple[str, ...]:
    """What the person agreed to before: as the scenario says; else, where they never sign up, what the forms ask."""
    if scenario.consents is not None:
        life.consented.update(dict.fromkeys(scenario.consents))
        life.burden.agreed_at = life.now if scenario.consents else None
        return ()
    signups = [event for event in scenario.events if event.name == "signup"]
    forms = [life.business.form(str(event.data.get("form"))) for event in signups]
    if any(form is not None and form.double_opt_in for form in forms):
        return ("Consents are those that the forms ask, from each signup on, which is confirmed at once.",)
    if signups:
        return ("Consents are those that the forms ask, from each signup on.",)
    for form in life.business.forms:
        consent(life, consented_topics(life.library, form))
    life.burden.agreed_at = life.now if life.consented else None
    names = ", ".join(f"“{each}”" for each in sorted(life.consented)) or "nothing"
    return (f"Agreed to {names} from the beginning: what the forms ask. The scenario says no more.",)
