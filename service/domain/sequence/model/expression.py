"""A condition or merge field as it is written."""

from __future__ import annotations

from dataclasses import dataclass

from service.domain.sequence.model.place import Place


@dataclass(frozen=True, slots=True)
class Expression:
    """A condition or merge field as it was written; `service.domain.sequence.expression` asks it."""

    source: str
    place: Place
