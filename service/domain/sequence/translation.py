"""`KEY.de.md`: the German words of `KEY.md`. Words and nothing else: when, who and how often live in one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from service.domain.sequence.draft import Draft
from service.domain.sequence.fields import FieldReader, StepField
from service.domain.sequence.findings import Findings
from service.domain.sequence.front_matter import read_title
from service.domain.sequence.heading import slug
from service.domain.sequence.keys import Keys
from service.domain.sequence.lexer import cut
from service.domain.sequence.manuscript import Manuscript, decode
from service.domain.sequence.model.place import Place
from service.domain.sequence.model.sequence import Sequence
from service.domain.sequence.model.step import Step
from service.domain.sequence.model.words import Words
from service.domain.sequence.sequence_file import parted
from service.domain.sequence.spelling import did_you_mean, nearest
from service.domain.sequence.step_body import read_body
from service.domain.sequence.steps import parts
from service.domain.sequence.subjects import SubjectReader
from service.domain.sequence.yaml_tree import read_yaml

WORDS = ("Subject", "Preview")


def read_translation(path: str, language: str, data: bytes, draft: Draft, findings: Findings) -> None:
    """Lay the words of a translated file over the sequence of `draft`; what they name and print is noted there too."""
    text = decode(path, data, findings)
    if text is None or draft.sequence is None:
        return
    manuscript = cut(path, text, findings)
    front, body = parted(manuscript, "begin with a line of ---, then `title:`, and another line of ---", findings)
    if front is None:
        return
    title = _title(manuscript, front, findings)
    found = _Translator(manuscript, draft.sequence, draft, findings).read(body)
    for step in draft.sequence.steps:
        if step.is_email and step.key not in found:
            message = f"`{step.key}` is missing here, so it is sent in the language of {_name(draft.path)}."
            findings.warn(Place(path), "untranslated", message, f"add `## {step.key}` with its words")
    draft.sequence = replace(
        draft.sequence,
        titles=(*draft.sequence.titles, (language, title)) if title else draft.sequence.titles,
        steps=tuple(_with(step, language, found) for step in draft.sequence.steps),
    )


def _with(step: Step, language: str, found: Mapping[str, Words]) -> Step:
    words = found.get(step.key)
    return replace(step, translations=(*step.translations, (language, words))) if words else step


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _title(manuscript: Manuscript, front: tuple[int, int], findings: Findings) -> str:
    table = read_yaml(manuscript, *front, findings)
    if table is None:
        return ""
    keys = Keys(table, findings, "a translation, which holds words only", ("title",))
    keys.missing("title", "say what people see, like `title: Die Fünf-Minuten-Checkliste`")
    return read_title(keys, findings)


@dataclass(slots=True)
class _Translator:
    """Reads the steps of one translated file."""

    manuscript: Manuscript
    sequence: Sequence
    draft: Draft
    findings: Findings
    _found: dict[str, Words] = field(default_factory=dict)

    def read(self, start: int) -> Mapping[str, Words]:
        """The words by the keys of the steps they belong to."""
        for heading, end in parts(self.manuscript, start, self.findings):
            at = heading.start(1)
            place = self.manuscript.place(at)
            step = self._step(heading[1].replace("\u00a0", " ").strip(), place)
            fields, body = FieldReader(self.manuscript, self.findings).read(min(heading.end() + 1, end), end)
            if step is not None:
                self._found[step.key] = self._words(step, fields, (body, end), place)
        return self._found

    def _step(self, key: str, place: Place) -> Step | None:
        step = self.sequence.step(key)
        keys = [each.key for each in self.sequence.steps if each.is_email]
        if step is None:
            meant = next((each for each in keys if each in {slug(key), slug(key.partition(": ")[2])}), None)
            hint = f"write `## {meant or nearest(key, keys) or 'step-key'}`: the key of its step in the other file"
            message = f"{_name(self.draft.path)} has no step `{key[:60]}`."
            self.findings.error(place, "unknown-step", message, hint if meant else did_you_mean(key, keys, hint))
        elif not step.is_email:
            message = f"`{key}` is no mail; your own people read it as it is."
            self.findings.error(place, "not-a-mail", message, "remove it here")
        elif key in self._found:
            message = f"`{key}` stands here twice, first in line {self._found[key].place.line}."
            self.findings.error(place, "duplicate-step", message, "keep one of the two")
        else:
            return step
        return None

    def _words(self, step: Step, fields: list[StepField], body: tuple[int, int], place: Place) -> Words:
        for each in fields:
            if each.name not in WORDS:
                message = f"A translation holds words only; `{each.name}` stands in {_name(self.draft.path)}."
                self.findings.error(each.line, "not-words", message, "remove the line here")
        lines = SubjectReader(self.manuscript, self.draft, self.findings, step.key, step.condition)
        preview = next((each for each in fields if each.name == "Preview"), None)
        subjects = tuple(map(lines.subject, self._subjects(step, fields, place)))
        words = replace(step, subjects=subjects, place=place)
        read, answers = read_body(words, self.manuscript, *body, self.draft, self.findings)
        for value, link in answers.items():
            if value not in self.draft.answers.get(step.key, ()):
                message = f"The step in {_name(self.draft.path)} doesn't offer the answer `{value}`."
                hint = did_you_mean(value, self.draft.answers.get(step.key, ()), "offer it there as well")
                self.findings.error(link, "unknown-answer", message, hint)
        return Words(subjects, lines.line(preview) if preview else None, read, place)

    def _subjects(self, step: Step, fields: list[StepField], place: Place) -> list[StepField]:
        """The subjects: the same arms as in the other file, so that the test is one test in all languages."""
        wanted = [each.arm for each in step.subjects]
        written = [each for each in fields if each.name == "Subject"]
        known = " and ".join(f"`Subject {arm}:`" if arm else "`Subject:`" for arm in wanted)
        stranger = next((each for each in written if each.arm not in wanted), None)
        if stranger is not None:
            message = f"In {_name(self.draft.path)} this step has {known}."
            self.findings.error(stranger.line, "bad-arms", message, "write the same here")
        elif len({each.arm for each in written}) < len(set(wanted)):
            message = f"The words of `{step.key}` need {known}."
            self.findings.error(place, "missing-subject", message, "write it right below the heading")
        return written
