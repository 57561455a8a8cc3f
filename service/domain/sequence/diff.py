"""What changed between two versions of what a business has written: files and words in, plain changes out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from service.domain.occurrence import awaits
from service.domain.schedule import needs_rhythm
from service.domain.sequence.business_diff import compare_businesses
from service.domain.sequence.model.enrol import Trigger
from service.domain.sequence.model.exit import Exit
from service.domain.sequence.model.library import Library
from service.domain.sequence.model.sequence import Sequence, Status
from service.domain.sequence.step_diff import StepChange, compare_steps, said_change, source_of
from service.domain.sequence.words import when_in_words


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
    business = tuple(compare_businesses(old.business, new.business))
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
        for how in said_change("", was or None, now or None):
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
    what = way.event or (f"same {way.same}" if way.same else source_of(way.when) or "")
    within = f" within {way.within}" if way.within else ""
    return what + within + (" (stays)" if way.stay else "")


def _at_most(sequence: Sequence) -> str:
    limit = sequence.at_most
    return f"{limit.count} {'unanswered' if limit.unanswered else 'emails'}" if limit else ""


def _words_of(sequence: Sequence) -> object:
    return (
        sequence.title,
        sequence.titles,
        sequence.sender,
        sequence.reply_to,
        sequence.template,
        sequence.enrol.existing,
    )


def _hangs_on(sequence: Sequence) -> set[str]:
    """The parts of business.yaml that may change when this sequence's people get something."""
    parts = {"time zone", "window", "closed", "throttle"}
    if needs_rhythm(sequence) or any(trigger.on in {"rhythm", "quiet"} for trigger in sequence.enrol.on):
        parts.add("rhythm")
    if sequence.date is not None and sequence.date.startswith("calendar "):
        parts.add("calendar")
    if any("segment(" in (source_of(way.when) or "") for way in (*sequence.stop, *filter(None, (sequence.goal,)))):
        parts.add("segments")
    return parts


def is_first_published(old: Sequence | None, new: Sequence) -> bool:
    """Whether people could not enter before for want of a publication; a draft is none."""
    return new.status is Status.LIVE and (old is None or old.status is Status.DRAFT)
