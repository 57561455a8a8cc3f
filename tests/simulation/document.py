"""`docs/simulation.md`: written by hand, with Ana’s file and calendar put in. As a module it writes the page."""

from __future__ import annotations

import re

from click.testing import CliRunner

from service.cli.simulate import simulate
from service.settings import ROOT

PAGE = ROOT / "docs" / "simulation.md"
ANA = ROOT / "tests" / "simulation" / "ana.yaml"
BLOCK = re.compile(
    r"(?P<head><!-- (?P<name>[a-z ]+), put in by tests/simulation/document.py -->\n\n```[a-z]+\n).*?(?P<end>```)",
    re.DOTALL,
)


def calendar() -> str:
    """What `everafter simulate --as tests/simulation/ana.yaml --days 400` prints."""
    result = CliRunner().invoke(simulate, ["--as", str(ANA), "--days", "400"])
    assert result.exit_code == 0, result.output
    return result.stdout


def page(written: str) -> str:
    """The page with what it shows as it is now."""
    parts = {"the file": ANA.read_text(), "the calendar": calendar()}
    return BLOCK.sub(lambda found: found["head"] + parts[found["name"]].rstrip("\n") + "\n" + found["end"], written)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
