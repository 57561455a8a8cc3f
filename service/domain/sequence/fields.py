"""The fields under a step's heading: `Subject: …`, `If: …`, up to the first line that is none."""

from __future__ import annotations

import re
from dataclasses import dataclass

from service.domain.sequence.findings import Findings
from service.domain.sequence.manuscript import Manuscript
from service.domain.sequence.model.place import Place
from service.domain.sequence.model.words import PLACEHOLDER
from service.domain.sequence.spelling import did_you_mean, nearest

FIELDS = (
    "Subject",
    "Preview",
    "If",
    "Wait for",
    "Wait up to",
    "Drop after",
    "Kind",
    "Window",
    "Template",
    "From",
    "Reply to",
    "Id",
    "Task",
    "Assign",
    "Due",
    "Cost",
    "Ask",
    "Set",
    "Tag",
    "Webhook",
    "Enrol",
    "Leave",
)
REPEATED = frozenset({"Set", "Tag", "Webhook", "Enrol", "Leave"})
MERGING = frozenset({"Subject", "Preview"})  # the fields that may hold merge fields
MAX_VALUE = 1_000  # characters

_BY_NAME = {name.casefold(): name for name in FIELDS}
_LINE = re.compile(r"[ \t\u00a0]*([^\W\d_][^:\n]{0,60}?)[ \t\u00a0]*:([ \t\u00a0]|$)[ \t\u00a0]*")
_WORDS = re.compile(r"[^\W\d_]+(?: [^\W\d_]+){0,2}")


@dataclass(frozen=True, slots=True)
class StepField:
    """One field: its name as this page spells it, the arm of a `Subject A:`, and its value from `start` on."""

    name: str
    arm: str | None
    value: str
    start: int  # of the value, in the manuscript
    place: Place  # of the value
    line: Place  # of the field's name


@dataclass(slots=True)
class FieldReader:
    """Reads the fields of one step."""

    manuscript: Manuscript
    findings: Findings

    def read(self, start: int, end: int) -> tuple[list[StepField], int]:
        """The fields from `start` on, and where the body begins."""
        text = self.manuscript.text
        fields: list[StepField] = []
        blank_above = False
        while start < end:
            line_end = text.find("\n", start, end)
            line_end = end if line_end < 0 else line_end
            line = text[start:line_end]
            if line.strip():
                field = self._field(line, start)
                if field is None:
                    if not self._looks_like_field(line, start, bool(fields), blank_above):
                        break
                elif self._fits(field, fields):
                    fields.append(field)
            blank_above = not line.strip()
            start = line_end + 1
        return fields, min(start, end)

    def _field(self, line: str, start: int) -> StepField | None:
        found = _LINE.match(line)
        if found is None:
            return None
        words = found[1].split()
        arm = None
        if len(words) == 2 and words[0].casefold() == "subject":
            words, arm = words[:1], words[1]
        name = _BY_NAME.get(" ".join(words).casefold())
        if name is None:
            return None
        value = line[found.end() :].rstrip()
        if name not in MERGING:
            value = value.replace("\u00a0", " ")
        at = start + (found.end() if value else found.start(1))
        place, line_place = self.manuscript.place(at), self.manuscript.place(start + found.start(1))
        return StepField(name, arm, value, at, place, line_place)

    def _looks_like_field(self, line: str, start: int, any_yet: bool, blank_above: bool) -> bool:
        """Whether a line that is no field was surely meant to be one; its problem is told."""
        found = _LINE.match(line)
        if found is None or not _WORDS.fullmatch(found[1]):
            return False
        near = nearest(found[1], FIELDS, cutoff=0.8)
        if any_yet and blank_above and near is None:
            return False  # the letter begins here: "Monday: kick-off."
        place = self.manuscript.place(start + found.start(1))
        hint = did_you_mean(found[1], FIELDS, "if the letter begins here, leave an empty line above it")
        self.findings.error(place, "unknown-field-name", f"There is no field `{found[1]}`.", hint)
        return True

    def _fits(self, field: StepField, fields: list[StepField]) -> bool:
        label = f"{field.name} {field.arm}" if field.arm else field.name
        if not field.value:
            self.findings.error(
                field.place, "empty-field", f"`{label}:` has no value.", "write one, or remove the line"
            )
        elif len(field.value) > MAX_VALUE:
            message = f"`{label}:` has more than {MAX_VALUE} characters."
            self.findings.error(field.place, "too-long", message, "say it shorter")
        elif field.name not in REPEATED and any((field.name, field.arm) == (each.name, each.arm) for each in fields):
            message = f"`{label}:` stands here twice."
            self.findings.error(field.line, "duplicate-field", message, "keep one of the two")
        elif field.name not in MERGING and (found := PLACEHOLDER.search(field.value)):
            place = self.manuscript.place(field.start + found.start())
            message = f"`{label}:` takes no braces."
            hint = "a condition is written without them" if field.name in {"If", "Wait for"} else "write plain words"
            self.findings.error(place, "braces-misplaced", message, hint)
        else:
            return True
        return False
