"""One sequence file, read as far as it can be understood alone."""

from __future__ import annotations

import re
from dataclasses import replace

from service.domain.sequence.draft import Draft
from service.domain.sequence.findings import Findings
from service.domain.sequence.front_matter import KEYS, FrontMatterReader
from service.domain.sequence.keys import Keys
from service.domain.sequence.lexer import cut
from service.domain.sequence.manuscript import Manuscript, decode
from service.domain.sequence.model.enrol import Enrol
from service.domain.sequence.model.place import Place
from service.domain.sequence.model.sequence import Sequence
from service.domain.sequence.steps import StepsReader
from service.domain.sequence.vocabulary import Kind, Stage
from service.domain.sequence.yaml_tree import read_yaml

_OPENING = re.compile(r"\s*---[ \t]*\n")
_CLOSING = re.compile(r"^---[ \t]*$", re.MULTILINE)
_BEGIN = "begin the file with a line of ---, then title, stage, topic and enrol, and another line of ---"


def read_sequence(path: str, key: str, data: bytes, findings: Findings) -> Draft:
    """The draft of the sequence `key` that the file holds; its `sequence` is None where there is none to be seen."""
    draft = Draft(path)
    text = decode(path, data, findings)
    if text is None:
        return draft
    manuscript = cut(path, text, findings)
    front, body = parted(manuscript, _BEGIN, findings)
    known = len(findings.problems)
    sequence = _front_matter(key, manuscript, front, draft, findings)
    draft.sound = sequence is not None and len(findings.problems) == known
    # Where the front matter can't be read, the steps still tell their own problems.
    whole = sequence or Sequence(key, "", Stage.NURTURE, "", Kind.LETTER, Enrol(()), (), Place(path), date="unknown")
    draft.sequence = replace(whole, steps=StepsReader(manuscript, whole, draft, findings).read(body))
    return draft


def parted(manuscript: Manuscript, begin: str, findings: Findings) -> tuple[tuple[int, int] | None, int]:
    """Where the front matter stands, and where the steps begin. `begin` says how, where there is none."""
    opening = _OPENING.match(manuscript.text)
    closing = _CLOSING.search(manuscript.text, opening.end()) if opening else None
    if opening and closing:
        return (opening.end(), closing.start()), closing.end()
    place = Place(manuscript.path)
    if opening:
        findings.error(place, "no-front-matter", "The front matter is never closed.", "write a line of --- below it")
        return None, len(manuscript.text)
    findings.error(place, "no-front-matter", "This file has no front matter, so nobody knows who gets it.", begin)
    return None, 0


def _front_matter(
    key: str, manuscript: Manuscript, front: tuple[int, int] | None, draft: Draft, findings: Findings
) -> Sequence | None:
    if front is None:
        return None
    table = read_yaml(manuscript, *front, findings)
    if table is None:
        return None
    keys = Keys(table, findings, "the front matter", KEYS)
    return FrontMatterReader(keys, draft, findings).read(key)
