"""Reads the proofs: sets every mail of a library, and tells what would go wrong with the finished one.

A whole mail takes ten milliseconds to compile, most of it MJML. So one of each layout, language and sender is compiled
whole; of all others the body is set, which is where they differ, and the finished mail weighed by it. Only what might
be too heavy is compiled to be sure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from service.domain.sequence.library import read_library
from service.domain.sequence.model.library import Library
from service.domain.sequence.model.problem import Problem, Severity
from service.domain.sequence.model.sequence import Sequence
from service.domain.sequence.model.step import Step
from service.rendering.compile import compile_step
from service.rendering.fault import CompileError
from service.rendering.html import Typesetter
from service.rendering.layout import Layout
from service.rendering.links import Links
from service.rendering.slots import Slots
from service.rendering.system import prove_system
from service.rendering.task import prove_task
from service.rendering.weight import CLIPPED_BY_GMAIL, weight

SETTING = 2_000  # bytes of HTML that MJML makes round one paragraph, button or picture, at the very most


def look_over(files: Mapping[str, bytes]) -> tuple[Library | None, list[Problem]]:
    """All that is wrong with files (path -> content), the finished mails included; the library where it can be read."""
    library, problems = read_library(files)
    return library, problems + (read_proofs(library, files) if library else [])


def read_proofs(library: Library, files: Mapping[str, bytes]) -> list[Problem]:
    """What `check` says of the finished mails: steps that can't be compiled, and mails that Gmail would cut."""
    return list(dict.fromkeys(_Reader(library, files).problems()))


@dataclass(slots=True)
class _Reader:
    library: Library
    files: Mapping[str, bytes]
    _frames: dict[tuple[str | None, ...], int] = field(default_factory=dict)  # weights of mails compiled whole
    _styles: dict[str, Mapping[str, str]] = field(default_factory=dict)

    def problems(self) -> Iterator[Problem]:
        yield from self._problems_of_system_mails()
        for sequence in self.library.sequences:
            for step in sequence.steps:
                for language in ("", *dict(step.translations)) if step.is_email else ():
                    yield from self._problems_of(sequence, step, language)
                if step.task is not None:
                    yield from self._problems_of_task(step)

    def _problems_of(self, sequence: Sequence, step: Step, language: str) -> Iterator[Problem]:
        try:
            heavy = self._weight(sequence, step, language)
        except CompileError as error:
            yield error.problem
            return
        if heavy > CLIPPED_BY_GMAIL:
            message = f"The finished mail has about {heavy // 1000} kB of HTML; Gmail cuts it at 102 kB."
            hint = "make two mails of it, or put the long part on a page"
            yield Problem(step.in_language(language).place, Severity.ERROR, "heavy-mail", message, hint)

    def _problems_of_task(self, step: Step) -> Iterator[Problem]:
        try:
            prove_task(self.library.business, step, self.files)
        except CompileError as error:
            yield error.problem

    def _problems_of_system_mails(self) -> Iterator[Problem]:
        try:
            prove_system(self.library.business, self.files)
        except CompileError as error:
            yield error.problem

    def _weight(self, sequence: Sequence, step: Step, language: str) -> int:
        """Bytes of the finished HTML; an estimate, never too low, where that is light enough. Raises CompileError."""
        template = step.template or sequence.template
        sender, reply_to = step.sender or sequence.sender, step.reply_to or sequence.reply_to
        frame = (template, language, sender, reply_to, sequence.topic)
        if frame in self._frames:
            estimate = self._frames[frame] + self._body(step, language, template)
            if estimate <= CLIPPED_BY_GMAIL:
                return estimate
        exact = compile_step(self.library, sequence, step, self.files, language).weight
        self._frames.setdefault(frame, exact)
        return exact

    def _body(self, step: Step, language: str, template: str) -> int:
        """Bytes of HTML that a body can take at most. Raises CompileError."""
        words = step.in_language(language)
        slots = Slots()
        if template not in self._styles:
            self._styles[template] = Layout(template, self.files, words.place).styles
        setter = Typesetter(
            self.files, words.place, Links(self.library.business, words.place), slots, self._styles[template]
        )
        set_ = setter.body(words.body) if words.body else ""
        return weight(slots.give_back(set_)) + SETTING * set_.count("<mj-")
