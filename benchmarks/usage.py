"""What an installation uses: processor time and memory, by family of processes."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

import psutil

from benchmarks.installation import Installation
from benchmarks.result import Result

MEGABYTE = 1_000_000
LOOK_EVERY = 5.0  # seconds; a look is 40 ms of processor time, and halts who is looked at
SERVERS = {"postgres": "postgresql", "valkey": "valkey"}


def processor_seconds(installation: Installation) -> dict[str, float]:
    """Processor time so far, user and system, of each family; what its ended children used counts with it."""
    return {
        family: sum(_seconds(process) for process in processes) for family, processes in installation.families().items()
    }


def cpu_result(
    installation: Installation,
    before: Mapping[str, float],
    units: int,
    reference: float | None = None,
    reference_name: str = "",
) -> Result:
    """Processor milliseconds a unit since `before`: all of them, and whose they were."""
    return spent_result(used_since(installation, before), units, reference, reference_name)


def used_since(installation: Installation, before: Mapping[str, float]) -> dict[str, float]:
    """Processor seconds of each family since `before`."""
    return {name: after - before.get(name, 0.0) for name, after in processor_seconds(installation).items()}


def spent_result(
    spent: Mapping[str, float], units: int, reference: float | None = None, reference_name: str = ""
) -> Result:
    """Processor milliseconds a unit where the families spent so many seconds: all of them, and whose they were."""
    used = {name: 1000 * seconds / max(units, 1) for name, seconds in spent.items()}
    return Result(sum(used.values()), "ms", reference, reference_name, shares(used))


def shares(used: Mapping[str, float]) -> dict[str, object]:
    """The same by whose it is: `everafter`, `postgresql`, `valkey`; and `everafter` by its processes."""
    own = {family: value for family, value in used.items() if family not in SERVERS}
    servers = {name: used.get(family, 0.0) for family, name in SERVERS.items()}
    return {"everafter": sum(own.values()), **servers, "everafter_by_process": own}


class Peak:
    """The largest sum that was seen, in megabytes, and how it was made up."""

    def __init__(self) -> None:
        self.total = 0.0
        self.parts: dict[str, float] = {}

    def look(self, installation: Installation) -> None:
        seen = proportional_megabytes(installation)
        if sum(seen.values()) > self.total:
            self.total, self.parts = sum(seen.values()), seen

    def result(self) -> Result:
        return Result(self.total, "MB", more=shares(self.parts))


@contextmanager
def peak_memory(installation: Installation) -> Iterator[Peak]:
    """Looks every five seconds while the context lasts."""
    peak, done = Peak(), threading.Event()

    def watch() -> None:
        while not done.wait(LOOK_EVERY):
            with suppress(psutil.Error):
                peak.look(installation)

    watcher = threading.Thread(target=watch, name="memory", daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        done.set()
        watcher.join()


def proportional_megabytes(installation: Installation) -> dict[str, float]:
    """The PSS of each family: memory that several processes share counts once. Empty where /proc doesn't tell."""
    found: dict[str, float] = {}
    for family, processes in installation.families().items():
        for process in processes:
            with suppress(psutil.Error, OSError, AttributeError):
                found[family] = found.get(family, 0.0) + process.memory_full_info().pss / MEGABYTE
    return found


def _seconds(process: psutil.Process) -> float:
    with suppress(psutil.Error):
        times = process.cpu_times()
        ended = getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
        return float(times.user + times.system + ended)
    return 0.0
