"""What reading finds: the problems, and which parts of the language are in use.

Small readers refuse by raising Fault; whoever knows where the text stands turns it into a Problem and reads on, so
that one run names everything there is to mend.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from service.domain.sequence.model.place import Place
from service.domain.sequence.model.problem import Problem, Severity

MOST = 100  # problems of one file that are told apart; whoever has more mends these first

_Value = TypeVar("_Value")


class Fault(Exception):  # noqa: N818 (a fault in the text, not in the program)
    """A text that can't be read as what it should be. `at` counts characters from where that text begins."""

    def __init__(self, code: str, message: str, hint: str = "", at: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.at = at

    def moved(self, by: int) -> Fault:
        """The same fault of a longer text, in which this one begins `by` characters later."""
        return Fault(self.code, self.message, self.hint, self.at + by)


@dataclass(slots=True)
class Findings:
    """Collects problems."""

    problems: list[Problem] = field(default_factory=list)
    _counted: Counter[str] = field(default_factory=Counter)

    def error(self, place: Place, code: str, message: str, hint: str = "") -> None:
        self._add(Problem(place, Severity.ERROR, code, message, hint))

    def warn(self, place: Place, code: str, message: str, hint: str = "") -> None:
        self._add(Problem(place, Severity.WARNING, code, message, hint))

    def refuse(self, place: Place, fault: Fault) -> None:
        """The error that `fault` describes, `fault.at` characters to the right of `place`."""
        there = Place(place.path, place.line, place.column + fault.at)
        self.error(there, fault.code, fault.message, fault.hint)

    def attempt(self, place: Place, read: Callable[[str], _Value], text: str) -> _Value | None:
        """`read(text)`, or None and a problem where it raises Fault."""
        try:
            return read(text)
        except Fault as fault:
            self.refuse(place, fault)
            return None

    def faulty(self, path: str) -> bool:
        """Whether an error was found in this file."""
        return any(each.severity is Severity.ERROR for each in self.problems if each.place.path == path)

    def _add(self, problem: Problem) -> None:
        path = problem.place.path
        self._counted[path] += 1
        if self._counted[path] <= MOST:
            self.problems.append(problem)
        elif self._counted[path] == MOST + 1:
            message = f"More than {MOST} problems in this file; the others are not shown."
            self.problems.append(Problem(Place(path), Severity.ERROR, "too-many", message, "mend these first"))
