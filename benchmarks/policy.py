"""Compare policies of sending on simulated recipients: eleven worlds, seeds that nothing was tuned on.

Writes the tables and the picture of docs/throttling.md, and ends with 1 where what is promised there does not hold.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from benchmarks.bench import say
from service.cli.folder import read_folders
from service.cli.population import on_cores, shipped_worlds
from service.clock import machine_now
from service.domain.policy import Policy
from service.domain.sequence.library import read_library
from service.domain.simulation.population.chart import draw
from service.domain.simulation.population.compare import Lived, Outcome, Town, compare, thin
from service.domain.simulation.population.course import Courses, read_courses
from service.domain.simulation.population.policies import EVERAFTER, NONE, THINNED, WHAT, Variant, ablations
from service.domain.simulation.population.report import HEAD, row, table
from service.domain.simulation.population.world import World
from service.settings import ROOT

HELD_OUT = (101, 102, 103, 104, 105, 106)  # the research's; tuning used others
DAYS = 365
ENOUGH = 9  # of eleven worlds
FEWER_MAILS, FEWER_LEAVE, CONVERSIONS = -0.4, -0.5, -0.02
PAGE = ROOT / "docs" / "throttling.md"
PICTURE = ROOT / "docs" / "pictures" / "policies.svg"
WORLD_HEAD = ("world", "mails", "unsubscribed", "conversions", "± se", "vs thinned", "± se", "holds")
ALONE_HEAD = ("journeys alone", "mails by none", "mails", "unsubscribed", "conversions", "± se")
RULE_HEAD = ("without", "mails", "conversions", "± se", "unsubscribed", "± se", "reachable", "± se")


Outcomes = Mapping[str, Outcome]


@dataclass(frozen=True, slots=True)
class Lab:
    """What every comparison is made with: `contacts` for each seed."""

    courses: Courses
    policy: Policy
    contacts: int
    lived: Lived

    def town(self, world: World) -> Town:
        return Town(self.courses, world, HELD_OUT, self.contacts, DAYS)

    def live(self, world: World, *names: str) -> Outcomes:
        """These policies, by name."""
        town = self.town(world)
        return {name: Outcome(name, self.lived(town, Variant(name, self.policy))) for name in names}

    def contest(self, world: World) -> Outcomes:
        """Everafter against everything, and against as much mail by lot."""
        found = self.live(world, NONE, EVERAFTER)
        thinned = thin(self.town(world), self.policy, found[EVERAFTER], found[NONE], self.lived)
        say(f"The world “{world.name}” is lived.")
        return {**found, THINNED: thinned}


@click.command(help=__doc__, epilog="Example: python -m benchmarks.policy --contacts 100 --no-write")
@click.option(
    "--contacts", default=500, show_default=True, type=click.IntRange(10, 10_000), help="For each of six seeds."
)
@click.option("--write/--no-write", default=True, help="Write docs/throttling.md and its picture.")
def main(contacts: int, write: bool) -> None:
    began = time.monotonic()
    library, _ = read_library(read_folders([ROOT / "sequences"], ROOT / "email_templates"))
    assert library is not None, "the shipped sequences have errors; everafter check tells them"
    worlds = shipped_worlds()
    with on_cores() as lived:
        lab = Lab(read_courses(library), library.business.throttle, contacts, lived)
        base = compare(lab.town(worlds["base"]), tuple(WHAT), lab.policy, lived)
        say("The base world is lived.")
        every = {name: base.outcomes if name == "base" else lab.contest(world) for name, world in worlds.items()}
        beside = {each.name: lab.contest(each) for each in shipped_worlds("beside").values() if each.name != "base"}
        alone = {name: lab.live(world.without_campaigns, NONE, EVERAFTER) for name, world in worlds.items()}
        say("The journeys alone are lived.")
        rules = {each.label: Outcome(each.label, lived(base.town, each)) for each in ablations(lab.policy)}
    holds = sum(_holds(each) for each in every.values())
    blocks = {
        "policies": "\n".join(table([HEAD, *(row(base, each) for each in base.outcomes.values())])),
        "worlds": "\n".join(table([WORLD_HEAD, *(_world(name, each) for name, each in every.items())])),
        "beside": "\n".join(table([WORLD_HEAD, *(_world(name, each) for name, each in beside.items())])),
        "alone": "\n".join(table([ALONE_HEAD, *(_alone(name, each) for name, each in alone.items())])),
        "rules": "\n".join(table([RULE_HEAD, *_rules(base.outcomes[EVERAFTER], rules)])),
        "run": _run(contacts, time.monotonic() - began),
    }
    click.echo("\n\n".join(blocks.values()))
    click.echo(f"\nWhat is promised holds in {holds} of {len(every)} worlds; {ENOUGH} are asked.")
    if write:
        _write(PAGE, blocks)
        PICTURE.write_text(draw(base), encoding="utf-8")
        say(f"Written to {PAGE.relative_to(ROOT)} and {PICTURE.relative_to(ROOT)}.")
    sys.exit(0 if holds >= ENOUGH else 1)


def _holds(outcomes: Outcomes) -> bool:
    """Fewer mails, fewer leave, conversions kept, and more of them than random thinning keeps."""
    ours, none = outcomes[EVERAFTER], outcomes[NONE]
    return (
        ours.ratio(none, "mails").mean <= FEWER_MAILS
        and ours.ratio(none, "unsubscribes").mean <= FEWER_LEAVE
        and ours.ratio(none, "conversions").mean >= CONVERSIONS
        and ours.against(outcomes[THINNED], "conversions").mean > 0
    )


def _world(name: str, outcomes: Outcomes) -> tuple[str, ...]:
    ours, none = outcomes[EVERAFTER], outcomes[NONE]
    change, gained = ours.ratio(none, "conversions"), ours.ratio(outcomes[THINNED], "conversions")
    return (
        name,
        f"{ours.ratio(none, 'mails').mean:+.0%}",
        f"{ours.ratio(none, 'unsubscribes').mean:+.0%}",
        f"{change.mean:+.1%}",
        f"{change.se:.1%}",
        f"{gained.mean:+.1%}",
        f"{gained.se:.1%}",
        "yes" if _holds(outcomes) else "no",
    )


def _alone(name: str, outcomes: Outcomes) -> tuple[str, ...]:
    ours, none = outcomes[EVERAFTER], outcomes[NONE]
    change = ours.ratio(none, "conversions")
    return (
        name,
        f"{none.estimate('mails').mean:.1f}",
        f"{ours.ratio(none, 'mails').mean:+.0%}",
        f"{ours.ratio(none, 'unsubscribes').mean:+.0%}",
        f"{change.mean:+.1%}",
        f"{change.se:.1%}",
    )


def _rules(whole: Outcome, without: dict[str, Outcome]) -> Iterator[tuple[str, ...]]:
    for label, outcome in without.items():
        change = outcome.ratio(whole, "conversions")
        left, reach = outcome.against(whole, "unsubscribes"), outcome.against(whole, "reachable")
        yield (
            label,
            f"{outcome.ratio(whole, 'mails').mean:+.1%}",
            f"{change.mean:+.2%}",
            f"{change.se:.2%}",
            f"{100 * left.mean:+.2f} pt",
            f"{100 * left.se:.2f}",
            f"{100 * reach.mean:+.2f} pt",
            f"{100 * reach.se:.2f}",
        )


def _run(contacts: int, seconds: float) -> str:
    seeds = f"{HELD_OUT[0]} to {HELD_OUT[-1]}"
    size = f"{len(HELD_OUT)} × {contacts:,} contacts, {DAYS} days, seeds {seeds}"
    return (
        f'make bench-policy ARGS="--contacts {contacts}"\n{size}; {machine_now():%-d %B %Y}, {seconds / 60:.0f} minutes'
    )


def _write(page: Path, blocks: dict[str, str]) -> None:
    """Each block into the page, between its two marks."""
    text = page.read_text(encoding="utf-8")
    for name, block in blocks.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->\n"
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        assert found, f"{page} has no place for “{name}”"
        assert closed, f"the place for “{name}” in {page} has no end"
        text = f"{before}{begin}```\n{block}\n```\n{end}{after}"
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
