"""A whole sequence on one page, to be sent round and approved: every touch in its order, as the person will see it.

The page is one file that needs no server. Each mail stands in a frame of its own in which no script runs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import unescape

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import escape

from service.domain.arm import HOLDOUT, letters
from service.domain.journey_map.phrases import goal_of, leaving, way_in
from service.domain.sequence.model.library import Library
from service.domain.sequence.model.sequence import Sequence, Status
from service.domain.sequence.model.step import Action, Step
from service.domain.sequence.sentence import in_words
from service.domain.sequence.words import when_in_words, window_in_words
from service.rendering.preview import Preview

Look = Callable[[Step, str | None], Preview]  # a step's mail as somebody in an arm gets it

_PAGES = Environment(
    loader=PackageLoader("service.rendering", "pages"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
_PREHEADER = re.compile(r'<div style="display:none;[^"]*">(.*?)</div>', re.DOTALL)
STATUS = {
    Status.DRAFT: "A draft: it is not published.",
    Status.CLOSED: "Closed: nobody new enters.",
    Status.PAUSED: "Paused: nothing leaves.",
}


@dataclass(frozen=True, slots=True)
class Frame:
    """One look of a step's mail. `arms` are those that get it so, none where there is no test."""

    arms: tuple[str, ...]
    preview: Preview

    @property
    def preheader(self) -> str:
        found = _PREHEADER.search(self.preview.html)
        return unescape(found[1]).strip() if found else ""


@dataclass(frozen=True, slots=True)
class Scene:
    """One step on the page. `notes` are sentences about when and to whom it happens, `acts` what happens with it."""

    number: int
    step: Step
    when: str
    notes: tuple[str, ...]
    acts: tuple[str, ...]
    subjects: tuple[tuple[str, str], ...]  # (arm, subject)
    frames: tuple[Frame, ...]


def approval_page(
    library: Library, sequence: Sequence, look: Look, reader: str, language: str
) -> tuple[str, list[str]]:
    """The page, and a sentence for each thing that production would hold; `reader` says whom it is shown to."""
    titles = {each.key: each.title for each in library.sequences}
    titles |= {f"{each.key}/{step.key}": step.title for each in library.sequences for step in each.steps}
    titles |= {step.key: step.title for step in sequence.steps}
    scenes = [_scene(number, step, sequence, look, titles) for number, step in enumerate(sequence.steps, 1)]
    page = _PAGES.get_template("approval.html").render(
        business=library.business,
        sequence=sequence,
        facts=_facts(sequence, titles),
        status=STATUS.get(sequence.status, ""),
        scenes=scenes,
        title=dict(sequence.titles).get(language, sequence.title),
        reader=reader,
    )
    reasons = [
        f"{sequence.key}/{scene.step.key}: {reason}"
        for scene in scenes
        for frame in scene.frames
        for reason in frame.preview.reasons
    ]
    return page, list(dict.fromkeys(reasons))


def _facts(sequence: Sequence, titles: Mapping[str, str]) -> list[tuple[str, str]]:
    """What the front matter says, as people say it."""
    enrol = sequence.enrol
    told = [
        ("Topic", sequence.topic),
        ("Who enters", " or ".join(way_in(trigger, sequence) for trigger in enrol.on)),
        ("Only if", in_words(enrol.when.source, titles) if enrol.when else ""),
        ("Again", f"after {enrol.again_after}" if enrol.again_after else str(enrol.again)),
        ("Window", window_in_words(sequence.window) if sequence.window else ""),
        ("Ends early", leaving(sequence)),
        ("Goal", goal_of(sequence.goal)),
        ("Test", " · ".join(f"{name} {share} %" for name, share in sequence.arms)),
    ]
    return [(label, words) for label, words in told if words]


def _scene(number: int, step: Step, sequence: Sequence, look: Look, titles: Mapping[str, str]) -> Scene:
    frames = _frames(step, sequence, look) if step.is_email or step.task else ()
    known = [(arm, frame.preview.subject) for frame in frames for arm in frame.arms or ("",)]
    if len(frames) == 1 and frames[0].arms:
        known = [(arm, look(step, arm).subject) for arm in frames[0].arms]
    subjects: dict[str, str] = {}
    for arm, subject in known:
        subjects[subject] = f"{subjects[subject]}, {arm}" if subject in subjects else arm
    alone = len(subjects) == 1
    return Scene(
        number=number,
        step=step,
        when=when_in_words(step.when),
        notes=tuple(_notes(step, titles)),
        acts=tuple(_act(each, titles) for each in step.actions),
        subjects=tuple(("" if alone else arm, subject) for subject, arm in subjects.items() if step.is_email),
        frames=frames,
    )


def _frames(step: Step, sequence: Sequence, look: Look) -> tuple[Frame, ...]:
    """The looks of a step's mail that differ in more than the subject."""
    arms = [name for name, _ in sequence.arms if name != HOLDOUT] or letters(sequence)
    if not arms:
        return (Frame((), look(step, None)),)
    looks: dict[str, tuple[list[str], Preview]] = {}
    for arm in arms:
        seen = look(step, arm)
        unnamed = seen.html.replace(escape(seen.subject), "") + seen.fault
        looks.setdefault(unnamed, ([], seen))[0].append(arm)
    return tuple(Frame(tuple(names), seen) for names, seen in looks.values())


def _notes(step: Step, titles: Mapping[str, str]) -> list[str]:
    told = []
    if step.wait_for and step.wait_up_to:
        told.append(f"Waits until {in_words(step.wait_for.source, titles)}, at most {step.wait_up_to}.")
    if step.condition:
        told.append(f"Only if {in_words(step.condition.source, titles)}.")
    if step.drop_after:
        told.append(f"Dropped when it is {step.drop_after} late.")
    if step.window:
        told.append(f"Leaves only {window_in_words(step.window)}.")
    if step.sender:
        told.append(f"From {step.sender}.")
    return told


def _act(action: Action, titles: Mapping[str, str]) -> str:
    named = titles.get(action.text, action.text)
    if action.verb == "leave":
        return "Leaves all other sequences" if action.text == "all" else f"Leaves “{named}”"
    if action.verb == "enrol":
        return f"Enrols in “{named}”"
    return {"set": "Sets {}", "tag": "Tags {}", "webhook": "Calls the webhook {}"}[action.verb].format(action.text)
