"""`make`: every target explains itself, and what is installed is pinned."""

from __future__ import annotations

import re
import subprocess
import tomllib

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from service.settings import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_make_help_lists_every_target():
    makefile = (ROOT / "Makefile").read_text()
    targets = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split()
    shown = subprocess.run(["make", "-C", ROOT, "--no-print-directory"], capture_output=True, text=True, check=True)
    assert [line.split()[1] for line in shown.stdout.splitlines()] == targets


def test_the_gate_lints_and_tests():
    gate = (ROOT / ".ci" / "run").read_text()
    assert "set -euo pipefail" in gate
    assert gate.splitlines()[-2:] == ["make lint", "make test"]


def test_everything_we_ask_for_is_pinned_to_a_version_we_allow():
    pins = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if line[:1] != "#")
    pinned = {canonicalize_name(name): version for name, version in pins.items()}
    extras = PROJECT["optional-dependencies"].values()
    for wanted in map(Requirement, sum(extras, PROJECT["dependencies"])):
        if wanted.name != "everafter":
            assert wanted.specifier.contains(pinned[canonicalize_name(wanted.name)]), wanted


def test_both_ends_of_rq_are_allowed():
    rq = next(Requirement(text) for text in PROJECT["dependencies"] if text.startswith("rq"))
    assert [rq.specifier.contains(version) for version in ("2.11.0", "2.12.0", "3.0.0", "4.0.0")] == [0, 1, 1, 0]


def test_the_processes_of_the_procfile_are_commands():
    lines = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
    assert list(lines) == ["release", "web", "worker", "beat"]
    assert all(command.startswith("everafter ") for command in lines.values())
