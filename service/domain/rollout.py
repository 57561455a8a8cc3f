"""What a publication still has to do to the people who are here, by sequence."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from service.domain.occurrence import awaits
from service.domain.sequence.diff import LibraryChange, SequenceChange, is_first_published
from service.domain.sequence.model.library import Library
from service.domain.sequence.model.sequence import Sequence, Status

REPLAN = "replan"  # the people inside follow the new version
REOPEN = "reopen"  # the people who had finished get the steps behind their last one
EXPECT = "expect"  # people will enter by themselves: a birthday, an expected visit, a quiet time
INTAKE = "intake"  # people who are here already enter now, as `existing` says


@dataclass(frozen=True, slots=True)
class Work:
    """One thing to do for one sequence. `per_day`: at most so many people a day, None for all at once."""

    sequence: str
    what: str
    per_day: int | None = None


def work_of(
    change: LibraryChange,
    old: Library | None,
    new: Library,
    reopen: Collection[str] = (),
    pending: Mapping[str, Collection[str]] | None = None,
) -> tuple[Work, ...]:
    """What publishing `new` over `old` has to do; `old` is None where this version can't read it any more.

    `change` is what differs. `pending` is what earlier publications have not finished, by sequence: its `what`s; for a
    sequence that differs it is done with the new version, for one that is the same it is left out here, and stays.
    """
    work = [each for one in change.sequences for each in _of(one, old, new, reopen, (pending or {}).get(one.key, ()))]
    known = {one.key for one in change.sequences}
    work += [Work(key, REOPEN) for key in reopen if key not in known and new.sequence(key)]
    order = (REPLAN, REOPEN, EXPECT, INTAKE)
    return tuple(sorted(work, key=lambda each: (order.index(each.what), each.sequence)))


def _of(
    change: SequenceChange, old: Library | None, new: Library, reopen: Collection[str], pending: Collection[str]
) -> Iterable[Work]:
    was, now = old.sequence(change.key) if old else None, new.sequence(change.key)
    if change.is_felt or REPLAN in pending or old is None:
        yield Work(change.key, REPLAN)
    if now is None:
        return
    if REOPEN in pending or change.key in reopen:
        yield Work(change.key, REOPEN)
    if now.status is not Status.LIVE:
        return
    first = old is not None and is_first_published(was, now)
    if awaits(now) and (first or change.is_awaited_anew or EXPECT in pending):
        yield Work(now.key, EXPECT)
    if now.enrol.existing != "nobody" and (first or INTAKE in pending):
        yield Work(now.key, INTAKE, per_day(now))


def per_day(sequence: Sequence) -> int | None:
    """`20 a day` as a number; None for `all`."""
    first, _, rest = sequence.enrol.existing.partition(" ")
    return int(first) if rest == "a day" else None
