"""All that one business has written, read together: files in, a `Library` or problems out."""

from __future__ import annotations

import re
from collections.abc import Mapping

from service.domain.sequence.business import read_business
from service.domain.sequence.check import check_library
from service.domain.sequence.draft import Draft
from service.domain.sequence.findings import Findings
from service.domain.sequence.heading import slug
from service.domain.sequence.model.business import Business
from service.domain.sequence.model.library import Library
from service.domain.sequence.model.place import Place
from service.domain.sequence.model.problem import Problem, Severity
from service.domain.sequence.sequence_file import read_sequence
from service.domain.sequence.spelling import did_you_mean
from service.domain.sequence.translation import read_translation

SEQUENCES = "sequences/"
BUSINESS = "sequences/business.yaml"
UNREAD = "README.md"
MAX_FILE = 10 * 1024 * 1024  # bytes of a picture or magnet

_KEY = re.compile(r"[a-z0-9-]{1,80}")
_TRANSLATION = re.compile(r"([a-z0-9-]{1,80})\.([a-z]{2,3}(?:-[A-Za-z]{2,4})?)")


def read_library(files: Mapping[str, bytes]) -> tuple[Library | None, list[Problem]]:
    """Read everything that a business has written.

    `files` are contents by path, with forward slashes: `sequences/business.yaml`, `sequences/salon-checklist.md`,
    `sequences/files/checklist.pdf`, `email_templates/layouts/letter.mjml`.

    Returns the library, None where any problem is an error, and the problems in the order of path, line, column.
    Never raises, whatever the bytes.
    """
    findings = Findings()
    declared = Draft(BUSINESS)
    business = _business(files, declared, findings)
    usable = business is not None and not findings.faulty(BUSINESS)
    drafts = _drafts(files, business, findings)
    for path, data in files.items():
        if len(data) > MAX_FILE and not path.endswith((".md", ".yaml")):
            message = f"The file has more than {MAX_FILE // 1024 // 1024} MB."
            findings.error(Place(path), "too-large", message, "make it smaller; people read it on their phones")
    if business is not None and usable:
        check_library(business, declared, drafts, files, findings)
    problems = sorted(dict.fromkeys(findings.problems), key=_order)
    if business is None or any(problem.severity is Severity.ERROR for problem in problems):
        return None, problems
    sequences = sorted((draft.sequence for draft in drafts if draft.sequence), key=lambda sequence: sequence.key)
    return Library(business, tuple(sequences)), problems


def _order(problem: Problem) -> tuple[str, int, int, str]:
    place = problem.place
    return place.path, place.line, place.column, problem.code


def _business(files: Mapping[str, bytes], declared: Draft, findings: Findings) -> Business | None:
    if BUSINESS in files:
        return read_business(BUSINESS, files[BUSINESS], declared, findings)
    message = "There is no business.yaml, so nobody knows who writes."
    hint = "write one with name, from, address and time zone"
    if "sequences/business.yml" in files:
        hint = "rename business.yml"
    findings.error(Place(BUSINESS), "no-business", message, hint)
    return None


def _drafts(files: Mapping[str, bytes], business: Business | None, findings: Findings) -> list[Draft]:
    drafts: dict[str, Draft] = {}
    translations = []
    for path in sorted(files):
        name = path.rpartition("/")[2]
        stem, dot, suffix = name.rpartition(".")
        if not path.startswith(SEQUENCES) or not dot or suffix.lower() not in {"md", "markdown"} or name == UNREAD:
            continue
        if suffix == "md" and _TRANSLATION.fullmatch(stem):
            translations.append(path)
            continue
        if suffix != "md" or not _KEY.fullmatch(stem):
            message = f"`{name[:80]}` can't be a sequence's name."
            hint = f"rename it to `{slug(stem) or 'welcome'}.md`: small letters, digits and hyphens"
            findings.error(Place(path), "file-name", message, hint)
        elif stem in drafts:
            message = f"There is already a sequence `{stem}`: {drafts[stem].path}."
            findings.error(Place(path), "duplicate-sequence", message, "rename one of the two")
        else:
            drafts[stem] = read_sequence(path, stem, files[path], findings)
    for path in translations:
        _translate(path, files[path], drafts, business, findings)
    return list(drafts.values())


def _translate(
    path: str, data: bytes, drafts: Mapping[str, Draft], business: Business | None, findings: Findings
) -> None:
    """`KEY.de.md` holds the German words of `KEY.md`."""
    key, _, language = path.rpartition("/")[2].removesuffix(".md").partition(".")
    place = Place(path)
    known = business.languages if business else (language,)
    if key not in drafts:
        message = f"There is no `{key}.md` that this could translate."
        findings.error(place, "unknown-sequence", message, did_you_mean(key, drafts, f"write `{key}.md` first"))
    elif language not in known:
        message = f"business.yaml doesn't name the language `{language}`."
        findings.error(place, "unknown-language", message, "add it to `languages`")
    elif business is not None and language == known[0]:
        message = f"`{language}` is the first of `languages`, so its words stand in `{key}.md` itself."
        findings.error(place, "unknown-language", message, "write them there, or name another language")
    else:
        read_translation(path, language, data, drafts[key], findings)
