"""Whoever does all of it: kills and freezes processes, puts the provider into moods, and writes down what was done."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress

import psutil
import psycopg

from tests.chaos.frozen import frozen
from tests.chaos.history import Done
from tests.chaos.mail_service import MailService
from tests.chaos.provider import Mood
from tests.chaos.schedule import SHARES, Fault
from tests.chaos.servers import Servers
from tests.end_to_end.installation import Installation
from tests.waiting import until

BINARIES = {"postgres": "postgres", "valkey": "valkey-server"}


class Nemesis:
    """One run's. `done` is what it did."""

    def __init__(self, everafter: Installation, service: MailService, servers: Servers) -> None:
        self.everafter, self._service, self._servers = everafter, service, servers
        self.done: list[Done] = []

    def follow(self, faults: list[Fault], tell: Callable[[Fault], None] = lambda _: None) -> None:
        """Do what is scheduled, each at its time; some of it overlaps."""
        began = time.monotonic()
        with ThreadPoolExecutor(len(faults)) as pool:
            under_way = []
            for fault in faults:
                time.sleep(max(0.0, began + fault.at - time.monotonic()))
                if fault.target == "up":
                    wait(under_way)  # nothing stays frozen in a house that is gone
                tell(fault)
                under_way.append(pool.submit(self.strike, fault))
            for each in under_way:
                each.result()

    def strike(self, fault: Fault) -> None:
        """Do it, and undo it when its time is over. What isn't there just now can't be struck."""
        with suppress(psutil.NoSuchProcess):
            if fault.target == "provider":
                self._upset(fault)
            elif fault.target == "up":
                self._end_everything()
            elif fault.kind == "kill":
                self._kill(fault)
            else:
                self._freeze(fault)

    def _upset(self, fault: Fault) -> None:
        with self.noted(fault.target, fault.kind):
            if fault.kind == "kill":
                self._service.kill()
                time.sleep(fault.seconds)
                self._service.start()
            elif fault.kind == "freeze":
                with frozen([self._service.process]):
                    time.sleep(fault.seconds)
            else:
                self._service.feel(Mood(fault.kind, SHARES.get(fault.kind, 30), fault.seconds / 4))
                time.sleep(fault.seconds)
                self._service.feel(Mood())

    def _end_everything(self) -> None:
        with self.noted("up", "kill"):
            self.everafter.kill()
            until(lambda: not self.everafter.processes(), "no process outlives `everafter up`")
            self.everafter.start()

    def _kill(self, fault: Fault) -> None:
        family = self._family(fault)
        with self.noted(fault.target, fault.kind, family[0].pid):
            for process in family:
                with suppress(psutil.NoSuchProcess):
                    process.kill()

    def _freeze(self, fault: Fault) -> None:
        family = self._family(fault)
        with self.noted(fault.target, fault.kind, family[0].pid), frozen(family):
            if fault.kind == "oversleep":
                self._sleep_over()
            time.sleep(fault.seconds)

    def _sleep_over(self) -> None:
        with suppress(psycopg.Error):  # PostgreSQL is away too; then it was no sleep beyond the lease
            self._servers.lapse_leases()

    def _family(self, fault: Fault) -> list[psutil.Process]:
        """The processes that a fault falls on. Raises NoSuchProcess where there is none now."""
        if fault.target in BINARIES:
            try:
                return self.everafter.server_family(BINARIES[fault.target])
            except AssertionError:
                raise psutil.NoSuchProcess(0) from None
        found = sorted(self.everafter.processes(fault.target), key=lambda each: each.pid)
        if not found:
            raise psutil.NoSuchProcess(0)
        if fault.target == "web" and fault.kind != "kill":
            return found
        return [found[int(fault.lot * len(found))]]

    @contextmanager
    def noted(self, target: str, kind: str, pid: int = 0) -> Iterator[None]:
        """Write down that something is done while the `with` lasts."""
        began = time.time()
        try:
            yield
        finally:
            self.done.append(Done(began, time.time(), target, kind, pid))
