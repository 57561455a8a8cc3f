"""Every named point of the product, with every fault just there: the process is held at the point, and struck."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import psutil

from service.fault import POINTS
from tests.chaos.frozen import frozen
from tests.chaos.nemesis import Nemesis
from tests.chaos.people import People
from tests.chaos.servers import Servers
from tests.waiting import until

KINDS = ("kill", "oversleep", "database", "valkey")
EVERY = tuple(product(POINTS, KINDS))
PEOPLE = 6  # who come so that there is something at the point
CROWD = 60  # enough that a worker has a whole group in hand
CROWDED = {("after_intent", "kill"), ("after_accept", "kill")}
AWAY = 0.7  # seconds for which a server is away once the process goes on


@dataclass(frozen=True, slots=True)
class Orders:
    """The folder that EVERAFTER_FAULT_ORDERS names."""

    folder: Path

    def give(self, point: str) -> None:
        (self.folder / point).touch()

    def taken(self, point: str) -> list[Path]:
        return list(self.folder.glob(f"{point}.*"))

    def hold(self, point: str, seconds: float = 60) -> int:
        """Wait until a process is held at a point that was ordered; its id."""
        until(lambda: self.taken(point), f"somebody passes {point}", seconds)
        return int(self.taken(point)[0].suffix[1:])

    def release(self, point: str) -> None:
        """Let go of whoever is held, and hold nobody else."""
        (self.folder / point).unlink(missing_ok=True)
        for order in self.taken(point):
            order.unlink()


@dataclass(frozen=True, slots=True)
class Attack:
    """`nap`: for how long a process is frozen, on top of its leases being over."""

    orders: Orders
    nemesis: Nemesis
    servers: Servers
    people: People
    nap: float

    def strike(self, point: str, kind: str) -> None:
        """One fault at one point, and whoever came meanwhile is told yes in the end."""
        if (point, kind) in CROWDED:
            with frozen(self.nemesis.everafter.processes("worker")):
                self._come(CROWD)
                self.orders.give(point)
        else:
            self.orders.give(point)
            self.people.come(PEOPLE)
        pid = self.orders.hold(point)
        target = "web" if "signup" in point else "worker"
        with self.nemesis.noted(kind if kind in {"database", "valkey"} else target, kind, pid):
            try:
                self._do(kind, psutil.Process(pid), point)
            finally:
                self.orders.release(point)
        until(lambda: not self.people.waiting, f"everybody is told yes after {kind} at {point}", 120)

    def _come(self, number: int) -> None:
        self.people.come(number)
        until(lambda: not self.people.waiting, f"{number} people are told yes", 120)

    def _do(self, kind: str, process: psutil.Process, point: str) -> None:
        if kind == "kill":
            process.kill()
            until(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE, "it is gone")
        elif kind == "oversleep":
            with frozen([process]):
                self.servers.lapse_leases()
                time.sleep(self.nap)
                self.orders.release(point)
        else:
            with self.servers.no_database() if kind == "database" else self.servers.no_valkey():
                self.orders.release(point)
                time.sleep(AWAY)
