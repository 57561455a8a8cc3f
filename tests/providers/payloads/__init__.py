"""What providers post, from the shapes they document: a folder a provider, a file an event, a list of cases each.

A case has `about` (what it shows), `body` (JSON, or a text that is sent as it is), maybe `headers`, and `told`: of each
Feedback the fields that are not left out, `at` in ISO 8601; keys are only compared with each other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from service.domain.feedback import Bounce, Feedback, What

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Case:
    """One webhook, and what it tells."""

    provider: str
    name: str
    body: Any
    headers: Mapping[str, str]
    told: list[dict[str, Any]]

    def __str__(self) -> str:
        return f"{self.provider}: {self.name}"


def cases(provider: str = "*") -> list[Case]:
    """All there are, of one provider or of all."""
    return [case for path in sorted(FOLDER.glob(f"{provider}/*.json")) for case in _read(path)]


def shown(feedback: Feedback) -> dict[str, Any]:
    """Feedback as `told` writes it: what is not left out, without its key."""
    values = {each.name: getattr(feedback, each.name) for each in fields(feedback) if each.name != "key"}
    return {name: _written(value) for name, value in values.items() if value or (isinstance(value, int) and value)}


def _written(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return value.value if isinstance(value, What | Bounce) else value


def _read(path: Path) -> Iterator[Case]:
    for each in json.loads(path.read_text()):
        body = each["body"].encode() if isinstance(each["body"], str) else each["body"]
        name = f"{path.stem}, {each['about']}"
        yield Case(path.parent.name, name, body, each.get("headers", {}), each["told"])
