"""What a publication still has to do to the people who are here, by sequence."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from service.domain.sequence.diff import awaits, compare, is_first_published
from service.domain.sequence.model import Library, Sequence, Status

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
    old: Library | None, new: Library, reopen: Collection[str] = (), pending: Mapping[str, Collection[str]] | None = None
) -> tuple[Work, ...]:
    """What publishing `new` over `old` has to do; `old` is None where it can't be read any more.

    `pending` is what earlier publications have not finished, by sequence: its `what`s. It is done with the new version
    where that differs; a sequence that is the same keeps its own, which is left out here.
    """
    changes = compare(old, new).sequences if old else compare(Library(new.business, ()), new).sequences
    work: list[Work] = []
    for change in changes:
        was, now = old.sequence(change.key) if old else None, new.sequence(change.key)
        left = set((pending or {}).get(change.key, ()))
        if change.is_felt or REPLAN in left or old is None:
            work.append(Work(change.key, REPLAN))
        if now is not None and (REOPEN in left or change.key in reopen):
            work.append(Work(change.key, REOPEN))
        first = old is not None and now is not None and is_first_published(was, now)
        work += _entering(now, left, first, change.is_awaited_anew)
    known = {change.key for change in changes}
    work += [Work(key, REOPEN) for key in sorted(reopen) if key not in known and new.sequence(key)]
    return tuple(sorted(work, key=lambda each: ((REPLAN, REOPEN, EXPECT, INTAKE).index(each.what), each.sequence)))


def _entering(now: Sequence | None, left: Collection[str], first: bool, anew: bool) -> list[Work]:
    if now is None or now.status is not Status.LIVE:
        return []
    work = [Work(now.key, EXPECT)] if awaits(now) and (first or anew or EXPECT in left) else []
    if (first or INTAKE in left) and now.enrol.existing != "nobody":
        work.append(Work(now.key, INTAKE, per_day(now)))
    return work


def per_day(sequence: Sequence) -> int | None:
    """`20 a day` as a number; None for `all`."""
    first, _, rest = sequence.enrol.existing.partition(" ")
    return int(first) if rest == "a day" else None
