"""A publication as the renderer needs it: its steps compiled, its links with their ids."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from service.domain.sequence.model.business import Business
from service.domain.sequence.model.library import Library
from service.domain.sequence.model.sequence import Sequence
from service.domain.sequence.model.step import Step
from service.ports import Unrenderable
from service.rendering.compile import CompiledStep, compile_step, language_for
from service.rendering.fault import CompileError


class Compiled:
    """One publication, ready to render: its steps are compiled when they are first asked for, and kept.

    `files` are all files of the publication by path, `link_ids` the ids of its links' targets in the table `link`.
    """

    def __init__(self, library: Library, files: Mapping[str, bytes], link_ids: Mapping[str, int]) -> None:
        self.library = library
        self.link_ids = link_ids
        self.files = files
        self._written = {(each.key, step.key): (each, step) for each in library.sequences for step in each.steps}
        self._compiled: dict[tuple[str, str, str], CompiledStep] = {}

    @property
    def business(self) -> Business:
        return self.library.business

    def step(self, sequence_key: str, step_key: str, reader: str = "") -> CompiledStep:
        """The compiled step in the words for a reader of a language, like `de`.

        Raises Unrenderable where there is none, or none that can become a mail.
        """
        sequence, step = self.written(sequence_key, step_key)
        language = language_for(step, reader)
        compiled = self._compiled.get((sequence_key, step_key, language))
        if compiled is None:
            try:
                compiled = compile_step(self.library, sequence, step, self.files, language)
            except CompileError as error:
                raise Unrenderable(str(error)) from None
            self._compiled[sequence_key, step_key, language] = compiled
        return compiled

    def keep(self, key: tuple[str, str, str], compile_it: Callable[[], CompiledStep]) -> CompiledStep:
        """What is no step of a file, compiled when it is first asked for."""
        if key not in self._compiled:
            self._compiled[key] = compile_it()
        return self._compiled[key]

    def written(self, sequence_key: str, step_key: str) -> tuple[Sequence, Step]:
        """A step as it was written, and its sequence. Raises Unrenderable where there is none."""
        found = self._written.get((sequence_key, step_key))
        if found is None:
            raise Unrenderable(f"there is no step {sequence_key}/{step_key} in what was published")
        return found


def link_targets(library: Library, files: Mapping[str, bytes]) -> tuple[str, ...]:
    """The distinct targets of all tracked links, sorted, for the table `link`. Raises CompileError."""
    found = {
        target
        for sequence in library.sequences
        for step in sequence.steps
        if step.is_email
        for language in ("", *dict(step.translations))
        for target in compile_step(library, sequence, step, files, language).links
    }
    return tuple(sorted(found))
