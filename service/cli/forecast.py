"""A plan in words that align, for people, and in plain values, for programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from service.actions.plan_publication import Plan
from service.domain.outlook import Outlook, Shift
from service.domain.sequence.diff import SequenceChange
from service.domain.sequence.step_diff import StepChange

SIGNS = {"added": "+", "removed": "-", "moved": "↕", "changed": "~", "reworded": "~"}
OF_MAILS = (("wait", "wait"), ("expire", "expire"), ("barred", "are not sent: no consent"))
OF_OTHERS = (("tasks", "tasks for people"), ("actions", "actions"), ("skipped", "skipped by their own condition"))
WHAT_COMES = ("at once", "within a day", *(name for name, _ in (*OF_MAILS, *OF_OTHERS)))
MANY = 8  # sequences' new steps that are listed
Line = tuple[str, str]


def in_words(plan: Plan) -> str:
    """The whole plan, a block for each sequence that changes."""
    if plan.newest is None:
        count = len(plan.change.sequences)
        return f"Nothing is published yet; this would be the first version, with {counted(count, 'sequence')}."
    if not plan.change.sequences and not plan.change.business and not plan.outlooks:
        return f"Nothing that people feel has changed since publication {plan.newest}."
    blocks = (
        [_block("business.yaml", [(what, how) for what, how in plan.change.business])] if plan.change.business else []
    )
    changes = {change.key: change for change in plan.change.sequences}
    for key in sorted({*changes, *plan.outlooks}):
        outlook = plan.outlooks.get(key)
        blocks.append(_block(_title(key, changes.get(key), outlook), _lines(changes.get(key), outlook)))
    if not plan.moves_anybody:
        blocks.append("Nobody gets anything else by it, or at another time.")
    if plan.unfinished:
        blocks.append("An earlier publication is still being carried on to people; what is told here follows it.")
    return "\n\n".join(blocks)


def summary(plan: Plan) -> str:
    """The sequences whose people it moves, a line each."""
    moved = {key: outlook for key, outlook in plan.outlooks.items() if outlook.moves_anybody}
    width = max(map(len, moved), default=0)
    return "\n".join(f"{key:<{width}}  {'; '.join(_brief(outlook))}" for key, outlook in sorted(moved.items()))


def plain(plan: Plan) -> dict[str, Any]:
    """The same for programs."""
    changes = {change.key: change for change in plan.change.sequences}
    return {
        "newest": plan.newest,
        "moves_anybody": plan.moves_anybody,
        "business": [{"what": what, "how": how} for what, how in plan.change.business],
        "sequences": [
            {"key": key} | _plain_change(changes.get(key)) | _plain_outlook(plan.outlooks.get(key))
            for key in sorted({*changes, *plan.outlooks})
        ],
        "renames": [
            {"path": each.place.path, "line": each.place.line, "message": each.message, "hint": each.hint}
            for each in plan.renames
        ],
    }


def _block(title: str, lines: Iterable[Line]) -> str:
    rows = list(lines)
    width = max((len(name) for name, _ in rows), default=0)
    return "\n".join([title, *(f"  {name:<{width}}  {words}".rstrip() for name, words in rows)])


def _title(key: str, change: SequenceChange | None, outlook: Outlook | None) -> str:
    what = change.what if change is not None and change.what != "changed" else ""
    inside = f"{counted(outlook.inside, 'person', 'people')} inside" if outlook and outlook.inside else ""
    return " · ".join(filter(None, [key, what, inside]))


def _lines(change: SequenceChange | None, outlook: Outlook | None) -> Iterator[Line]:
    if change is not None:
        for name, how in change.heads:
            yield f"~ {name}", how
        yield from _steps(change.steps)
    if outlook is not None:
        yield from _people(outlook)


def _steps(steps: Iterable[StepChange]) -> Iterator[Line]:
    """One line a step, whatever happened to it."""
    said: dict[str, list[str]] = {}
    signs: dict[str, str] = {}
    for each in steps:
        signs.setdefault(each.step, SIGNS[each.what])
        how = f"moved {each.how}" if each.what == "moved" else each.how
        said.setdefault(each.step, []).append(how or each.what)
    for step, every in said.items():
        yield f"{signs[step]} {step}", "; ".join(every)


def _people(outlook: Outlook) -> Iterator[Line]:
    if outlook.left:
        ends = ", ".join(f"{count} {state}" for state, count in sorted(outlook.left.items()))
        yield "leave at once", ends
    moves = [_shifted(outlook.earlier, "earlier"), _shifted(outlook.later, "later")]
    if any(moves):
        yield "next touch", " · ".join(filter(None, [*moves, f"{outlook.same} as before" if outlook.same else ""]))
    if outlook.gain or outlook.lose:
        both = [counted(outlook.gain, "person gets one more", "people get one more") if outlook.gain else ""]
        both.append(counted(outlook.lose, "person gets one less", "people get one less") if outlook.lose else "")
        yield "steps", " · ".join(filter(None, both))
    if outlook.reopened:
        yield "reopened", counted(outlook.reopened, "person who had finished goes on", "people who had finished go on")
    if outlook.enter:
        today = f", {outlook.enter_today} of them today" if outlook.enter_today < outlook.enter else ""
        yield "enter", counted(outlook.enter, "person who is", "people who are") + f" here already{today}"
    if outlook.awaited or outlook.moved or outlook.dropped:
        yield "enter by themselves", " · ".join(_awaited(outlook))
    yield from _due(outlook)


def _due(outlook: Outlook) -> Iterator[Line]:
    """`412 of 500 get it within a day, 61 wait, 27 expire`, and what else becomes due by it."""
    due = outlook.due
    soon = due["at once"] + due["within a day"]
    mails = soon + sum(due[name] for name, _ in OF_MAILS)
    if mails:
        others = [f"{due[name]} {words}" for name, words in OF_MAILS if due[name]]
        yield "mails due", ", ".join([f"{soon} of {mails} get it within a day", *others])
    others = [f"{due[name]} {words}" for name, words in OF_OTHERS if due[name]]
    if others:
        yield "due besides", ", ".join(others)


def _awaited(outlook: Outlook) -> Iterator[str]:
    first = f", the first on {outlook.first_awaited:%-d %b %Y}" if outlook.first_awaited else ""
    if outlook.awaited:
        yield f"{counted(outlook.awaited, 'person', 'people')} more{first}"
    if outlook.moved:
        yield f"{outlook.moved} at another time"
    if outlook.dropped:
        yield f"{outlook.dropped} not any more"


def _shifted(shift: Shift, way: str) -> str:
    if not shift.count:
        return ""
    if shift.count == 1:
        return f"1 {way}, by {length(shift.largest)}"
    return f"{shift.count} {way}, by {length(shift.median)} (median), at most {length(shift.largest)}"


def _brief(outlook: Outlook) -> Iterator[str]:
    for name, words in _people(outlook):
        yield f"{name}: {words}"


def length(time: timedelta) -> str:
    """`2 days`, `5 hours`, `20 minutes`: the largest unit that fits, rounded."""
    for unit, words in ((timedelta(days=1), "day"), (timedelta(hours=1), "hour"), (timedelta(minutes=1), "minute")):
        if time >= unit:
            return counted(round(time / unit), words)
    return "less than a minute"


def counted(count: int, one: str, many: str = "") -> str:
    """`1 person`, `2 people`."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def _plain_change(change: SequenceChange | None) -> dict[str, Any]:
    if change is None:
        return {"what": "unchanged", "steps": [], "front_matter": []}
    return {
        "what": change.what,
        "steps": [{"step": each.step, "what": each.what, "how": each.how} for each in change.steps],
        "front_matter": [{"key": key, "how": how} for key, how in change.heads],
    }


def _plain_outlook(outlook: Outlook | None) -> dict[str, Any]:
    if outlook is None:
        return {"people": None}
    shifts = {"earlier": outlook.earlier, "later": outlook.later}
    names = ("inside", "enter", "enter_today", "awaited", "moved", "dropped", "reopened", "gain", "lose", "same")
    people: dict[str, Any] = {name: getattr(outlook, name) for name in names}
    people["leave"] = dict(outlook.left)
    people["due_at_once"] = {name.replace(" ", "_"): outlook.due[name] for name in WHAT_COMES}
    people["first_awaited"] = outlook.first_awaited.isoformat() if outlook.first_awaited else None
    for name, shift in shifts.items():
        seconds = {"median": shift.median.total_seconds(), "largest": shift.largest.total_seconds()}
        people[name] = {"count": shift.count, **seconds}
    return {"people": people}
