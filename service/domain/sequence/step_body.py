"""A step's body and what it says beyond its words: links, pictures, answers, and what is printed where."""

from __future__ import annotations

from dataclasses import replace

from service.domain.sequence.body import BodyReader
from service.domain.sequence.draft import Asked, Draft, Printed
from service.domain.sequence.findings import Fault, Findings
from service.domain.sequence.letter import Found, LetterReader
from service.domain.sequence.links import BUILT_IN, read_picture, read_target
from service.domain.sequence.manuscript import Manuscript
from service.domain.sequence.model.expression import Expression
from service.domain.sequence.model.place import Place
from service.domain.sequence.model.step import Step
from service.domain.sequence.model.words import Body

# Links that act in the name of whoever follows them.
CLIENTS_OWN = frozenset({"preferences", "less-often", "pause", "my-data", "referral", "calendar"})
MAX_BODY = 64 * 1024  # characters; Gmail cuts a finished mail off at 102 kB


def read_step_body(step: Step, manuscript: Manuscript, start: int, end: int, draft: Draft, findings: Findings) -> Step:
    """The step with its body, `text[start:end]` of the manuscript."""
    body, answers = read_body(step, manuscript, start, end, draft, findings)
    draft.answers[step.key] = tuple(answers)
    return replace(step, body=body)


def read_body(
    step: Step, manuscript: Manuscript, start: int, end: int, draft: Draft, findings: Findings
) -> tuple[Body | None, dict[str, Place]]:
    """A body in one language, and the answers that it offers with their places."""
    if end - start > MAX_BODY:
        message = f"This letter has more than {MAX_BODY // 1024} thousand characters."
        findings.error(step.place, "too-long", message, "Gmail would cut it off; part it")
        return None, {}
    reader = BodyReader(manuscript, findings, inline=step.task is not None)
    body = reader.read(start, end)
    _note_expressions(step, reader, draft)
    letter = LetterReader(manuscript, findings)
    for passage in reader.passages:
        letter.read(passage.start, passage.end)
    answers = {answer: link.place for link in letter.links if (answer := _link(link, step, draft, findings))}
    for picture in letter.pictures:
        _picture(picture, draft, findings)
    if step.is_email and step.task is None:
        _look_at_mail(step, body is not None, letter, findings)
    elif step.task is None and step.actions and body is not None:
        message = "These words would reach nobody: the step has no subject."
        findings.error(step.place, "missing-subject", message, "write `Subject: …` below the heading, or remove them")
    return body, answers


def _note_expressions(step: Step, reader: BodyReader, draft: Draft) -> None:
    given: tuple[tuple[Expression, bool], ...] = ((step.condition, True),) if step.condition else ()
    draft.asked += [Asked(condition, step.key) for condition in reader.conditions]
    draft.printed += [Printed(field.expression, step.key, given + field.given) for field in reader.fields]


def _link(link: Found, step: Step, draft: Draft, findings: Findings) -> str | None:
    """Note what a link names; the answer it offers, if it asks for one."""
    try:
        target = read_target(link.address)
    except Fault as fault:
        findings.refuse(link.place, fault)
        return None
    if target.kind == "answer":
        return target.word
    if step.task is not None and (target.kind == "join" or target.word in CLIENTS_OWN):
        message = f"`{link.address}` is the client's own, and here a colleague would follow it."
        findings.error(link.place, "not-for-staff", message, "leave it out of the briefing")
        return None
    if target.kind == "link" and target.word.startswith("event."):
        draft.refer("event link", target.word.removeprefix("event."), link.place)
    elif target.kind == "link" and target.word in BUILT_IN:
        if target.word == "calendar":
            draft.refer("date", target.word, link.place)
    elif target.kind not in {"url", "mailto"}:
        draft.refer(target.kind, target.word, link.place)
    return None


def _picture(picture: Found, draft: Draft, findings: Findings) -> None:
    try:
        path = read_picture(picture.address)
    except Fault as fault:
        findings.refuse(picture.place, fault)
        return
    if path is not None:
        draft.refer("picture", path, picture.place)


def _look_at_mail(step: Step, has_body: bool, letter: LetterReader, findings: Findings) -> None:
    if not has_body:
        message = "This mail has a subject and no letter."
        findings.error(step.place, "empty-letter", message, "write it below the fields, after an empty line")
    elif not letter.links and not letter.asks and not any("?" in subject.text for subject in step.subjects):
        message = "This mail holds neither a question nor a link, so nobody can do anything with it."
        findings.warn(step.place, "nothing-to-do", message, "end with one thing to do: a link, a button or a question")
