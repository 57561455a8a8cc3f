"""What a step says: its subjects, preview and body, with their expressions cut out."""

from __future__ import annotations

import re
from dataclasses import dataclass

from service.domain.sequence.model.expression import Expression
from service.domain.sequence.model.place import Place

# What stands in a text for an expression that was cut out. Two private-use characters hold its number: no author
# can forge one, because a file that holds either is refused, and to markdown they are letters, so that emphasis
# round a merge field works as round a word. `placeholder(0)` is written ⟦0⟧ in this documentation.
PLACEHOLDER = re.compile("\ue000([0-9]+)\ue001")


def placeholder(number: int) -> str:
    """⟦number⟧: what stands for `expressions[number]` in a body, subject or preview; PLACEHOLDER finds it again."""
    return f"\ue000{number}\ue001"


@dataclass(frozen=True, slots=True)
class Body:
    """Markdown whose expressions are cut out: ⟦0⟧ (`placeholder(0)`) in `markdown` stands for `expressions[0]`.

    `blocks` is the body split at its `{% … %}`: each is (tag, expression or None, markdown), tag one of `text`,
    `if`, `elif`, `else`, `endif`; only `text` carries markdown. In an email the tags stand on lines of their own,
    so each text is whole paragraphs; in a task's briefing they may stand inside a line, so its texts are joined
    before they are read as markdown. `line` is the file's line of the body's first line.
    """

    blocks: tuple[tuple[str, Expression | None, str], ...]
    expressions: tuple[Expression, ...]
    line: int = 1


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject or preview line with its expressions cut out as in `Body`. `arm` is the letter or name, or None."""

    text: str
    expressions: tuple[Expression, ...]
    place: Place
    arm: str | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """What a step says in one language: those of its own file, or of a translated one."""

    subjects: tuple[Subject, ...]
    preview: Subject | None
    body: Body | None
    place: Place
