"""What changed between two versions of what a business has written: files and words in, plain changes out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher

from service.domain.occurrence import awaits
from service.domain.schedule import needs_rhythm
from service.domain.sequence.model import (
    Business,
    Exit,
    Expression,
    Library,
    Sequence,
    Status,
    Step,
    Subject,
    Trigger,
    Words,
)
from service.domain.sequence.words import when_in_words


@dataclass(frozen=True, slots=True)
class StepChange:
    """`what` is `added`, `removed`, `moved`, `changed` (time, condition, kind …) or `reworded`; `how` says it."""

    step: str
    what: str
    how: str = ""


@dataclass(frozen=True, slots=True)
class SequenceChange:
    """One sequence's. `what` is `new`, `deleted` or `changed`; `heads` are its front matter's changes.

    `is_felt`: somebody inside may get something else or at another time; with words alone nobody does.
    `is_awaited_anew`: when people enter by themselves may have changed.
    """

    key: str
    what: str
    steps: tuple[StepChange, ...] = ()
    heads: tuple[tuple[str, str], ...] = ()
    is_felt: bool = False
    is_awaited_anew: bool = False


@dataclass(frozen=True, slots=True)
class LibraryChange:
    """`business` are the changes of business.yaml that people feel: (what, how)."""

    sequences: tuple[SequenceChange, ...]
    business: tuple[tuple[str, str], ...] = ()


def compare(old: Library, new: Library) -> LibraryChange:
    """All that changed. A sequence whose times hang on what changed in business.yaml counts as changed too."""
    business = tuple(_of_business(old.business, new.business))
    names = {what for what, _ in business}
    keys = sorted({sequence.key for sequence in (*old.sequences, *new.sequences)})
    found = (_of_sequence(old.sequence(key), new.sequence(key), names) for key in keys)
    return LibraryChange(tuple(each for each in found if each is not None), business)


def _of_sequence(old: Sequence | None, new: Sequence | None, business: set[str]) -> SequenceChange | None:
    if new is None:
        assert old is not None
        return SequenceChange(old.key, "deleted", is_felt=True)
    if old is None:
        steps = tuple(StepChange(step.key, "added", when_in_words(step.when)) for step in new.steps)
        return SequenceChange(new.key, "new", steps, is_awaited_anew=awaits(new))
    steps = tuple(compare_steps(old, new))
    heads = tuple(_of_front_matter(old, new))
    touched = bool(business & _hangs_on(new))
    if not steps and not heads and not touched and _words_of(old) == _words_of(new):
        return None
    felt = touched or bool(heads) or any(step.what != "reworded" for step in steps)
    return SequenceChange(new.key, "changed", steps, heads, felt, is_awaited_anew=felt and (awaits(new) or awaits(old)))


def compare_steps(old: Sequence, new: Sequence) -> Iterable[StepChange]:
    """The steps of two versions, in the new order, the removed ones last. What only makes room has not moved."""
    stayed = _unmoved(old, new)
    for step in new.steps:
        was = old.step(step.key)
        if was is None:
            yield StepChange(step.key, "added", when_in_words(step.when))
            continue
        if step.key not in stayed:
            yield StepChange(step.key, "moved", _place(new, step))
        how = "; ".join(_of_step(was, step))
        if how:
            yield StepChange(step.key, "changed", how)
        if _said(was) != _said(step):
            yield StepChange(step.key, "reworded")
    for was in old.steps:
        if new.step(was.key) is None:
            yield StepChange(was.key, "removed", when_in_words(was.when))


def _unmoved(old: Sequence, new: Sequence) -> set[str]:
    before = [step.key for step in old.steps if new.step(step.key)]
    after = [step.key for step in new.steps if old.step(step.key)]
    blocks = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    return {key for block in blocks for key in before[block.a : block.a + block.size]}


def _place(sequence: Sequence, step: Step) -> str:
    at = sequence.steps.index(step)
    return f"behind {sequence.steps[at - 1].key}" if at else "to the front"


def _of_step(old: Step, new: Step) -> Iterable[str]:
    yield from _said_change("", when_in_words(old.when), when_in_words(new.when))
    yield from _said_change("If: ", _source(old.condition), _source(new.condition))
    yield from _said_change("Wait for: ", _source(old.wait_for), _source(new.wait_for))
    yield from _said_change("Wait up to: ", old.wait_up_to, new.wait_up_to)
    yield from _said_change("Drop after: ", old.drop_after, new.drop_after)
    yield from _said_change("Kind: ", old.kind, new.kind)
    if old.window != new.window:
        yield "Window"
    if _sort(old) != _sort(new):
        yield f"{_sort(old)} → {_sort(new)}"
    elif old.task != new.task:
        yield "Task"
    if _actions(old) != _actions(new):
        yield "Set, Tag, Webhook, Enrol or Leave"


def _said_change(name: str, old: object, new: object) -> Iterable[str]:
    if old != new:
        yield f"{name}{old if old is not None else '–'} → {new if new is not None else '–'}"


def _of_front_matter(old: Sequence, new: Sequence) -> Iterable[tuple[str, str]]:
    pairs = (
        ("status", old.status, new.status),
        ("enrol", _enrol(old), _enrol(new)),
        ("date", old.date, new.date),
        ("every", old.every, new.every),
        ("stop", _exits(old.stop), _exits(new.stop)),
        ("goal", _exits((old.goal,)), _exits((new.goal,))),
        ("at most", _at_most(old), _at_most(new)),
        ("topic", old.topic, new.topic),
    )
    for name, was, now in pairs:
        for how in _said_change("", was or None, now or None):
            yield name, how
    if old.window != new.window:
        yield "window", "other hours"
    if old.arms != new.arms:
        yield "test", "other shares"


def _enrol(sequence: Sequence) -> str:
    enrol = sequence.enrol
    said = [", ".join(map(_trigger, enrol.on))]
    said += [f"form {enrol.form}"] if enrol.form else []
    said += [f"when {enrol.when.source}"] if enrol.when else []
    said.append(f"again {enrol.again}" + (f" {enrol.again_after}" if enrol.again_after else ""))
    return ", ".join(said)


def _trigger(trigger: Trigger) -> str:
    length = f" for {trigger.duration}" if trigger.duration else ""
    return f"{trigger.on} {trigger.name}".strip() + length


def _exits(exits: Iterable[Exit | None]) -> str:
    return "; ".join(filter(None, map(_exit, exits)))


def _exit(way: Exit | None) -> str:
    if way is None:
        return ""
    what = way.event or (f"same {way.same}" if way.same else _source(way.when) or "")
    within = f" within {way.within}" if way.within else ""
    return what + within + (" (stays)" if way.stay else "")


def _at_most(sequence: Sequence) -> str:
    limit = sequence.at_most
    return f"{limit.count} {'unanswered' if limit.unanswered else 'emails'}" if limit else ""


def _sort(step: Step) -> str:
    return "an email" if step.is_email else "a task" if step.task else "an action"


def _actions(step: Step) -> list[tuple[str, str]]:
    return [(action.verb, action.text) for action in step.actions]


def _source(expression: Expression | None) -> str | None:
    return expression.source if expression else None


def _said(step: Step) -> object:
    """The step's words, wherever they stand in the file."""
    own = Words(step.subjects, step.preview, step.body, step.place)
    languages = ((language, _plain(words)) for language, words in step.translations)
    return step.title, _plain(own), step.template, step.sender, step.reply_to, tuple(languages)


def _plain(words: Words) -> object:
    body = words.body
    blocks = tuple((tag, _source(asked), text) for tag, asked, text in body.blocks) if body else None
    merged = tuple(each.source for each in body.expressions) if body else None
    preview = _line(words.preview) if words.preview else None
    return tuple(map(_line, words.subjects)), preview, blocks, merged


def _line(subject: Subject) -> object:
    return subject.arm, subject.text, tuple(each.source for each in subject.expressions)


def _words_of(sequence: Sequence) -> object:
    return (
        sequence.title,
        sequence.titles,
        sequence.sender,
        sequence.reply_to,
        sequence.template,
        sequence.enrol.existing,
    )


def _of_business(old: Business, new: Business) -> Iterable[tuple[str, str]]:
    for how in _said_change("", old.zone, new.zone):
        yield "time zone", how
    pairs = (
        ("window", old.window, new.window, "other hours"),
        ("closed", old.closed, new.closed, _days(old, new)),
        ("throttle", old.caps, new.caps, _caps(old, new)),
        ("rhythm", old.rhythm, new.rhythm, "other intervals"),
        ("calendar", old.calendar, new.calendar, "other days"),
        ("topics", _topics(old), _topics(new), _members(_topics(old), _topics(new))),
        ("segments", _segments(old), _segments(new), _members(_segments(old), _segments(new))),
    )
    for name, was, now, how in pairs:
        if was != now:
            yield name, how


def _days(old: Business, new: Business) -> str:
    added = [f"+{day}" for day in new.closed if day not in old.closed]
    return ", ".join(added + [f"-{day}" for day in old.closed if day not in new.closed])


def _caps(old: Business, new: Business) -> str:
    names = ("per_day", "per_week", "per_month", "gap", "gap_warm")
    pairs = ((name.replace("_", " "), getattr(old.caps, name), getattr(new.caps, name)) for name in names)
    return ", ".join(f"{name} {was} → {now}" for name, was, now in pairs if was != now)


def _topics(business: Business) -> dict[str, str]:
    return {topic.name: topic.basis for topic in business.topics}


def _segments(business: Business) -> dict[str, str]:
    return {name: expression.source for name, expression in business.segments}


def _members(old: dict[str, str], new: dict[str, str]) -> str:
    added = [f"+{name}" for name in new if name not in old]
    removed = [f"-{name}" for name in old if name not in new]
    changed = [f"{name}: {old[name]} → {new[name]}" for name in new if name in old and old[name] != new[name]]
    return ", ".join(added + removed + changed)


def _hangs_on(sequence: Sequence) -> set[str]:
    """The parts of business.yaml that may change when this sequence's people get something."""
    parts = {"time zone", "window", "closed", "throttle"}
    if needs_rhythm(sequence) or any(trigger.on in {"rhythm", "quiet"} for trigger in sequence.enrol.on):
        parts.add("rhythm")
    if sequence.date is not None and sequence.date.startswith("calendar "):
        parts.add("calendar")
    if any("segment(" in (_source(way.when) or "") for way in (*sequence.stop, *filter(None, (sequence.goal,)))):
        parts.add("segments")
    return parts


def is_first_published(old: Sequence | None, new: Sequence) -> bool:
    """Whether people could not enter before for want of a publication; a draft is none."""
    return new.status is Status.LIVE and (old is None or old.status is Status.DRAFT)
