"""The results file and the page that shows it: docs/performance.md holds what the newest whole run printed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.result import Result
from benchmarks.table import table
from service.settings import ROOT

LATEST = ROOT / "benchmarks" / "results" / "latest.json"
PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- measured -->\n", "<!-- /measured -->\n"
RUNS = "<!-- runs -->\n"  # behind it a table of whole runs, the newest first
ABOUT = ("machine", "run")  # what the file says beside the results


def write(path: Path, results: Mapping[str, Result], about: Mapping[str, object]) -> None:
    """The results by name, and what is to be said about the machine and the run, as JSON."""
    whole = {name: result.plain() for name, result in results.items()} | dict(about)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(whole, indent=2) + "\n")


def refresh(page: Path = PAGE, latest: Path = LATEST) -> None:
    """Put the results of the file into the page, between its two marks, and a line of them before those of other
    runs."""
    plain = json.loads(latest.read_text())
    before, _, rest = page.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}{section(plain)}{END}{with_run(after, line(plain))}")


def with_run(page: str, new: str) -> str:
    """The page with one more line in its table of whole runs; as it is where that has none, or has the line."""
    before, mark, rest = page.partition(RUNS)
    head, rule, *runs = rest.splitlines(keepends=True) if mark else ("", "")
    return page if not mark or new in runs else "".join([before, mark, head, rule, new, *runs])


def section(plain: Mapping[str, Any]) -> str:
    """The results file in words: the table, and beneath it what it was measured on."""
    results = {name: _read(each) for name, each in plain.items() if name not in ABOUT}
    return f"```\n{table(results)}\n\n{_about(plain['machine'], plain['run'])}\n```\n"


def line(plain: Mapping[str, Any]) -> str:
    """A whole run in a line of the table of them: what it was, and the numbers that have an aim."""

    mails = "mails_per_second"

    def value(name: str) -> str:
        return f"{plain[name]['value']:,.0f}"

    def share(name: str, digits: int = 2) -> str:
        ratio = plain[name]["ratio"]
        return "–" if ratio is None else f"{ratio:.{digits}f}"

    cells = (
        plain["run"]["began"].removesuffix(" UTC"),
        plain["machine"]["revision"] or "unknown",
        f"{value(mails)} / {plain[mails]['reference'] or 0:,.0f} = **{share(mails, 3)}**",
        f"{value('signups_per_second')} = {share('signups_per_second')}",
        f"{value('events_per_second')}; {value('events_in_lists_per_second')}",
        f"{value('signup_to_handover_ms')}; {value('signup_to_handover_p99_ms')}",
        f"{share('opens_per_second')}; {share('clicks_per_second')}",
        share("mails_per_second_in_a_storm"),
        share("mails_per_second_beside_it"),
        share("backlog_mails_per_second"),
        value("worker_memory"),
        f"{plain['arbitration_seconds']['value']:.1f}",
    )
    return f"| {' | '.join(cells)} |\n"


def _read(plain: Mapping[str, Any]) -> Result:
    return Result(plain["value"], plain["unit"], plain["reference"], plain["reference_name"] or "")


def _about(machine: Mapping[str, Any], run: Mapping[str, Any]) -> str:
    versions = machine["versions"]
    chosen = ("postgresql", "valkey", "granian", "sqlalchemy", "psycopg")
    lines = {
        "machine": f"{machine['cores']} cores, {machine['processor']}, {machine['memory_gb']} GB, {machine['system']}",
        "software": ", ".join([f"Python {machine['python']}", *(f"{name} {versions[name]}" for name in chosen)]),
        "disk": f"fdatasync {machine['fdatasync_ms']} ms; "
        + ", ".join(f"{name} {value}" for name, value in machine["durability"].items()),
        "run": f"{run['began']}, {run['seconds']} s, revision {machine['revision'] or 'unknown'}",
        "load": f"{_spaced(run['load_before'])} before, {_spaced(run['load_after'])} after (1, 5 and 15 minutes)",
    }
    return "\n".join(f"{name:9} {words}" for name, words in lines.items())


def _spaced(averages: list[float]) -> str:
    return " ".join(f"{each:.1f}" for each in averages)
