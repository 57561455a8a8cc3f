"""The steps of a sequence file: each level-2 heading with its fields and its body."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from service.domain.sequence.draft import Draft
from service.domain.sequence.fields import FieldReader
from service.domain.sequence.findings import Fault, Findings
from service.domain.sequence.heading import KEY, MAX_TITLE, read_heading, slug
from service.domain.sequence.manuscript import Manuscript
from service.domain.sequence.model.place import Place
from service.domain.sequence.model.sequence import Sequence
from service.domain.sequence.model.step import Anchor, Step, When
from service.domain.sequence.step_body import read_step_body
from service.domain.sequence.step_fields import StepFields

MAX_STEPS = 200

# A no-break space, which some keyboards make all too easily, is a space in headings and fields.
_HEADING = re.compile(r"^##(?!#)[ \t\u00a0]*(.*)$", re.MULTILINE)
_AT_ONCE = When(Anchor.DAY)


def parts(manuscript: Manuscript, start: int, findings: Findings) -> list[tuple[re.Match[str], int]]:
    """Each heading of a step from `start` on (group 1 holds its words), and where the step ends."""
    text = manuscript.text
    headings = list(_HEADING.finditer(text, start))
    above = text[start : headings[0].start() if headings else len(text)]
    if above.strip():
        place = manuscript.place(start + len(above) - len(above.lstrip()))
        message = "This stands above the first step, so it would reach nobody."
        findings.error(place, "text-above-steps", message, "begin with a heading like `## Day 0: welcome`")
    if len(headings) > MAX_STEPS:
        place = manuscript.place(headings[MAX_STEPS].start())
        findings.error(place, "too-many-steps", f"These are more than {MAX_STEPS} steps.", "make it two files")
    for heading in headings[:MAX_STEPS]:
        if heading[0][2:3] not in {" ", "\t", "\u00a0", ""}:
            message = "The `##` of a step needs a space behind it."
            findings.error(manuscript.place(heading.start(1)), "heading", message, "write `## Day 3: one idea`")
    ends = [*(each.start() for each in headings[1:]), len(text)]
    return list(zip(headings[:MAX_STEPS], ends, strict=False))


@dataclass(slots=True)
class StepsReader:
    """Reads all steps of one file; the words to look up elsewhere go to the draft."""

    manuscript: Manuscript
    sequence: Sequence
    draft: Draft
    findings: Findings
    _keys: dict[str, Place] = field(default_factory=dict)

    def read(self, start: int) -> tuple[Step, ...]:
        """The steps from `start` on, where the front matter ended."""
        found = parts(self.manuscript, start, self.findings)
        if not found:
            message = "This file has no steps, so nobody would ever get anything."
            hint = "add a heading like `## Day 0: your checklist`, below it `Subject: …`, and the letter"
            self.findings.error(Place(self.manuscript.path), "no-steps", message, hint)
        return tuple(self._step(heading, end) for heading, end in found)

    def _step(self, heading: re.Match[str], end: int) -> Step:
        place = self.manuscript.place(heading.start())
        when, title = self._heading(heading)
        found, body = FieldReader(self.manuscript, self.findings).read(min(heading.end() + 1, end), end)
        fields = StepFields(found, place, self.manuscript, self.sequence, self.draft, self.findings)
        step = fields.read(self._key(fields, title, place), title, when)
        return read_step_body(step, self.manuscript, body, end, self.draft, self.findings)

    def _heading(self, heading: re.Match[str]) -> tuple[When, str]:
        place = self.manuscript.place(heading.start(1))
        try:
            when, title = read_heading(heading[1].replace("\u00a0", " ").strip())
        except Fault as fault:
            self.findings.refuse(place, fault)
            return _AT_ONCE, ""
        if when.anchor in {Anchor.BEFORE, Anchor.AFTER, Anchor.ON_THE_DAY}:
            self._has_date(place)
        return when, title

    def _has_date(self, place: Place) -> None:
        if self.sequence.date is None and all(trigger.on != "rhythm" for trigger in self.sequence.enrol.on):
            message = "There is no date that this could count from, so nobody can ever get this step."
            self.findings.error(place, "no-date", message, "add `date:` to the front matter, or write `Day 3`")

    def _key(self, fields: StepFields, title: str, place: Place) -> str:
        """The step's key: its `Id:`, else the slug of its title; a problem where another step has it."""
        written = fields.one("Id")
        key = written.value if written else slug(title)
        place = written.place if written else place
        if written and not (KEY.fullmatch(key) and len(key) <= MAX_TITLE):
            message = f"`{key[:60]}` can't be a step's key."
            self.findings.error(place, "bad-key", message, "small letters, digits and hyphens, like `the-towel`")
        elif title and not key:
            message = "This title has no letters that a key can be made of."
            self.findings.error(place, "bad-key", message, "add a line like `Id: the-towel` below the heading")
        elif key in self._keys:
            message = f"There is already a step `{key}`, in line {self._keys[key].line}."
            self.findings.error(place, "duplicate-step", message, "change the title, or add a line `Id: another-key`")
        self._keys.setdefault(key, place)
        return key
