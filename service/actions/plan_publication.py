"""What publishing would change: the difference of the files, the work it makes, and what that means for people."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from service.actions.plan_ahead import plan_ahead
from service.domain.outlook import Outlook
from service.domain.rollout import work_of
from service.domain.sequence.diff import LibraryChange, compare
from service.domain.sequence.library import read_library
from service.domain.sequence.model.library import Library
from service.domain.sequence.model.problem import Problem
from service.domain.sequence.renames import likely_renames
from service.store.publication import newest_id, read_files
from service.store.rollout import pending_work


@dataclass(frozen=True, slots=True)
class Plan:
    """`newest` is the publication in force, None where this would be the first. `renames` are steps that look like
    ones that people know under another key. `unfinished`: an earlier publication is still being carried on."""

    newest: int | None
    change: LibraryChange
    renames: tuple[Problem, ...]
    outlooks: Mapping[str, Outlook]
    unfinished: bool = False

    @property
    def moves_anybody(self) -> bool:
        """Whether anybody gets anything else by it, or at another time."""
        return any(each.moves_anybody for each in self.outlooks.values())


def plan_publication(
    session: Session,
    new: Library,
    now: datetime,
    reopen: Collection[str] = (),
    told: Callable[[int, int], None] = lambda done, total: None,
) -> Plan:
    """The plan of publishing `new`. The session reads one snapshot (REPEATABLE READ), and nothing is written.

    `told` hears how many people of how many were looked at.
    """
    newest = newest_id(session)
    if newest is None:
        return Plan(None, compare(Library(new.business, ()), new), (), {})
    old, _ = read_library(read_files(session, newest))
    change = compare(old or Library(new.business, ()), new)
    pending = pending_work(session)
    work = work_of(change, old, new, reopen, pending)
    outlooks = plan_ahead(session, old, new, work, now, told)
    return Plan(newest, change, _renames(old, new, change), outlooks, bool(pending))


def _renames(old: Library | None, new: Library, change: LibraryChange) -> tuple[Problem, ...]:
    found: list[Problem] = []
    for each in change.sequences:
        was, now = old.sequence(each.key) if old else None, new.sequence(each.key)
        found += likely_renames(was, now) if was and now else []
    return tuple(found)
