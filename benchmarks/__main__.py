"""Measure Everafter on this machine: a real installation on loopback, a quarter of an hour, and nothing stays behind.

Prints a table; the whole run also writes benchmarks/results/latest.json, and shows it in docs/performance.md.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from pathlib import Path

import click

from benchmarks import (
    advancing,
    arbitration,
    backlog,
    drain,
    events,
    handover,
    hits,
    mails,
    notices,
    profile,
    publishing,
    report,
    signups,
)
from benchmarks.bare import serving
from benchmarks.bench import Bench, say
from benchmarks.installation import forget_settings, installed
from benchmarks.load import Load
from benchmarks.machine import describe, load_average
from benchmarks.plan import GLANCE, QUICK, WHOLE, Plan
from benchmarks.result import Result
from benchmarks.sink import taking_mails
from benchmarks.table import table
from benchmarks.usage import peak_memory
from service.clock import machine_now
from service.local.error import LocalError
from service.local.stop import Stopped, stop_on_signals
from service.logs import configure

ON_DISK = Path("/var/tmp")  # where there is one; the usual place for temporary files may be memory

MEASUREMENTS: Mapping[str, Callable[[Bench], Mapping[str, Result]]] = {
    "mails": mails.measure,
    "memory": backlog.measure,  # early: what others leave behind is vacuumed for minutes
    "opens": hits.measure_opens,
    "clicks": hits.measure_clicks,
    "profile": profile.measure,
    "publishing": publishing.measure,
    "handover": handover.measure,
    "events": events.measure,
    "notices": notices.measure,
    "signups": signups.measure,  # late: it leaves people behind whose mails are still to be sent
    "arbitration": arbitration.measure,
    "advance": advancing.measure,  # late: it leaves a million of them
    "drain": drain.measure,
}
APART = {"drain"}  # too long for a whole run


@click.command(help=__doc__, epilog="Example: python -m benchmarks --only opens --only clicks --quick")
@click.option("--only", multiple=True, type=click.Choice(list(MEASUREMENTS)), help="Measure this alone; repeatable.")
@click.option("--quick", "plan", flag_value="quick", help="A tenth of everything.")
@click.option("--glance", "plan", flag_value="glance", help="Only as much as shows that it works.")
@click.option("--mails", type=click.IntRange(10, 1_000_000), help=f"How many mails a round.  [default: {WHOLE.mails}]")
@click.option(
    "--web-processes", type=click.IntRange(1, 64), help=f"Of the site and of the bare answer.  [default: {WHOLE.web}]"
)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the JSON file there.")
def main(
    only: tuple[str, ...],
    plan: str | None,
    mails: int | None,
    web_processes: int | None,
    output: Path | None,
) -> None:
    chosen = {"quick": QUICK, "glance": GLANCE}.get(plan or "", WHOLE)
    chosen = replace(chosen, mails=mails or chosen.mails, web=web_processes or chosen.web)
    whole = not only and chosen == WHOLE
    try:
        with stop_on_signals():
            results, about = run(chosen, only or tuple(name for name in MEASUREMENTS if name not in APART))
    except Stopped:
        sys.exit("  Stopped; nothing was written.")
    except (LocalError, TimeoutError) as error:
        sys.exit(f"  {error}")
    click.echo(table(results))
    path = output or (report.LATEST if whole else None)
    if path:
        report.write(path, results, about)
        say(f"Written to {path}.")
    if whole and not output:
        report.refresh()


def run(plan: Plan, names: tuple[str, ...]) -> tuple[dict[str, Result], dict[str, object]]:
    """The results by name, in the order they were measured, and what is to be said about the run."""
    forget_settings()
    results: dict[str, Result] = {}
    began, load = machine_now(), load_average()
    with scratch() as folder, taking_mails(folder, plan.fetch) as sink, serving(plan.web, folder / "bare.log") as bare:
        say(f"Mails go to {sink.name}. Starting an installation …")
        with installed(folder / "home", sink.url, plan.workers, plan.web) as installation:
            bench = Bench(plan, installation, sink, bare, Load(plan.connections, plan.fetch, plan.seconds))
            say(f"Load comes from {bench.load.name}.")
            with peak_memory(installation) as peak:
                for name, measure in MEASUREMENTS.items():
                    if name in names:
                        results |= measure(bench)
            if peak.total:
                results["peak_memory"] = peak.result()
            machine = describe(installation)
    took = round((machine_now() - began).total_seconds())
    about: dict[str, object] = {
        "machine": machine,
        "run": {
            "began": f"{began:%Y-%m-%d %H:%M} UTC",
            "seconds": took,
            "load_before": load,
            "load_after": load_average(),
        },
    }
    return results, about


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder on the disk that PostgreSQL may pass, whoever it runs as."""
    parent = ON_DISK if os.access(ON_DISK, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="everafter-bench-", dir=parent, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder


if __name__ == "__main__":
    # What a worker's code says in this process costs as much as in a worker, and goes nowhere.
    with Path(os.devnull).open("w") as nowhere:
        with redirect_stdout(nowhere):
            configure("bench")
        main()
