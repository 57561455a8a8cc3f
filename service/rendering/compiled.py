"""A publication as the renderer needs it: its steps compiled, its links with their ids."""

from __future__ import annotations

from collections.abc import Mapping

from service.domain.sequence.model import Business, Library
from service.ports import Unrenderable
from service.rendering.compile import CompiledStep, compile_step
from service.rendering.fault import CompileError


class Compiled:
    """One publication, ready to render: its steps are compiled when they are first asked for, and kept.

    `files` are all files of the publication by path, `link_ids` the ids of its links' targets in the table `link`.
    """

    def __init__(self, library: Library, files: Mapping[str, bytes], link_ids: Mapping[str, int]) -> None:
        self.library = library
        self.link_ids = link_ids
        self._files = files
        self._steps: dict[tuple[str, str], CompiledStep] = {}

    @property
    def business(self) -> Business:
        return self.library.business

    def step(self, sequence_key: str, step_key: str) -> CompiledStep:
        """The compiled step. Raises Unrenderable where there is none, or none that can become a mail."""
        if (sequence_key, step_key) not in self._steps:
            sequence = self.library.sequence(sequence_key)
            step = sequence.step(step_key) if sequence else None
            if sequence is None or step is None:
                raise Unrenderable(f"there is no step {sequence_key}/{step_key} in what was published")
            try:
                compiled = compile_step(self.library, sequence, step, self._files)
            except CompileError as error:
                raise Unrenderable(str(error)) from None
            self._steps[sequence_key, step_key] = compiled
        return self._steps[sequence_key, step_key]


def link_targets(library: Library, files: Mapping[str, bytes]) -> tuple[str, ...]:
    """The distinct targets of all tracked links, sorted, for the table `link`. Raises CompileError."""
    found = {
        target
        for sequence in library.sequences
        for step in sequence.steps
        if step.is_email
        for target in compile_step(library, sequence, step, files).links
    }
    return tuple(sorted(found))
