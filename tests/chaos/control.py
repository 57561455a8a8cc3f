"""Two mistakes that others make, done on purpose: the harness has to find both, or it finds nothing.

send-then-commit       the mail is handed over first, and then written down: whoever dies between the two, doubles it
resend-after-look-up   the intent comes first, but what a dead worker left is sent again if the provider doesn't know it
                       yet: whoever was only asleep, sends it too

They are workers of their own beside the product's, which stand still meanwhile: `… -m tests.chaos.control WHICH LOG`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
from sqlalchemy import func, select, update

from service.actions.advance import advance
from service.actions.arbitrate import arbitrate
from service.actions.lease import Lease, take
from service.actions.put_into_words import Desk, Words
from service.actions.record import Handed, record
from service.local.running import read_running
from service.ports import Message
from service.runtime import Runtime
from service.settings import ROOT, read_settings
from service.store.delivery import Delivery, State
from service.store.journey import journey_now
from tests.chaos.judge import Violation, judge
from tests.chaos.run import House, Say
from tests.waiting import NeverCame, until

TWICE = "nobody is mailed twice"
WORKERS = 2
PEOPLE = 6
FAR = 3600.0  # seconds: these know no budget


def send_then_commit(desk: Desk, log: Path) -> int:
    """The intent and the outcome in one commit, after the bytes have left."""
    lease = Lease()
    with desk.begin() as session:
        take(session, lease, desk.group)
    messages = Words(desk, lease).of(lease.ids)
    outcomes = desk.provider.send(messages, time.monotonic() + FAR) if messages else []
    with desk.begin() as session:
        _intend(session, messages)
        done = [Handed(message.delivery_id, outcome) for message, outcome in zip(messages, outcomes, strict=True)]
        record(session, desk.published(), lease, done)
    return len(messages)


def resend_after_look_up(desk: Desk, log: Path) -> int:
    """The intent first. What nobody's lease holds any more is looked up, and sent again where it isn't known."""
    lease = Lease()
    with desk.begin() as session:
        over = (Delivery.state == State.HANDED, Delivery.lease_until <= func.clock_timestamp())
        for row in session.scalars(select(Delivery).where(*over).with_for_update(skip_locked=True)):
            if row.message_id not in log.read_text():
                row.state, row.token, row.lease_until = State.CLEARED, None, None
    with desk.begin() as session:
        take(session, lease, desk.group)
    messages = Words(desk, lease).of(lease.ids)
    with desk.begin() as session:
        _intend(session, messages)
    outcomes = desk.provider.send(messages, time.monotonic() + FAR) if messages else []
    with desk.begin() as session:
        done = [Handed(message.delivery_id, outcome) for message, outcome in zip(messages, outcomes, strict=True)]
        record(session, desk.published(), lease, done)
    return len(messages)


def _intend(session, messages: list[Message]) -> None:
    ids = [message.delivery_id for message in messages]
    now = journey_now(session)
    handed = {"state": State.HANDED, "handed_at": now, "handed_machine_at": func.clock_timestamp()}
    session.execute(update(Delivery).where(Delivery.id.in_(ids)).values(handed))


CONTROLS: dict[str, tuple[Callable[[Desk, Path], int], str, str]] = {
    "send-then-commit": (send_then_commit, "after_accept", "kill"),
    "resend-after-look-up": (resend_after_look_up, "before_data", "oversleep"),
}


def work(deliver: Callable[[Desk, Path], int], log: Path) -> None:
    """A worker that makes this mistake, until it is killed."""
    settings = read_settings()
    runtime = Runtime(settings)
    desk = Desk(runtime.session, runtime.published, runtime.renderer, runtime.provider, settings.handoff_group)
    while True:
        for step in (advance, arbitrate):
            with runtime.session() as session:
                step(session, runtime.published(), journey_now(session))
        if not deliver(desk, log):
            time.sleep(0.1)


def red(control: str, home: House, say: Say) -> list[Violation]:
    """What the judge says once the house works like this; nothing where it doesn't find the mistake."""
    _, point, kind = CONTROLS[control]
    before = set(_twice(home))
    with others_work(home, control):
        say(f"negative control: {control}, {kind} at {point}")
        home.orders.give(point)
        came = {each.who for each in home.people.come(PEOPLE)}
        process = psutil.Process(home.orders.hold(point))
        process.send_signal(signal.SIGKILL if kind == "kill" else signal.SIGSTOP)
        home.servers.lapse_leases()
        if kind == "oversleep":
            until(lambda: came <= _with_mail(home), "somebody else takes over", 90)
        home.orders.release(point)
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGCONT)
        with suppress(NeverCame):
            until(lambda: set(_twice(home)) - before, "somebody is mailed twice", 60, every=0.5)
    return [each for each in _twice(home) if each not in before]


def _with_mail(home: House) -> set[str]:
    return {each.to for each in home.service.entries() if each.what == "accepted"}


def _twice(home: House) -> list[Violation]:
    return [each for each in judge(home.history()) if each.promise == TWICE]


@contextmanager
def others_work(home: House, control: str) -> Iterator[None]:
    """The product's own workers stand still, and these work in their place."""
    running = read_running(home.everafter.home)
    assert running is not None
    environment = os.environ | running.environment | {"EVERAFTER_FAULT_ORDERS": str(home.orders.folder)}
    command = [sys.executable, "-m", "tests.chaos.control", control, str(home.service.log)]
    for worker in home.everafter.processes("worker"):
        worker.send_signal(signal.SIGSTOP)
    started = {"cwd": ROOT, "env": environment, "stdout": subprocess.DEVNULL, "start_new_session": True}
    workers = [subprocess.Popen(command, **started) for _ in range(WORKERS)]
    try:
        yield
    finally:
        for each in workers:
            each.kill()
            each.wait(10)
        for worker in home.everafter.processes("worker"):
            worker.send_signal(signal.SIGCONT)


if __name__ == "__main__":
    work(CONTROLS[sys.argv[1]][0], Path(sys.argv[2]))
