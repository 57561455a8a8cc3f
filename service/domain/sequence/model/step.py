"""One step of a sequence: when, what, and on which conditions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from enum import StrEnum

from service.domain.sequence.model.duration import Duration
from service.domain.sequence.model.expression import Expression
from service.domain.sequence.model.place import Place
from service.domain.sequence.model.words import Body, Subject, Words
from service.domain.sequence.vocabulary import Kind
from service.domain.window import Window


class Anchor(StrEnum):
    """What a step's time counts from."""

    DAY = "day"  # Day N: from entering
    LATER = "later"  # from the last step done
    BEFORE = "before"  # the three dated ones: from the sequence's date
    AFTER = "after"
    ON_THE_DAY = "on the day"


@dataclass(frozen=True, slots=True)
class When:
    """WHEN of a step's heading. `days` and `last_day` (of `Day N-M`) for DAY, `duration` for LATER, BEFORE, AFTER."""

    anchor: Anchor
    days: int = 0
    last_day: int | None = None
    duration: Duration | None = None
    at: time | None = None


@dataclass(frozen=True, slots=True)
class TaskField:
    what: str
    assign: str
    due: Duration | None = None
    cost: Decimal | None = None
    ask: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Action:
    """A riding action: `verb` is `set`, `tag`, `webhook`, `enrol` or `leave`, `text` what stands behind the colon."""

    verb: str
    text: str
    place: Place


@dataclass(frozen=True, slots=True)
class Step:
    key: str
    title: str
    when: When
    place: Place
    kind: Kind
    subjects: tuple[Subject, ...] = ()
    preview: Subject | None = None
    body: Body | None = None
    condition: Expression | None = None
    wait_for: Expression | None = None
    wait_up_to: Duration | None = None
    drop_after: Duration | None = None
    window: Window | None = None  # None: the sequence's, else the business's
    task: TaskField | None = None
    actions: tuple[Action, ...] = ()
    template: str | None = None
    sender: str | None = None
    reply_to: str | None = None
    translations: tuple[tuple[str, Words], ...] = ()  # by language

    def __hash__(self) -> int:
        """By the key alone: what is known of a step is looked up often, and equals are told apart by all of it."""
        return hash(self.key)

    @property
    def is_email(self) -> bool:
        return bool(self.subjects)

    def in_language(self, language: str) -> Words:
        """The step's words in a language, the file's own where it has none."""
        own = Words(self.subjects, self.preview, self.body, self.place)
        return dict(self.translations).get(language, own)
