"""What ends a sequence for somebody: its `stop`, `goal` and `at most`."""

from __future__ import annotations

from dataclasses import dataclass

from service.domain.sequence.model.duration import Duration
from service.domain.sequence.model.expression import Expression
from service.domain.sequence.model.place import Place


@dataclass(frozen=True, slots=True)
class Exit:
    """A `stop` or `goal`: exactly one of `event`, `same`, `when`. `within` and `stay` belong to goals."""

    place: Place
    event: str | None = None
    same: str | None = None
    when: Expression | None = None
    within: Duration | None = None
    stay: bool = False


@dataclass(frozen=True, slots=True)
class AtMost:
    """`3 unanswered` or `5 emails`; service mail does not count."""

    count: int
    unanswered: bool
