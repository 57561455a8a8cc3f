"""One sequence file as far as it can be understood alone; `service.domain.sequence.check` sees to the rest.

Parsing notes every word that another file has to know, so that the checks across files read nothing twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from service.domain.sequence.model.expression import Expression
from service.domain.sequence.model.place import Place
from service.domain.sequence.model.sequence import Sequence


@dataclass(frozen=True, slots=True)
class Reference:
    """A word that must be known elsewhere. `kind`: `topic`, `form`, `event`, `person`, `link`, `picture` …"""

    kind: str
    word: str
    place: Place


@dataclass(frozen=True, slots=True)
class Asked:
    """A condition; `step` is the key of the step it belongs to, None for the front matter's. `deciding`: an `If:`."""

    expression: Expression
    step: str | None = None
    deciding: bool = False


@dataclass(frozen=True, slots=True)
class Printed:
    """A merge field, and the conditions that are known to hold (or not) where it is printed."""

    expression: Expression
    step: str
    given: tuple[tuple[Expression, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Assigned:
    """A `Set:` of the step `step`: `contact.field` becomes `value`. `place` is that of the field's name."""

    field: str
    value: Expression
    step: str
    place: Place


@dataclass(slots=True)
class Draft:
    """What was read of a file. `sound`: its front matter can be relied on, so that names can be looked up."""

    path: str
    sequence: Sequence | None = None
    sound: bool = False
    references: list[Reference] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    printed: list[Printed] = field(default_factory=list)
    assigned: list[Assigned] = field(default_factory=list)
    answers: dict[str, tuple[str, ...]] = field(default_factory=dict)  # what each step's links offer

    def refer(self, kind: str, word: str, place: Place) -> None:
        self.references.append(Reference(kind, word, place))
