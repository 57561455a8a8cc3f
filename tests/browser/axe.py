"""axe-core, which finds in a page what keeps people with a screen reader, a keyboard or weak eyes out of it.

It comes from npm in the version that `package.json` names, into a folder of pytest's cache, and is used in tests alone.
"""

from __future__ import annotations

import fcntl
import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.browser.missing import missing

WANTED = Path(__file__).with_name("package.json")
VERSION = str(json.loads(WANTED.read_text())["devDependencies"]["axe-core"])
INSTALL = ("install", "--no-save", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# `preload` would fetch the style sheet by script, which the pages' policy forbids; nothing that we ask needs it.
RUN = "(only) => axe.run({runOnly: only, preload: false, resultTypes: ['violations']})"
CONTRAST = "color-contrast"


@dataclass(frozen=True, slots=True)
class Axe:
    """Its source, ready to be put into a page."""

    source: str

    def look_at(self, page: Page) -> list[str]:
        """What it finds, by all rules, in sentences."""
        page.evaluate(self.source)
        return _said(page.evaluate(RUN, {"type": "tag", "values": RULES}))

    def look_at_contrast(self, page: Page, where: str) -> list[str]:
        """What it finds pale, in a page that it has looked at before."""
        return _said(page.evaluate(RUN, {"type": "rule", "values": [CONTRAST]}), where)


def install(folder: Path) -> Axe:
    """Axe, installed into `folder` at the first time. Where that can't be the test is skipped, and says so."""
    file = folder / "node_modules" / "axe-core" / "axe.min.js"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several test processes want it at once
        if not (file.exists() and f"axe v{VERSION}" in file.read_text()[:100]):
            _fetch(folder)
    return Axe(file.read_text())


def _fetch(folder: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        missing("npm is not installed (on Debian: apt-get install npm), so there is no axe-core")
    shutil.copy(WANTED, folder)
    command = [npm, *INSTALL, "--cache", str(folder / "npm")]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        missing(f"npm could not install axe-core: {done.stderr.strip()[-300:]}")


def _said(result: Any, where: str = "") -> list[str]:
    return [
        f"{each['impact']}: {each['help']}{where}: {[node['html'] for node in each['nodes']]}"
        for each in result["violations"]
    ]
