"""What goes wrong when: a function of the seed and the length of a run, and of nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

PROCESSES = {
    "web": ("kill", "freeze"),
    "beat": ("kill", "freeze"),
    "worker": ("kill", "freeze", "oversleep", "kill", "oversleep"),
    "valkey": ("kill", "freeze"),
    "postgres": ("kill", "freeze"),
}
PROVIDER = ("kill", "freeze", "refuse", "reject", "slow_down", "delay", "cut_before", "cut_after")
EVERYTHING = "up"  # `everafter up` itself, and with it every process of the home
MEAN_GAP = 3.0  # seconds between two faults; less where there is little time
SHORTEST, LONGEST = 0.5, 5.0  # seconds for which something is frozen or in a mood
LONGEST_SLEEP = 12.0  # of a worker: longer than a group's budget
MOST = {"web": 4, "beat": 4, "worker": 12, "valkey": 3, "postgres": 3}  # kills of each in five minutes: see below
SHARES = {"slow_down": 10, "reject": 3, "cut_before": 15, "cut_after": 15}  # mails of a hundred that a mood falls on


@dataclass(frozen=True, slots=True)
class Fault:
    """`at`: seconds from the start. `lot` (0 to 1) picks one of several processes of that kind."""

    at: float
    target: str
    kind: str
    seconds: float
    lot: float = 0.0

    def __str__(self) -> str:
        lasting = "" if self.kind == "kill" and self.target != "provider" else f" for {self.seconds:.1f} s"
        return f"{self.at:6.1f} s  {self.target} {self.kind.replace('_', ' ')}{lasting}"


def draw(seed: int, seconds: float) -> list[Fault]:
    """The faults of a run, in their order. The same for the same seed and length, whatever the machine.

    Each kind comes once before any comes again. The supervisor waits longer each time before it starts what was
    killed again, so only so many kills of a process make sense; beyond them it is frozen instead. The last fault
    takes everything away at once.
    """
    chance = Random(f"{seed}:{seconds:g}")
    deck = _deck(chance)
    faults: list[Fault] = []
    kills: dict[str, int] = {}
    gap = min(MEAN_GAP, seconds / 12)
    at = chance.uniform(0.5, gap)
    while at < seconds - LONGEST:
        target, kind = next(deck)
        if kind == "kill" and target in MOST:
            kills[target] = kills.get(target, 0) + 1
            kind = kind if kills[target] <= max(1, round(MOST[target] * seconds / 300)) else "freeze"
        longest = LONGEST_SLEEP if target == "worker" else LONGEST
        lasting = chance.uniform(SHORTEST, min(longest, seconds / 8))
        faults.append(Fault(round(at, 2), target, kind, round(lasting, 2), chance.random()))
        at += chance.uniform(0.3, 2 * gap - 0.3)
    return [*faults, Fault(round(seconds, 2), EVERYTHING, "kill", 0.0)]


def _deck(chance: Random) -> Iterator[tuple[str, str]]:
    pairs = [(target, kind) for target, kinds in PROCESSES.items() for kind in kinds]
    pairs += [("provider", kind) for kind in PROVIDER]
    while True:
        yield from chance.sample(pairs, len(pairs))
