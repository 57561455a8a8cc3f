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
ABOUT = ("machine", "run")  # what the file says beside the results


def write(path: Path, results: Mapping[str, Result], about: Mapping[str, object]) -> None:
    """The results by name, and what is to be said about the machine and the run, as JSON."""
    whole = {name: result.plain() for name, result in results.items()} | dict(about)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(whole, indent=2) + "\n")


def refresh(page: Path = PAGE, latest: Path = LATEST) -> None:
    """Put the results of the file into the page, between its two marks."""
    before, _, rest = page.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}{section(json.loads(latest.read_text()))}{END}{after}")


def section(plain: Mapping[str, Any]) -> str:
    """The results file in words: the table, and beneath it what it was measured on."""
    results = {name: _read(each) for name, each in plain.items() if name not in ABOUT}
    return f"```\n{table(results)}\n\n{_about(plain['machine'], plain['run'])}\n```\n"


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
