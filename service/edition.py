"""From files to an edition that may be published: read, checked, every mail compiled once."""

from __future__ import annotations

from collections.abc import Mapping

from service.actions.publish import Edition
from service.domain.sequence.model.library import Library
from service.domain.sequence.model.problem import Problem, Severity
from service.rendering.compiled import link_targets
from service.rendering.fault import CompileError
from service.rendering.proof import look_over


class NotPublishable(Exception):  # noqa: N818 (what it says)
    """The files have errors; the message lists them as `check` does."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def read_edition(files: Mapping[str, bytes]) -> tuple[Edition, Library]:
    """An edition of these files, and what it says. Raises NotPublishable where there is any error."""
    library, problems = look_over(files)
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    if library is None or errors:
        raise NotPublishable(errors or problems)
    try:
        return Edition(files, link_targets(library, files)), library
    except CompileError as error:
        raise NotPublishable([error.problem]) from None
