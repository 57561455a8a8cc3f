"""`everafter …` as a process of its own, run to its end.

It is forked from one that has read our code already: to read it takes half a second, and there are a hundred commands.
What a shell starts is `tests.cli.test_command_line`.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from service.cli import COMMANDS, main
from service.settings import ROOT

PATIENCE = 120  # seconds
STREAMS = ("stdout", "stderr")

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload([__name__, *(place.partition(":")[0] for place, _ in COMMANDS.values())])


def everafter(*arguments: str, **told: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; `told` are settings on top of this process's environment."""
    with TemporaryDirectory(prefix="everafter-command-") as folder:
        process = _forks.Process(target=_run, args=(arguments, dict(os.environ) | told, Path(folder)))
        process.start()
        process.join(PATIENCE)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(arguments, PATIENCE)
        said = (Path(folder, name).read_text() for name in STREAMS)
        return subprocess.CompletedProcess(arguments, process.exitcode, *said)


def _run(arguments: tuple[str, ...], environment: Mapping[str, str], folder: Path) -> None:
    """In the new process: become the command."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    for number, name in enumerate(STREAMS, start=1):
        with (folder / name).open("wb") as file:
            os.dup2(file.fileno(), number)
    sys.argv = ["everafter", *arguments]
    main()
