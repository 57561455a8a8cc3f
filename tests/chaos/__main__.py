"""Break a whole installation in every way we know, for ten minutes, and see whether it keeps its promises.

The seed decides what goes wrong and when; the same seed and minutes replay it.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from secrets import randbelow

import click

from benchmarks.installation import forget_settings
from service.cli.progress import Progress
from service.local.stop import Stopped, stop_on_signals
from tests.chaos.control import CONTROLS, red
from tests.chaos.points import EVERY
from tests.chaos.run import Plan, house, run
from tests.chaos.schedule import draw
from tests.waiting import NeverCame

BESIDES = 240.0  # seconds of a run that are not the random part: start, points, healing, controls
BESIDES_SHORT = 60.0  # the same of a short run, which has fewer points and shorter naps
ON_DISK = Path("/var/tmp")


@click.command(help=__doc__, epilog="Example: make chaos ARGS='--seed 7 --minutes 10'")
@click.option("--seed", type=int, help="Decides what goes wrong and when.  [default: a new one]")
@click.option("--minutes", type=click.FloatRange(2, 24 * 60), default=10, show_default=True, help="How long it takes.")
@click.option("--plan", "show", is_flag=True, help="Print what would go wrong, and do nothing.")
def main(seed: int | None, minutes: float, show: bool) -> None:
    seed = randbelow(10_000) if seed is None else seed
    plan = Plan(seed, nemesis=max(30.0, minutes * 60 - BESIDES))
    if minutes * 60 <= BESIDES:  # the points that matter most, and shorter naps
        points = [each for each in EVERY if each[1] in {"kill", "oversleep"}]
        plan = replace(plan, points=points, nap=2.0, nemesis=minutes * 60 - BESIDES_SHORT)
    click.echo(f"  seed {seed}; the same again: make chaos ARGS='--seed {seed} --minutes {minutes:g}'")
    if show:
        click.echo("\n".join(map(str, draw(seed, plan.nemesis))))
        return
    forget_settings()
    folder = Path(tempfile.mkdtemp(prefix="everafter-chaos-", dir=ON_DISK if os.access(ON_DISK, os.W_OK) else None))
    folder.chmod(0o711)  # PostgreSQL passes here, whoever it runs as
    try:
        with stop_on_signals(), Progress("chaos") as bar:
            green = _run(plan, folder / "house", _teller(bar, minutes * 60))
    except Stopped:
        shutil.rmtree(folder, ignore_errors=True)
        sys.exit("  Stopped; nothing was judged.")
    except NeverCame as error:
        sys.exit(f"  {error} (seed {seed}). What it left is in {folder}.")
    if not green:
        sys.exit(f"\n  Promises were BROKEN (seed {seed}). Logs and databases are in {folder}.")
    shutil.rmtree(folder, ignore_errors=True)
    click.echo(f"\n  Every promise was kept (seed {seed}).")


def _run(plan: Plan, folder: Path, say: Callable[[str], None]) -> bool:
    """The run and its negative controls; whether every promise was kept and every mistake found."""
    with house(folder) as home:
        verdict = run(plan, home, say)
        click.echo(f"\n{verdict}\n")
        blind = []
        for control in CONTROLS:
            found = red(control, home, say)
            click.echo(f"  {control}: {found[0] if found else 'NOT FOUND, so this harness is blind'}")
            blind += [] if found else [control]
    return not verdict.violations and not blind


def _teller(bar: Progress, seconds: float) -> Callable[[str], None]:
    """Says what happens, above the bar where there is one."""
    began = time.monotonic()
    clear = "\r\x1b[K" if sys.stderr.isatty() else ""

    def say(words: str) -> None:
        gone = time.monotonic() - began
        click.echo(f"{clear}  {gone:5.0f} s  {words}")
        bar(min(99, round(100 * gone / seconds)), 100)

    return say


if __name__ == "__main__":
    main()
