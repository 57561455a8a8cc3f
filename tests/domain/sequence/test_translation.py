"""`KEY.de.md`: whose words they are, what may stand in them, and where a fault is told."""

from __future__ import annotations

import pytest

from service.domain.sequence.library import read_library
from service.domain.sequence.model.library import Library
from service.domain.sequence.model.problem import Problem, Severity
from tests.domain.sequence.paper import BUSINESS, FRONT, files, marked, sequence

PATH = "sequences/welcome.de.md"
BOTH = BUSINESS + "languages: [en, de]\n"
STEPS = """\
## Day 0: your checklist
If: contact.phone
Subject: Here it is
Preview: Five minutes

Did you try it? [Yes](answer:yes)

## Day 3: the towel
Subject A: One
Subject B: Two

[Book](link:booking)

## Day 6: call
Task: call
Assign: front-desk

Call.
"""
HEAD = "---\ntitle: Die Liste\n---\n\n"
FIRST = "## your-checklist\nSubject: Hier ist sie\nPreview: Fünf Minuten\n\nAusprobiert? [Ja](answer:yes)\n\n"
SECOND = "## the-towel\nSubject A: Eins\nSubject B: Zwei\n\n[Buchen](link:booking)\n"


def library_of(translation: str) -> tuple[Library | None, list[Problem]]:
    return read_library(files(sequence(FRONT, STEPS), BOTH) | {PATH: translation.encode()})


def test_a_step_has_its_words_in_each_language_and_falls_back_to_its_own() -> None:
    library, problems = library_of(HEAD + FIRST + SECOND)
    assert problems == []
    assert library is not None
    written = library.sequences[0]
    assert written.titles == (("de", "Die Liste"),)
    german = written.steps[0].in_language("de")
    assert [each.text for each in german.subjects] == ["Hier ist sie"]
    assert german.preview is not None
    assert german.preview.text == "Fünf Minuten"
    assert german.body is not None
    assert german.body.blocks == (("text", None, "Ausprobiert? [Ja](answer:yes)\n\n"),)
    assert str(german.place) == f"{PATH}:5:4"
    assert [(each.arm, each.text) for each in written.steps[1].in_language("de").subjects] == [
        ("A", "Eins"),
        ("B", "Zwei"),
    ]
    assert written.steps[0].in_language("fr").subjects[0].text == "Here it is"
    assert written.steps[2].translations == ()


def test_the_order_of_the_steps_is_the_other_files() -> None:
    library, problems = library_of(HEAD + SECOND + "\n" + FIRST)
    assert problems == []
    assert library is not None
    assert [step.key for step in library.sequences[0].steps] == ["your-checklist", "the-towel", "call"]


def test_a_missing_step_is_a_warning_and_is_sent_in_the_files_own_language() -> None:
    library, (problem,) = library_of(HEAD + FIRST)
    assert library is not None
    assert library.sequences[0].steps[1].translations == ()
    assert (problem.severity, problem.code, str(problem.place)) == (Severity.WARNING, "untranslated", f"{PATH}:1:1")
    assert problem.message == "`the-towel` is missing here, so it is sent in the language of welcome.md."


def test_what_the_steps_condition_says_holds_for_its_words_too() -> None:
    guarded = FIRST.replace("Ausprobiert?", "Unter {{ contact.phone }} ausprobiert?")
    assert library_of(HEAD + guarded + SECOND)[1] == []


def test_a_picture_lies_beside_the_translated_file() -> None:
    pictured = HEAD + FIRST + SECOND + "\n![Jana](jana.png)\n"
    elsewhere = files(sequence(FRONT, STEPS), BOTH) | {"sequences/de/welcome.de.md": pictured.encode()}
    assert [each.code for each in read_library(elsewhere)[1]] == ["unknown-file"]
    assert read_library(elsewhere | {"sequences/de/jana.png": b"png"})[1] == []


BROKEN = [
    ("▸Hallo\n" + FIRST + SECOND, "no-front-matter"),
    ("---\n▸{}\n---\n" + FIRST + SECOND, "missing-key"),
    ("---\ntitle: Die Liste\n▸stage: nurture\n---\n" + FIRST + SECOND, "unknown-key"),
    (f"---\ntitle: ▸{'lang ' * 60}\n---\n" + FIRST + SECOND, "too-long"),
    (HEAD + "▸Hallo\n\n" + FIRST + SECOND, "text-above-steps"),
    (HEAD + FIRST + SECOND + "\n## ▸the-towl\nSubject: Eins\n\nJa?\n", "unknown-step"),
    (HEAD + FIRST + SECOND + "\n## ▸Day 3: the towel\nSubject: Eins\n\nJa?\n", "unknown-step"),
    (HEAD + FIRST + SECOND + "\n## ▸call\n\nRuf an.\n", "not-a-mail"),
    (HEAD + FIRST + SECOND + "\n## ▸the-towel\nSubject A: Eins\nSubject B: Zwei\n\nJa?\n", "duplicate-step"),
    (HEAD + FIRST.replace("Preview", "▸Kind: offer\nPreview") + SECOND, "not-words"),
    (HEAD + FIRST.replace("Preview", "▸If: contact.phone\nPreview") + SECOND, "not-words"),
    (HEAD + FIRST.replace("Preview", "▸Tag: +vip\nPreview") + SECOND, "not-words"),
    (HEAD + FIRST.replace("Preview", "▸Vorschau") + SECOND, "unknown-field-name"),
    (HEAD + FIRST.replace("## ", "## ▸").replace("Subject: Hier ist sie\n", "") + SECOND, "missing-subject"),
    (HEAD + FIRST + SECOND.replace("## ", "## ▸").replace("Subject B: Zwei\n", ""), "missing-subject"),
    (HEAD + FIRST + SECOND.replace("Subject B", "▸Subject C: Drei\nSubject B"), "bad-arms"),
    (HEAD + FIRST.replace("Preview", "▸Subject A: Eins\nPreview") + SECOND, "bad-arms"),
    (HEAD + FIRST.replace("answer:yes", "▸answer:ja") + SECOND, "unknown-answer"),
    (HEAD + FIRST.replace("Ausprobiert", "{{ ▸contact.company }}") + SECOND, "no-fallback"),
    (HEAD + FIRST.replace("Ausprobiert", "{{ contact.▸vorname }}") + SECOND, "unknown-field"),
    (HEAD + FIRST.replace("answer:yes", "▸link:buchen") + SECOND, "unknown-link"),
    (HEAD + FIRST.replace("Ausprobiert? [Ja](answer:yes)\n", "").replace("## ", "## ▸") + SECOND, "empty-letter"),
]


@pytest.mark.parametrize(("text", "code"), BROKEN)
def test_a_broken_translation_is_told_once_and_in_its_place(text: str, code: str) -> None:
    text, place = marked(text)
    problems = [each for each in library_of(text)[1] if each.severity is Severity.ERROR]
    assert [f"{each.place}: {each.code}" for each in problems] == [f"{PATH}:{place}: {code}"]


def test_a_heading_in_the_other_files_words_is_told_the_key() -> None:
    (problem,) = library_of(HEAD + FIRST + SECOND + "\n## Day 3: the towel\nSubject: Eins\n\nJa?\n")[1]
    assert problem.hint.startswith("write `## the-towel`")


def test_the_first_language_has_no_file_of_its_own() -> None:
    found = read_library(files(sequence(FRONT, STEPS), BOTH) | {"sequences/welcome.en.md": HEAD.encode()})[1]
    assert [each.code for each in found] == ["unknown-language"]
    assert found[0].message == "`en` is the first of `languages`, so its words stand in `welcome.md` itself."
