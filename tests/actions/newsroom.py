"""A house that publishes: its files are stored, and what people are owed by a new version is carried on to them."""

from __future__ import annotations

from collections.abc import Collection
from copy import copy
from datetime import timedelta
from textwrap import dedent

from sqlalchemy import Engine, select
from sqlalchemy.orm import sessionmaker

from service.actions.publish import Edition, publish
from service.actions.roll_out import roll_out
from service.domain.sequence.library import read_library
from service.ports import Published
from service.store.contact import Contact
from service.store.delivery import Delivery
from tests.actions.house import Postman
from tests.actions.written import BUSINESS, Written, library_of

AT_ONCE = timedelta(0)


def letters(*steps: str, head: str = "", key: str = "letters") -> str:
    """A sequence of letters, as a file: `steps` are `Day 3: tip` with fields and words behind them, if any."""
    front = dedent(f"""\
        ---
        title: {key.title()}
        stage: onboarding
        topic: Tips and ideas
        """)
    own = dedent(head).strip() or "enrol: {on: signup}"
    return f"{front}{own}\n---\n\n" + "\n".join(map(_step, steps))


def _step(text: str) -> str:
    heading, _, rest = dedent(text).strip().partition("\n")
    title = heading.partition(": ")[2]
    if "Task:" in rest or "Tag:" in rest:
        return f"## {heading}\n\n{rest}\n"
    return f"## {heading}\n\nSubject: {title}\n{rest}\n\nHello. Did this help? [Yes](answer:yes)\n"


class Newsroom(Written):
    """`publish` puts files in force; `roll_out` is what workers do next."""

    def __init__(self, engine: Engine, business: str = BUSINESS, **sequences: str) -> None:
        super().__init__(engine)
        self.business = business
        self.publish(**sequences)

    def again(self, engine: Engine) -> Newsroom:
        """The same house over a copy of its database, with a postman who remembers nothing."""
        other = copy(self)
        other.sessions, other.postman = sessionmaker(engine, expire_on_commit=False), Postman()
        return other

    def files(self, **sequences: str) -> dict[str, bytes]:
        written = {f"sequences/{key.replace('_', '-')}.md": text.encode() for key, text in sequences.items()}
        return {"sequences/business.yaml": self.business.encode()} | written

    def put_in_force(self, reopen: Collection[str] = (), **sequences: str) -> None:
        files = self.files(**sequences)
        library, problems = read_library(files)
        assert library is not None, [str(problem) for problem in problems]
        with self.begin() as session:
            done = publish(session, Edition(files, set()), reopen)
        self.published = Published(done.publication_id, library)

    def publish(self, reopen: Collection[str] = (), **sequences: str) -> None:
        self.put_in_force(reopen, **sequences)
        self.roll_out()

    def roll_out(self, limit: int = 1000) -> int:
        batches = 0
        while self.roll_out_once(limit):
            batches += 1
        return batches

    def roll_out_once(self, limit: int = 1000) -> int:
        with self.begin() as session:
            return roll_out(session, self.published, self.now, limit, AT_ONCE)

    def people(self, count: int) -> list[int]:
        """So many signups, named by number."""
        return [self.sign_up(f"reader-{number}@example.org").contact_id for number in range(count)]

    def planned(self, contact_id: int) -> dict[str, str]:
        """The touches of a contact that are planned, each with its time in Berlin."""
        with self.begin() as session:
            query = select(Delivery).where(Delivery.contact_id == contact_id, Delivery.state == "planned")
            zone = timedelta(hours=1)
            return {row.step: f"{row.due_at + zone:%Y-%m-%d %H:%M}" for row in session.scalars(query)}

    def contact_ids(self) -> list[int]:
        with self.begin() as session:
            return list(session.scalars(select(Contact.id).order_by(Contact.id)))


__all__ = ["Newsroom", "letters", "library_of"]
