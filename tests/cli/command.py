"""`everafter …` as a process, the way a shell runs it."""

from __future__ import annotations

import os
import subprocess
import sys

from service.settings import ROOT


def everafter(*arguments: str, **told: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; `told` are settings on top of this process's environment."""
    return subprocess.run(
        [sys.executable, "-m", "service.cli", *arguments],
        env=os.environ | told,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
