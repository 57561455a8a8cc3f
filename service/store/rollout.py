"""What a publication still has to do to the people who are here: in batches, after its commit, by any worker."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from service.store.tables import Id, Instant, Stamp, Table


class Rollout(Table):
    """One sequence's. `what`: `replan` those inside, `reopen` those who had finished, `intake` of those outside.

    `cursor` is the last enrolment (replan, reopen) or contact (intake) that is done. `wake_at` is journey time.
    """

    __tablename__ = "rollout"

    id: Mapped[Id]
    publication_id: Mapped[int] = mapped_column(ForeignKey("publication.id"))
    sequence: Mapped[str]
    what: Mapped[str]
    cursor: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    per_day: Mapped[int | None]  # intake: `20 a day`
    day_began_at: Mapped[Instant | None]
    entered_today: Mapped[int] = mapped_column(server_default=text("0"))
    wake_at: Mapped[Instant | None]
    created_at: Mapped[Stamp]
