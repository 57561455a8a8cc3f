"""One scenario, lived in production and looked ahead at: the two calendars, touch by touch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, time, timedelta
from textwrap import dedent

from sqlalchemy import Engine

from service.domain.scenario import Scenario, read_scenario
from service.domain.sequence.findings import Findings
from service.domain.sequence.model.library import Library
from service.domain.simulation.calendar import Calendar, Touch
from service.domain.simulation.settlement import GRANTED
from service.domain.simulation.simulate import simulate
from service.domain.window import utc
from tests.rendering.studio import renderer
from tests.simulation.lived import Lived, Touched, Wait


def read_life(text: str, library: Library) -> Scenario:
    findings = Findings()
    told = dedent(text).encode()
    scenario = read_scenario("life.yaml", told, library.business, findings, library.sequences)
    assert scenario is not None, [str(problem) for problem in findings.problems]
    return scenario


def begins(scenario: Scenario) -> datetime:
    """The first event's day."""
    return utc(scenario.events[0].at.astimezone(scenario.zone).date(), time.min, scenario.zone)


def both(
    engine: Engine, library: Library, scenario: Scenario, days: int, files: Mapping[str, bytes] | None = None
) -> tuple[list[Touched], list[Touched], Calendar]:
    """(what production did, what the simulator shows, its calendar). With `files` mails are put into real words."""
    start = begins(scenario)
    until = start + timedelta(days=days)
    lived = Lived(engine, library, scenario, start)
    if files is not None:
        lived.clerk = renderer(files)  # type: ignore[assignment]
    lived.live(until)
    calendar = simulate(library, scenario, start, until, seed=lived.seed)
    shown = [_shown(each) for each in calendar.touches]
    real = [each for each in lived.seen() if start <= each.at < until or (each.state == "held" and each.at >= start)]
    return _numbered(real), _numbered(shown), calendar


def _shown(touch: Touch) -> Touched:
    at, reason = touch.at, _plain(touch.reason)
    return Touched(at, touch.sequence, touch.step, touch.kind, touch.state, reason, touch.enrolment, _waits(touch))


def _waits(touch: Touch) -> tuple[Wait, ...]:
    """Why it had to wait."""
    return tuple((each.at, each.rule, each.reason, each.until) for each in touch.holds)


def _plain(reason: str) -> str:
    """Without the remark that something was taken for granted, which nobody says in production."""
    return reason.removesuffix(f" {GRANTED}")


def _numbered(touches: Iterable[Touched]) -> list[Touched]:
    """In their order, the enrolments counted from 1 as they were begun."""
    found = list(touches)
    numbers = {each: number for number, each in enumerate(sorted({touch.enrolment for touch in found}), 1)}
    found = [replace(touch, enrolment=numbers[touch.enrolment]) for touch in found]
    return sorted(found, key=lambda each: (each.at, each.sequence, each.step, each.enrolment, each.state))
