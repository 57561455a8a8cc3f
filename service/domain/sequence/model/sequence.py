"""One file of `sequences/`: its front matter and its steps."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from service.domain.sequence.model.duration import Duration
from service.domain.sequence.model.enrol import Enrol
from service.domain.sequence.model.exit import AtMost, Exit
from service.domain.sequence.model.place import Place
from service.domain.sequence.model.step import Step
from service.domain.sequence.vocabulary import Kind, Stage
from service.domain.window import Window


class Status(StrEnum):
    DRAFT = "draft"
    LIVE = "live"
    CLOSED = "closed"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Sequence:
    key: str
    title: str
    stage: Stage
    topic: str
    kind: Kind
    enrol: Enrol
    steps: tuple[Step, ...]
    place: Place
    date: str | None = None
    every: Duration | None = None
    stop: tuple[Exit, ...] = ()
    goal: Exit | None = None
    at_most: AtMost | None = None
    window: Window | None = None
    arms: tuple[tuple[str, int], ...] = ()
    status: Status = Status.LIVE
    sender: str | None = None
    reply_to: str | None = None
    template: str = "letter"
    titles: tuple[tuple[str, str], ...] = ()  # in other languages

    def __hash__(self) -> int:
        """By the key alone, as a step's."""
        return hash(self.key)

    def step(self, key: str) -> Step | None:
        return next((step for step in self.steps if step.key == key), None)
