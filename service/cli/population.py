"""`everafter simulate --population`: policies of sending side by side, on many simulated recipients."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import click
import numpy as np

from service.cli.progress import Progress
from service.domain.sequence.model.library import Library
from service.domain.simulation.population.chart import draw
from service.domain.simulation.population.compare import Comparison, Lived, Table, Town, compare, live, runs
from service.domain.simulation.population.course import read_courses
from service.domain.simulation.population.policies import WHAT, Variant
from service.domain.simulation.population.report import lines, plain
from service.domain.simulation.population.world import MAX_BYTES, World, WorldError, read_world, read_worlds

PART = 50  # people who are lived in one go


def shipped_worlds(section: str = "altered") -> dict[str, World]:
    """The worlds that come with Everafter, by name: `base`, and those of a section of the file."""
    return read_worlds(files("service.domain.simulation.population").joinpath("worlds.json").read_bytes(), section)


def simulate_population(
    library: Library,
    *,
    contacts: int,
    seed: int,
    days: int,
    names: Sequence[str],
    world_path: Path | None,
    journeys_alone: bool,
    picture: Path | None,
    as_json: bool,
) -> None:
    """Run the comparison and print it. Raises click.ClickException where a file can't be read or written."""
    world = _world(world_path)
    if journeys_alone:
        world = world.without_campaigns
    town = Town(read_courses(library), world, (seed,), contacts, days)
    wanted = tuple(dict.fromkeys(names)) or tuple(WHAT)
    with Progress("Living") as progress, on_cores(progress, runs(wanted) * contacts) as lived:
        comparison = compare(town, wanted, library.business.throttle, lived)
    if picture is not None:
        _draw(comparison, picture)
    if as_json:
        click.echo(json.dumps(plain(comparison), ensure_ascii=False, indent=2))
        return
    for line in lines(comparison):
        click.echo(line)
    if picture is not None:
        click.echo(f"\nDrawn in {picture}.")


@contextmanager
def on_cores(progress: Callable[[int, int], None] = lambda done, total: None, total: int = 0) -> Iterator[Lived]:
    """`live` in as many processes as there are cores; `progress` is told how many of `total` people are done."""
    done = 0

    def _tick(people: int) -> None:
        nonlocal done
        done = min(done + people, total)
        progress(done, total)

    with ProcessPoolExecutor(os.cpu_count()) as pool:

        def _lived(town: Town, variant: Variant) -> Table:
            parts = town.parts(PART)
            if len(parts) == 1:
                return live(town, variant, _tick)
            waiting = {pool.submit(live, part, variant): place for place, part in enumerate(parts)}
            found: dict[int, Table] = {}
            for future in as_completed(waiting):
                place = waiting[future]
                found[place] = future.result()
                _tick(parts[place].contacts)
            return np.concatenate([found[place] for place in range(len(parts))])

        yield _lived
    progress(total, total)


def _world(path: Path | None) -> World:
    base = shipped_worlds()["base"]
    if path is None:
        return base
    try:
        with path.open("rb") as opened:
            data = opened.read(MAX_BYTES + 1)
        return read_world(str(path), data, base)
    except OSError as error:
        raise click.ClickException(f"{path} can't be read: {error.strerror}.") from None
    except WorldError as error:
        raise click.ClickException(str(error)) from None


def _draw(comparison: Comparison, path: Path) -> None:
    try:
        path.write_text(draw(comparison), encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{path} can't be written: {error.strerror}.") from None
