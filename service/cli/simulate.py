"""`everafter simulate`: the calendar that one contact would live over all sequences, before anything is sent."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import click

from service.cli.calendar import print_calendar
from service.cli.folder import read_folders
from service.cli.population import simulate_population
from service.domain.scenario import Scenario, read_scenario
from service.domain.sequence.findings import Findings
from service.domain.sequence.library import read_library
from service.domain.sequence.manuscript import MAX_BYTES
from service.domain.sequence.model.library import Library
from service.domain.sequence.model.problem import Problem, Severity
from service.domain.sequence.spelling import did_you_mean
from service.domain.simulation.calendar import Calendar, Touch
from service.domain.simulation.population.policies import WHAT
from service.domain.simulation.simulate import simulate as look_ahead
from service.domain.window import utc
from service.settings import read_settings

YEAR = 365

EPILOG = """\b
Example: everafter simulate --as ana.yaml
         everafter simulate after-visit time-again --as ana.yaml --days 90
         everafter simulate --as ana.yaml --from 2026-06-01 --json
         everafter simulate --population 4000 --seed 1 --policy none --policy everafter
         everafter simulate --population 2000 --world tired.json --svg policies.svg

\b
A scenario file says who it is and what happens to them:
  contact: {email: ana@example.org, first_name: Ana, timezone: Europe/Madrid}
  events:
    - {at: 2026-01-05 12:00, name: signup, form: salon-checklist}"""


class Unreadable(click.ClickException):
    """Files that have errors, told as `check` tells them."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))

    def show(self, file: Any = None) -> None:
        click.echo(self.message, err=True, file=file)


@click.command(help=__doc__, epilog=EPILOG)
@click.argument("sequences", nargs=-1, metavar="[SEQUENCE]...")
@click.option(
    "--as",
    "scenario_path",
    metavar="FILE.yaml",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Who it is, and what happens to them.",
)
@click.option(
    "--from", "first_day", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="The first day; the first event’s."
)
@click.option(
    "--days", type=click.IntRange(1, 3_660), help="How many days.  [default: 400; of a population 365, at most 730]"
)
@click.option("--json", "as_json", is_flag=True, help="Print what programs can read.")
@click.option(
    "--population",
    type=click.IntRange(2, 100_000),
    metavar="N",
    help="Policies side by side, on N simulated recipients.",
)
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), metavar="S", help="Which N they are.  [default: 1]")
@click.option(
    "--policy", "policies", multiple=True, type=click.Choice(list(WHAT)), help="Only this policy; repeatable.  [all]"
)
@click.option(
    "--world",
    "world_path",
    metavar="FILE.json",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Other assumptions about the recipients.",
)
@click.option("--journeys-alone", is_flag=True, help="Without the world’s newsletters and offers.")
@click.option("--svg", "picture", metavar="FILE.svg", type=click.Path(dir_okay=False, path_type=Path), help="Draw it.")
def simulate(
    sequences: tuple[str, ...],
    scenario_path: Path | None,
    first_day: datetime | None,
    days: int | None,
    as_json: bool,
    population: int | None,
    **of_population: Any,
) -> None:
    _check_way(population, scenario_path, sequences, first_day, of_population)
    library = _library()
    if population is not None:
        simulate_population(
            library,
            contacts=population,
            seed=1 if of_population["seed"] is None else of_population["seed"],
            days=min(days or YEAR, 2 * YEAR),
            names=of_population["policies"],
            world_path=of_population["world_path"],
            journeys_alone=of_population["journeys_alone"],
            picture=of_population["picture"],
            as_json=as_json,
        )
        return
    assert scenario_path is not None
    days = days or 400
    for key in sequences:
        if library.sequence(key) is None:
            hint = did_you_mean(key, [each.key for each in library.sequences])
            raise click.BadParameter(f"there is no sequence “{key}” ({hint})", param_hint="SEQUENCE")
    scenario = _scenario(scenario_path, library)
    start = _start(scenario, first_day)
    until = _midnight(start.astimezone(scenario.zone).date() + timedelta(days=days), scenario)
    calendar = look_ahead(library, scenario, start, until, named=sequences)
    shown = calendar.only(sequences) if sequences else calendar
    if as_json:
        click.echo(json.dumps(_plain(shown, days), ensure_ascii=False, indent=2))
    else:
        print_calendar(shown, scenario.contact.get("first_name"), library.business.currency)


def _check_way(
    population: int | None,
    scenario_path: Path | None,
    sequences: tuple[str, ...],
    first_day: datetime | None,
    of_population: dict[str, Any],
) -> None:
    """One contact or many: each has options of its own."""
    if (population is None) == (scenario_path is None):
        raise click.UsageError("Say whom to simulate: one contact with --as FILE.yaml, or many with --population N.")
    if population is None and any(value not in {None, False, ()} for value in of_population.values()):
        raise click.UsageError("--seed, --policy, --world, --journeys-alone and --svg belong to --population.")
    if population is not None and (sequences or first_day):
        raise click.UsageError("A population lives all sequences, from a Monday on: SEQUENCE and --from are for --as.")


def _library() -> Library:
    settings = read_settings()
    library, problems = read_library(read_folders(settings.sequences, settings.templates))
    if library is None:
        raise Unreadable([each for each in problems if each.severity is Severity.ERROR])
    return library


def _scenario(path: Path, library: Library) -> Scenario:
    findings = Findings()
    with path.open("rb") as opened:
        data = opened.read(MAX_BYTES + 1)
    scenario = read_scenario(str(path), data, library.business, findings, library.sequences)
    if scenario is None:
        raise Unreadable(findings.problems)
    return scenario


def _start(scenario: Scenario, first_day: datetime | None) -> datetime:
    """Midnight of the first day, where the person is."""
    if first_day is not None:
        return _midnight(first_day.date(), scenario)
    if not scenario.events:
        raise click.UsageError("The scenario has no events; say with --from on which day to begin.")
    return _midnight(scenario.events[0].at.astimezone(scenario.zone).date(), scenario)


def _midnight(day: date, scenario: Scenario) -> datetime:
    return utc(day, time.min, scenario.zone)


def _plain(calendar: Calendar, days: int) -> dict[str, Any]:
    return {
        "contact": calendar.email,
        "from": calendar.start.astimezone(calendar.zone).date().isoformat(),
        "days": days,
        "touches": [_touch(touch) for touch in calendar.touches],
    }


def _touch(touch: Touch) -> dict[str, Any]:
    return {
        "at": _instant(touch.at),
        "local": touch.local.isoformat(timespec="seconds"),
        "sequence": touch.sequence,
        "step": touch.step,
        "kind": touch.kind,
        "state": touch.state,
        "reason": touch.reason,
        "class": touch.mail_class,
        "transactional": touch.transactional,
        "enrolment": touch.enrolment,
        "holds": [
            {"at": _instant(each.at), "until": _instant(each.until), "rule": each.rule, "reason": each.reason}
            for each in touch.holds
        ],
    }


def _instant(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if at is not None else None
