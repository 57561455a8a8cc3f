"""What providers tell of the house's mails, for the tests: a provider that speaks our own vocabulary as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import select

from service.actions.receive_feedback import Mailroom, receive_feedback
from service.domain.bucket import Answers
from service.domain.feedback import Bounce, Feedback, What
from service.ports import NotNow, Received
from service.store.delivery import Delivery
from service.store.notice import keep_notices
from tests.actions.house import KEY, House

RECEIVED = datetime(2026, 11, 20, 10, tzinfo=UTC)


class PlainReceiver:
    """Understands lists of feedback as it is; what is wrong with one is a fault of ours."""

    name = "plain"
    reads: frozenset[str] = frozenset()

    def authenticate(self, received: Received, secrets: Sequence[str]) -> None: ...

    def told(self, received: Received) -> list[Feedback]:
        return [_feedback(each) for each in orjson.loads(received.body)]


class Topic(PlainReceiver):
    """Wants to hear that our address is ours."""

    name = "topic"

    def confirm(self, received: Received) -> str | None:
        return received.headers.get("confirm")


@dataclass
class Brakes:
    """A pacer that remembers whom it was told to slow down."""

    slowed: dict[str, float] = field(default_factory=dict)

    def groups(self, domains: Sequence[str]) -> Mapping[str, str]:
        return {domain: domain for domain in domains}

    def settle(self, sender: str, answers: Mapping[str, Answers]) -> None:
        self.slowed |= {f"{sender}>{group}": each.strikes for group, each in answers.items()}


@dataclass
class Post:
    """A house's mailroom."""

    house: House
    brakes: Brakes = field(default_factory=Brakes)
    visited: list[str] = field(default_factory=list)
    away: frozenset[str] = frozenset()  # addresses where nobody is

    def room(self) -> Mailroom:
        return Mailroom(
            begin=self.house.begin,
            published=lambda: self.house.published,
            receiver={"plain": PlainReceiver(), "topic": Topic()}.get,
            hash_key=KEY,
            pacer=self.brakes,  # type: ignore[arg-type]  # no more of it is asked for here
            visit=self._visit,
        )

    def _visit(self, url: str) -> None:
        self.visited.append(url)
        if url in self.away:
            raise NotNow("nobody is there")

    def arrives(
        self,
        *told: Feedback,
        provider: str = "plain",
        account: str = "",
        at: datetime = RECEIVED,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """A notice is kept, as the web does."""
        with self.house.begin() as session:
            body = orjson.dumps([_written(each) for each in told])
            row = {"at": at, "provider": provider, "account": account, "body": body, "items": len(told)}
            keep_notices(session, [row | {"headers": dict(headers or {})}])

    def reads(self) -> int:
        return receive_feedback(self.room(), budget=30)

    def tell(self, *told: Feedback, **more: Any) -> None:
        """It arrives, and is read."""
        self.arrives(*told, **more)
        self.reads()

    def mail_of(self, contact_id: int, step: str = "hello") -> Delivery:
        with self.house.begin() as session:
            mine = (Delivery.contact_id == contact_id, Delivery.step == step, Delivery.staff_to.is_(None))
            return session.scalars(select(Delivery).where(*mine)).one()


def about(mail: Delivery, what: What, bounce: Bounce | None = None, key: str = "", **more: Any) -> Feedback:
    """Something is told of this mail, with the metadata it was given."""
    named = {"delivery_id": mail.id, "message_id": mail.message_id.strip("<>")}
    return Feedback(what, key or f"{mail.id}-{what}-{bounce}", bounce=bounce, **(named | more))


def days_before(days: float) -> datetime:
    return RECEIVED - timedelta(days=days)


def _written(told: Feedback) -> dict[str, Any]:
    return {name: getattr(told, name) for name in Feedback.__dataclass_fields__}


def _feedback(written: Mapping[str, Any]) -> Feedback:
    at, bounce = written["at"], written["bounce"]
    read = {
        "what": What(written["what"]),
        "at": datetime.fromisoformat(at) if at else None,
        "bounce": Bounce(bounce) if bounce else None,
    }
    return Feedback(**(dict(written) | read))
