"""A body as it reads for one person: its conditions asked, and what is left joined to one text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from service.domain.sequence.expression import ask
from service.domain.sequence.model.expression import Expression
from service.domain.sequence.model.words import Body


@dataclass(slots=True)
class _If:
    """An open if: whether it is read at all, whether one of its branches was, and whether the present one is."""

    outer: bool
    taken: bool = False
    read: bool = False

    def turn(self, holds: bool) -> None:
        self.read = self.outer and not self.taken and holds
        self.taken = self.taken or self.read


def as_asked(body: Body, names: Mapping[str, object]) -> Body:
    """The body with one block, the text that these names leave. Raises ExpressionError."""
    ifs: list[_If] = []
    texts: list[str] = []
    for name, condition, markdown in body.blocks:
        if name == "if":
            ifs.append(_If(outer=all(each.read for each in ifs)))
        if name == "endif":
            ifs.pop()
        elif name == "text":
            texts += [markdown] if all(each.read for each in ifs) else []
        else:
            ifs[-1].turn(_holds(condition, names, ifs[-1]))
    return replace(body, blocks=(("text", None, "".join(texts)),))


def _holds(condition: Expression | None, names: Mapping[str, object], branch: _If) -> bool:
    """`else` has no condition. What is not read is not asked."""
    return branch.outer and not branch.taken and (condition is None or ask(condition.source, names))
