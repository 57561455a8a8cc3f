"""The steps of a sequence file: each level-2 heading with its fields and its body."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from service.domain.sequence.body import BodyReader
from service.domain.sequence.draft import Draft
from service.domain.sequence.fields import FieldReader
from service.domain.sequence.findings import Fault, Findings
from service.domain.sequence.heading import KEY, MAX_TITLE, read_heading, slug
from service.domain.sequence.letter import LetterReader
from service.domain.sequence.manuscript import Manuscript
from service.domain.sequence.model import Anchor, Body, Duration, Place, Sequence, Step, Subject, Unit, When
from service.domain.sequence.step_fields import StepFields

MAX_STEPS = 200
MAX_BODY = 64 * 1024  # characters; Gmail cuts a finished mail off at 102 kB

_HEADING = re.compile(r"^##(?!#)[ \t]*(.*)$", re.MULTILINE)
_NOW = When(Anchor.DAY)


@dataclass(slots=True)
class StepsReader:
    """Reads all steps of one file; the words to look up go to the draft."""

    manuscript: Manuscript
    sequence: Sequence
    draft: Draft
    findings: Findings
    _keys: dict[str, Place] = field(default_factory=dict)

    def read(self, start: int) -> tuple[Step, ...]:
        """The steps from `start` on, where the front matter ended."""
        text = self.manuscript.text
        headings = list(_HEADING.finditer(text, start))
        first = headings[0].start() if headings else len(text)
        if text[start:first].strip():
            place = self.manuscript.place(start + len(text[start:first]) - len(text[start:first].lstrip()))
            message = "This stands above the first step and would reach nobody."
            self.findings.error(place, "text-before-steps", message, "begin with a heading like `## Day 0: welcome`")
        if not headings:
            message = "This file has no steps, so nobody would ever get anything."
            hint = "add a heading like `## Day 0: your checklist`, fields like `Subject: …`, and the letter below"
            self.findings.error(Place(self.manuscript.path), "no-steps", message, hint)
        if len(headings) > MAX_STEPS:
            place = self.manuscript.place(headings[MAX_STEPS].start())
            self.findings.error(place, "too-many-steps", f"This is more than {MAX_STEPS} steps.", "make it two files")
            headings = headings[:MAX_STEPS]
        ends = [*(each.start() for each in headings[1:]), len(text)]
        steps = [self._step(heading, end) for heading, end in zip(headings, ends, strict=True)]
        return tuple(step for step in steps if step is not None)

    def _step(self, heading: re.Match[str], end: int) -> Step | None:
        place = self.manuscript.place(heading.start())
        when, title = self._heading(heading)
        found, body_start = FieldReader(self.manuscript, self.findings).read(min(heading.end() + 1, end), end)
        fields = StepFields(found, place, self.manuscript, self.sequence, self.draft, self.findings)
        key = self._key(fields, title, place)
        step = fields.read(key, title, when)
        body, letter = self._body(step, body_start, end)
        fields.look_at_body(body, letter)
        return step if body is None else _with(step, body)

    def _heading(self, heading: re.Match[str]) -> tuple[When, str]:
        place = self.manuscript.place(heading.start(1))
        if not heading[0].startswith(("## ", "##\t")):
            message = "The `##` of a step needs a blank behind it."
            self.findings.error(place, "heading", message, "write `## Day 3: one idea`")
        try:
            when, title = read_heading(heading[1].strip())
        except Fault as fault:
            self.findings.refuse(place, fault)
            return _NOW, ""
        self._note_when(when, place)
        return when, title

    def _note_when(self, when: When, place: Place) -> None:
        if when.last_day is not None:
            self.findings.use("Day N-M", place)
        if when.anchor in {Anchor.BEFORE, Anchor.AFTER, Anchor.ON_THE_DAY}:
            self.findings.use(when.anchor.value, place)
        if when.duration is not None and when.duration.unit is Unit.RHYTHMS:
            self.findings.use("rhythms", place)
