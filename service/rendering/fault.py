"""The one error of compiling a step."""

from __future__ import annotations

from service.domain.sequence.model.place import Place
from service.domain.sequence.model.problem import Problem, Severity


class CompileError(Exception):
    """A step that can't become a mail; `problem` says what is wrong, where, and how to mend it."""

    def __init__(self, place: Place, code: str, message: str, hint: str = "") -> None:
        self.problem = Problem(place, Severity.ERROR, code, message, hint)
        super().__init__(str(self.problem))
