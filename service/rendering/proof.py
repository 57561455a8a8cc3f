"""Reads the proofs: compiles every mail of a library, and tells what would go wrong with the finished one."""

from __future__ import annotations

from collections.abc import Mapping

from service.domain.sequence.model import Library, Problem, Severity
from service.rendering.compile import compile_step
from service.rendering.fault import CompileError
from service.rendering.weight import CLIPPED_BY_GMAIL


def read_proofs(library: Library, files: Mapping[str, bytes]) -> list[Problem]:
    """What `check` says of the finished mails: steps that can't be compiled, and mails that Gmail would cut."""
    problems = []
    for sequence in library.sequences:
        for step in sequence.steps:
            if not step.is_email:
                continue
            try:
                heavy = compile_step(library, sequence, step, files).weight
            except CompileError as error:
                problems.append(error.problem)
                continue
            if heavy > CLIPPED_BY_GMAIL:
                message = f"The finished mail has about {heavy // 1000} kB of HTML; Gmail cuts it at 102 kB."
                hint = "make two mails of it, or put the long part on a page"
                problems.append(Problem(step.place, Severity.ERROR, "heavy-mail", message, hint))
    return problems
