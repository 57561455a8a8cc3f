"""The lines that a mail shows before it is opened: its subjects, one or one for each arm, and its preview."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from service.domain.sequence.body import expression_of
from service.domain.sequence.draft import Draft, Printed
from service.domain.sequence.fields import StepField
from service.domain.sequence.findings import Findings
from service.domain.sequence.manuscript import Manuscript
from service.domain.sequence.model.expression import Expression
from service.domain.sequence.model.words import PLACEHOLDER, Subject, placeholder
from service.domain.sequence.spelling import did_you_mean

MAX_SUBJECT = 70  # characters that phones and Gmail show

_LETTER = re.compile(r"[A-Z]")
_FALLBACK = re.compile(r"""\bor\s+["'“„]([^"'“”]*)["'“”]\s*$""")
_VALUE_LENGTH = 8  # characters that a merge field without a fallback is taken for


@dataclass(slots=True)
class SubjectReader:
    """Reads the lines of the step `key`; what they print is noted in the draft, below the step's `condition`."""

    manuscript: Manuscript
    draft: Draft
    findings: Findings
    key: str
    condition: Expression | None = None

    def subjects(self, fields: Sequence[StepField], arms: Sequence[str]) -> tuple[Subject, ...]:
        """The subjects among a step's fields. `arms` are those of the sequence's test, empty where letters share."""
        found = [each for each in fields if each.name == "Subject"]
        if any(each.arm for each in found):
            self._check_arms(found, arms)
        return tuple(map(self.subject, found))

    def subject(self, field: StepField) -> Subject:
        """One subject, with a warning where it is too long to be seen whole."""
        self._measure(field)
        return self.line(field)

    def line(self, field: StepField) -> Subject:
        """A subject or preview, its merge fields numbered from 0."""
        expressions: list[Expression] = []
        given = ((self.condition, True),) if self.condition else ()

        def renumber(found: re.Match[str]) -> str:
            expressions.append(expression_of(self.manuscript.pieces[int(found[1])]))
            self.draft.printed.append(Printed(expressions[-1], self.key, given))
            return placeholder(len(expressions) - 1)

        pieces = (self.manuscript.pieces[int(found[1])] for found in PLACEHOLDER.finditer(field.value))
        tag = next((piece for piece in pieces if piece.tag and not piece.broken), None)
        if tag is not None:
            message = f"`{field.name}` is one line: `{{% … %}}` has no place in it."
            hint = 'write {{ "this" if contact.phone else "that" }}'
            self.findings.error(tag.place, "if-not-alone", message, hint)
        return Subject(PLACEHOLDER.sub(renumber, field.value), tuple(expressions), field.place, field.arm)

    def _check_arms(self, found: Sequence[StepField], arms: Sequence[str]) -> None:
        for each in found:
            if each.arm and arms and each.arm not in arms:
                message = f"The test has no arm `{each.arm[:40]}`."
                self.findings.error(each.line, "unknown-arm", message, did_you_mean(each.arm, arms))
            elif not arms and not (each.arm and _LETTER.fullmatch(each.arm)):
                message = "Where subjects take turns, each has a letter."
                self.findings.error(each.line, "bad-arms", message, "write `Subject A:` and `Subject B:`")
        without = [arm for arm in arms if all(each.arm != arm for each in found)]
        if without and all(each.arm in arms for each in found) and not self._asks_arm():
            message = f"The arm `{without[0]}` has no subject here."
            self.findings.error(found[0].line, "bad-arms", message, f"add a line `Subject {without[0]}: …`")
        if not arms and len(found) == 1:
            message = f"`Subject {found[0].arm}` stands alone, so there is nothing to compare."
            self.findings.error(found[0].line, "bad-arms", message, "write `Subject:`, or add `Subject B:`")

    def _asks_arm(self) -> bool:
        return self.condition is not None and re.search(r"\barm\b", self.condition.source) is not None

    def _measure(self, field: StepField) -> None:
        def shown(found: re.Match[str]) -> str:
            fallback = _FALLBACK.search(self.manuscript.pieces[int(found[1])].source)
            return fallback[1] if fallback else "x" * _VALUE_LENGTH

        length = len(PLACEHOLDER.sub(shown, field.value))
        if length > MAX_SUBJECT:
            message = f"This subject has {length} characters; phones show about {MAX_SUBJECT}."
            self.findings.warn(field.place, "long-subject", message, "say it shorter, or move the rest to `Preview`")
