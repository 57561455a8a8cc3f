"""A sequence's course: steps in the order of their days, each of them reachable, the first one in time."""

from __future__ import annotations

from collections.abc import Iterator

from jinja2 import nodes

from service.domain.arm import HOLDOUT
from service.domain.sequence.findings import Fault, Findings
from service.domain.sequence.model.business import Business
from service.domain.sequence.model.duration import Unit
from service.domain.sequence.model.expression import Expression
from service.domain.sequence.model.sequence import Sequence
from service.domain.sequence.model.step import Anchor, Step, When
from service.domain.sequence.presence import spelled
from service.domain.sequence.syntax import parse
from service.domain.sequence.vocabulary import Kind
from service.domain.window import ALL_DAYS, Window

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_DATED = frozenset({Anchor.BEFORE, Anchor.AFTER, Anchor.ON_THE_DAY})


def is_dated(sequence: Sequence) -> bool:
    """Whether any step counts from a date, so that the file's order is not the order of time."""
    return any(step.when.anchor in _DATED for step in sequence.steps)


def check_journey(sequence: Sequence, business: Business, findings: Findings) -> None:
    """Look at the steps as the person will live them."""
    _check_order(sequence, findings)
    _check_reachable(sequence, findings)
    _check_rhythms(sequence, business, findings)
    for step in sequence.steps:
        _check_at_once(step, sequence, business, findings)


def _check_order(sequence: Sequence, findings: Findings) -> None:
    latest: When | None = None
    for step in sequence.steps:
        when = step.when
        if when.anchor is not Anchor.DAY:
            continue
        if latest is not None and _earlier(when, latest):
            message = f"Day {when.days} stands below day {latest.days}, so it can't come in its time."
            if when.days == latest.days:
                message = f"This is earlier on day {when.days} than the step above it, so it can't come in its time."
            findings.error(step.place, "backwards", message, "put the steps in the order of their days")
        else:
            latest = when


def _earlier(when: When, latest: When) -> bool:
    if when.days != latest.days:
        return when.days < latest.days
    return when.at is not None and latest.at is not None and when.at < latest.at


def _check_reachable(sequence: Sequence, findings: Findings) -> None:
    ends = {repr(tree): exit_ for exit_ in _ending(sequence) if (tree := _tree(exit_)) is not None}
    left: Step | None = None
    for step in sequence.steps:
        tree = _tree(step.condition)
        if left is not None:
            message = f"Nobody gets here: `{left.key}` has already left this sequence."
            findings.error(step.place, "unreachable", message, "move it up, or remove that `Leave`")
        if step.condition is not None and tree is not None:
            met = next((part for part in _parts(tree) if repr(part) in ends), None)
            if met is not None:
                message = "Nobody gets this: whoever meets this condition has left the sequence by `stop` or `goal`."
                findings.error(step.condition.place, "unreachable", message, "remove the condition, or that exit")
            elif step.is_email and step.kind is not Kind.SERVICE and _is_holdout(tree):
                message = "Nobody gets this: the holdout gets service mail only."
                findings.error(step.condition.place, "unreachable", message, "ask for another arm")
            elif _is_false(tree):
                message = "Nobody gets this: the condition never holds."
                findings.error(step.condition.place, "unreachable", message, "remove the step, or ask something else")
        if any(action.verb == "leave" and action.text == sequence.key for action in step.actions):
            left = step


def _ending(sequence: Sequence) -> Iterator[Expression]:
    """The conditions on which people leave."""
    for each in sequence.stop:
        if each.when is not None:
            yield each.when
    if sequence.goal is not None and sequence.goal.when is not None and not sequence.goal.stay:
        yield sequence.goal.when


def _tree(expression: Expression | None) -> nodes.Expr | None:
    try:
        return None if expression is None else parse(expression.source)
    except Fault:  # told where expressions are checked
        return None


def _parts(tree: nodes.Node) -> Iterator[nodes.Node]:
    """What all has to hold for a condition to hold."""
    if isinstance(tree, nodes.And):
        yield from _parts(tree.left)
        yield from _parts(tree.right)
    else:
        yield tree


def _is_holdout(tree: nodes.Expr) -> bool:
    """Whether a condition holds for the arm `holdout` alone."""
    return any(
        isinstance(part, nodes.Compare)
        and spelled(part.expr) == "arm"
        and [(each.op, spelled(each.expr)) for each in part.ops] == [("eq", f'"{HOLDOUT}"')]
        for part in _parts(tree)
    )


def _is_false(tree: nodes.Expr) -> bool:
    """Whether a condition without any name in it is false for everybody."""
    if next(tree.find_all((nodes.Name, nodes.Filter, nodes.Test)), None) or isinstance(tree, nodes.Name):
        return False
    try:
        return not tree.as_const()
    except nodes.Impossible:
        return False


def _check_rhythms(sequence: Sequence, business: Business, findings: Findings) -> None:
    """A rhythm needs an event that people come by, and is better for knowing how often they usually do."""
    known = dict(business.rhythm)
    for trigger in sequence.enrol.on:
        in_rhythms = trigger.on == "rhythm" or (trigger.duration and trigger.duration.unit is Unit.RHYTHMS)
        if in_rhythms and trigger.name not in known and not findings.faulty(sequence.place.path):
            message = f"business.yaml doesn't say how often `{trigger.name}` comes, so six weeks are taken."
            hint = f"add it under `rhythm`, like `{trigger.name}: {{else: 6 weeks}}`"
            findings.warn(sequence.place, "unknown-rhythm", message, hint)
    if known or any(trigger.on in {"rhythm", "quiet"} for trigger in sequence.enrol.on):
        return
    for step in sequence.steps:
        lengths = (step.when.duration, step.wait_up_to, step.drop_after, step.task.due if step.task else None)
        if any(length is not None and length.unit is Unit.RHYTHMS for length in lengths):
            message = "Nobody knows of which rhythm this speaks."
            hint = "declare one under `rhythm` in business.yaml, or write weeks"
            findings.error(step.place, "no-rhythm", message, hint)


def _check_at_once(step: Step, sequence: Sequence, business: Business, findings: Findings) -> None:
    """Warn where `Day 0` looks like at once, and the window makes it wait for days."""
    when = step.when
    if not step.is_email or when.anchor is not Anchor.DAY or when.days or when.at or when.last_day:
        return
    window = step.window or sequence.window
    if window is None:
        window = Window.any() if step.kind is Kind.SERVICE else business.window
    open_days = ALL_DAYS if window.always_open else frozenset().union(*(span.days for span in window.spans))
    shut = [day for day in range(7) if day not in open_days]
    if shut:
        waits = _DAYS[shut[-1]]
        opens = next(_DAYS[day % 7] for day in range(shut[-1], shut[-1] + 7) if day % 7 in open_days)
        message = f"`Day 0` is not at once here: who enters on {waits} waits for {opens}."
        hint = "`Kind: service` leaves at once; else write `Window: any`, or say when, like `Day 1 at 10:00`"
        findings.warn(step.place, "day-0-waits", message, hint)
