"""What providers told is read where the work is done: before it is decided who gets mail, so that a bounce counts."""

from __future__ import annotations

from time import monotonic

import structlog
from sqlalchemy.exc import SQLAlchemyError

from service.actions.follow_feedback import settle_uncertain
from service.actions.receive_feedback import BUDGET, Mailroom, receive_feedback
from service.ports import Receiver
from service.runtime import Runtime
from service.store.notice import any_waiting

SHARE = 0.1  # of the time that mail takes
FIRST = 0.05  # seconds, which is as much as one transaction: nobody knows yet whether mail waits

log = structlog.get_logger()


class Allowance:
    """How long a worker may read what was told: as long as it likes while no mail waits, else a share of the time that
    mail takes. So a storm of events costs those who send no more than that."""

    def __init__(self) -> None:
        self._seconds = FIRST

    def earn(self, seconds: float, *, mail_waits: bool) -> None:
        """A round of other work took so long."""
        self._seconds = min(BUDGET, self._seconds + SHARE * seconds) if mail_waits else BUDGET

    def read(self, runtime: Runtime) -> int:
        """Read for as long as there is allowance; how many notices."""
        if self._seconds <= 0:
            return 0
        began = monotonic()
        count = read_feedback(runtime, self._seconds)
        if count:
            self._seconds -= monotonic() - began
        return count


def read_feedback(runtime: Runtime, budget: float = BUDGET) -> int:
    """Read what waits for about so many seconds; how many notices. Mail goes on, whatever is amiss with it."""
    try:
        with runtime.session() as session:
            if not any_waiting(session):
                return 0
        return receive_feedback(_mailroom(runtime), budget)
    except SQLAlchemyError as error:
        # All of it still waits, and the next round reads it.
        log.warning("feedback.postponed", error=type(error).__name__, detail=str(error)[:200])
        return 0


def settle(runtime: Runtime) -> int:
    """Settle what became uncertain after it was told what came of it; how many deliveries."""
    with runtime.session() as session:
        return settle_uncertain(session)


def _mailroom(runtime: Runtime) -> Mailroom:
    def receiver(provider: str) -> Receiver | None:
        opened = runtime.receiver(provider)
        return opened[0] if opened else None

    return Mailroom(
        begin=runtime.session,
        published=runtime.published,
        receiver=receiver,
        hash_key=runtime.hash_key,
        pacer=runtime.pacer,
        visit=runtime.visit,
    )
