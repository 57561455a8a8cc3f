"""`everafter retention`: for how long everything is kept, and what would go now. Changes nothing: beat lets go."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime

import click
from sqlalchemy.orm import Session

from service.actions.let_go import foresee_letting_go
from service.actions.prune import count_finished, keeping_of, months_past
from service.clock import machine_now
from service.domain.sequence.model.retention import Retention
from service.domain.sequence.retention import FOR_GOOD, RULES
from service.local.servers import servers
from service.runtime import Runtime
from service.settings import Settings, read_settings

EPILOG = "\b\nExample: everafter retention\n         everafter retention --json"
WHERE = "retention in business.yaml"
PEOPLE = {
    "unconfirmed": "people who never confirmed",
    "leads": "leads without a sign of life",
    "former clients": "clients who left, without a sign of life since",
    "events": "what happened",
    "network addresses": "network addresses and browsers in consents",
    "passed on": "calls to other services",
}
ONE = {"people": "person", "rows": "row", "months": "month"}
PILED_UP = {"opens and clicks": "KEEP_HITS", "decisions": "KEEP_DECISIONS", "notices": "KEEP_NOTICES"}


@dataclass(frozen=True, slots=True)
class Line:
    """What is kept, for how long, where that is said, and how much of it is past its time: people, rows or months."""

    what: str
    means: str
    kept: str
    said_in: str
    goes: int
    unit: str


@click.command(help=__doc__, epilog=EPILOG)
@click.option("--json", "as_json", is_flag=True, help="Print a list that programs can read.")
def retention(as_json: bool) -> None:
    with servers(read_settings(), "everafter retention") as settings:
        runtime = Runtime(settings)
        try:
            kept = runtime.published().library.business.retention
            with runtime.session() as session:
                lines = [*_of_the_business(session, kept, machine_now()), *_of_settings(session, settings)]
        finally:
            runtime.close()
    if as_json:
        click.echo(json.dumps([asdict(each) for each in lines], ensure_ascii=False, indent=2))
    else:
        click.echo("\n".join(_table(lines)))


def _of_the_business(session: Session, kept: Retention, now: datetime) -> Iterator[Line]:
    goes = foresee_letting_go(session, kept, now)
    for rule in RULES:
        length = getattr(kept, rule.field)
        unit = "people" if rule.key in {"unconfirmed", "leads", "former clients"} else "rows"
        yield Line(rule.key, PEOPLE[rule.key], str(length or FOR_GOOD), WHERE, goes[rule.field], unit)


def _of_settings(session: Session, settings: Settings) -> Iterator[Line]:
    keeping = keeping_of(settings)
    lengths = {"opens and clicks": keeping.hits, "decisions": keeping.decisions, "notices": keeping.notices}
    for what, months in months_past(session, keeping, machine_now()).items():
        yield Line(what, what, f"{lengths[what].days} days", PILED_UP[what], len(months), "months")
    days = f"{keeping.deliveries.days} days" if keeping.deliveries else FOR_GOOD
    finished = count_finished(session, keeping.deliveries) if keeping.deliveries else 0
    yield Line("touches", "finished touches of sequences that ended", days, "KEEP_DELIVERIES", finished, "rows")


def _table(lines: list[Line]) -> Iterator[str]:
    what, kept = (max(len(getattr(each, name)) for each in lines) for name in ("what", "kept"))
    for each in lines:
        yield f"  {each.what:<{what}}   {each.kept:<{kept}}   {_goes(each):<22}   {each.said_in}"


def _goes(line: Line) -> str:
    if not line.goes:
        return "nothing goes now"
    return f"1 {ONE[line.unit]} goes now" if line.goes == 1 else f"{line.goes:,} {line.unit} go now"
