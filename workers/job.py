"""The one job: read what was told, reap, advance, look after tasks, arbitrate, hand over, until nothing is due.

It carries no ids and claims what is due when it runs, so a job that is lost, late or doubled costs nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
from rq import get_current_job
from sqlalchemy.exc import SQLAlchemyError

from service.actions.advance import advance
from service.actions.arbitrate import arbitrate
from service.actions.call_webhooks import Switchboard, call_webhooks
from service.actions.deliver import deliver
from service.actions.lease import RENEW, Lease, release, renew
from service.actions.look_after_referrals import look_after_referrals
from service.actions.look_after_tasks import look_after_tasks
from service.actions.put_into_words import Desk
from service.actions.reap import reap
from service.actions.roll_out import roll_out
from service.actions.sunset import leave_in_peace
from service.runtime import NothingPublished, Runtime
from service.store.journey import journey_now
from workers import process
from workers.mailroom import Allowance

log = structlog.get_logger()

BUDGET = 30.0  # seconds
ROUND = 3.0  # seconds of handing over, after which it is asked anew what was told and who may be written to


def work() -> None:
    """What RQ calls."""
    job = get_current_job()
    with structlog.contextvars.bound_contextvars(job=job.id if job else None):
        run(process.runtime(), process.stopping)


def run(runtime: Runtime, stopping: threading.Event, budget: float = BUDGET) -> int:
    """Work through what is due for at most `budget` seconds; how many mails were handed over.

    Before the first publication nothing is, and no job of each second that waits for it has failed.
    """
    try:
        runtime.published()
    except NothingPublished:
        return 0
    ends = time.monotonic() + budget

    def over() -> bool:
        return stopping.is_set() or time.monotonic() > ends

    count = 0
    lease = Lease()
    group = runtime.settings.handoff_group
    desk = Desk(runtime.session, runtime.published, runtime.renderer, runtime.provider, group, runtime.pacer)
    allowance = Allowance()
    with _alive(runtime, lease):
        while not over():
            read = allowance.read(runtime)
            began = time.monotonic()
            moved = _decide(runtime)
            handed = deliver(desk, lease, _sooner(over, began + ROUND))
            allowance.earn(time.monotonic() - began, mail_waits=handed > 0)
            count += handed
            if not read and not moved and not handed:
                break
    _call(runtime, stopping)
    return count


def _sooner(over: Callable[[], bool], ends: float) -> Callable[[], bool]:
    return lambda: over() or time.monotonic() > ends


def _call(runtime: Runtime, stopping: threading.Event) -> None:
    """Calls to other services, beside the job: no mail waits for somebody else's slow answer. One thread a process."""
    if not process.calling.acquire(blocking=False):
        return

    def call() -> None:
        switchboard = Switchboard(runtime.session, runtime.published, lambda: runtime.caller)
        try:
            while not stopping.is_set() and call_webhooks(switchboard):
                pass
        except (SQLAlchemyError, NothingPublished) as error:
            # The calls are kept, and due again when their lease is over.
            log.warning("webhooks.postponed", error=type(error).__name__)
        finally:
            process.calling.release()

    threading.Thread(target=call, daemon=True, name="webhooks").start()


def _decide(runtime: Runtime) -> int:
    """One batch of each of the steps before a hand-over, each in a commit of its own."""
    published = runtime.published()
    with runtime.session() as session:
        moved = reap(session, published)
    with process.collecting_seldom():
        for step in (roll_out, leave_in_peace, advance, look_after_tasks, look_after_referrals, arbitrate):
            with runtime.session() as session:
                moved += step(session, published, journey_now(session))
    return moved


@contextmanager
def _alive(runtime: Runtime, lease: Lease) -> Iterator[None]:
    """Renew the lease while this run lives, and give back at its end what it took and did not hand over."""
    done = threading.Event()
    heart = threading.Thread(target=_beat, args=(runtime, lease, done.wait), daemon=True, name="lease")
    heart.start()
    try:
        yield
    finally:
        done.set()
        heart.join()
        with runtime.session() as session:
            release(session, lease)


def _beat(runtime: Runtime, lease: Lease, wait: Callable[[float], bool]) -> None:
    while not wait(RENEW):
        try:
            with runtime.session() as session:
                renew(session, lease)
        except SQLAlchemyError as error:
            # The lease outlives three missed beats; a row whose lease is over becomes uncertain, never doubled.
            log.warning("lease.not_renewed", error=type(error).__name__)
