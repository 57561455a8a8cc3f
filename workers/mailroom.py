"""What providers told is read where the work is done: before it is decided who gets mail, so that a bounce counts."""

from __future__ import annotations

import structlog
from sqlalchemy.exc import SQLAlchemyError

from service.actions.follow_feedback import settle_uncertain
from service.actions.receive_feedback import Mailroom, receive_feedback
from service.ports import Receiver
from service.providers.visit import visit
from service.runtime import Runtime
from service.store.notice import any_waiting

log = structlog.get_logger()


def read_feedback(runtime: Runtime) -> int:
    """Read some of what waits; how many notices. Mail goes on, whatever is amiss with it."""
    try:
        with runtime.session() as session:
            if not any_waiting(session):
                return 0
        return receive_feedback(_mailroom(runtime))
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
        visit=visit,
    )
