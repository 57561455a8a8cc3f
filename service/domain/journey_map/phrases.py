"""What a trigger, a time or an exit is called on the map: short, and as people say it."""

from __future__ import annotations

import re

from service.domain.sequence.model.duration import Duration
from service.domain.sequence.model.enrol import Trigger
from service.domain.sequence.model.exit import AtMost, Exit
from service.domain.sequence.model.sequence import Sequence
from service.domain.sequence.model.step import Anchor, When

SHORT = {"minutes": "min", "minute": "min", "hours": "h", "hour": "h", "rhythms": "rhythm"}

_STAGE = re.compile(r"""contact\.stage\s*==\s*["'“](\w+)["'”]""")
_VALUE = re.compile(r"""event\.value\s*==\s*["'“]([a-z0-9-]+)["'”]""")
_ANSWERED = re.compile(r"""answer\(["'“][\w/-]+["'”]\)\s*==\s*["'“]([a-z0-9-]+)["'”]""")
_COUNTED = re.compile(r"""count\(["'“]([\w.-]+)["'”]\)\s*>=\s*(\d+)""")


def time_of(when: When) -> str:
    """`day 3`, `+4 days`, `5 days before`: short enough to stand beside a line."""
    if when.anchor is Anchor.DAY:
        return f"day {when.days}" if when.last_day is None else f"day {when.days}–{when.last_day}"
    if when.anchor is Anchor.ON_THE_DAY or when.duration is None:
        return "on the day"
    length = short(when.duration)
    return f"+{length}" if when.anchor is Anchor.LATER else f"{length} {when.anchor.value}"


def short(duration: Duration) -> str:
    amount, _, unit = str(duration).partition(" ")
    return f"{amount} {SHORT.get(unit, unit)}"


def plain(name: str) -> str:
    """`visit.completed` as people say it: `visit completed`."""
    return re.sub(r"[._]", " ", name)


def way_in(trigger: Trigger, sequence: Sequence) -> str:
    """Who enters: `signs up: salon-checklist`, `visit completed`, `every year: client since`."""
    form = f": {sequence.enrol.form}" if sequence.enrol.form else ""
    every = f"every {short(sequence.every)}".replace("every 1 ", "every ") if sequence.every else "on the date"
    answered = " or ".join(answers_asked(sequence)) if trigger.name == "answer" else ""
    return {
        "signup": f"signs up{form}",
        "event": f"answers “{answered}”" if answered else plain(trigger.name),
        "becomes": f"becomes {trigger.name}",
        "tagged": f"tagged {trigger.name}",
        "date": f"{every}: {plain((sequence.date or '').removeprefix('contact.'))}",
        "rhythm": f"each person’s own rhythm of {plain(trigger.name)}",
        "quiet": f"no {plain(trigger.name)} for {trigger.duration}",
        "manual": "added by hand",
    }[trigger.on]


def answers_asked(sequence: Sequence) -> list[str]:
    """Which answers begin a sequence that waits for the event `answer`; none where any does."""
    when = sequence.enrol.when
    return _VALUE.findall(when.source) if when else []


def goal_of(goal: Exit | None) -> str:
    if goal is None:
        return ""
    return _exit(goal) + (f", within {goal.within}" if goal.within else "")


def leaving(sequence: Sequence) -> str:
    """All that ends a sequence before its end, but for its goal. Service mail is never too much."""
    goal = _exit(sequence.goal) if sequence.goal else ""
    words = [said for each in sequence.stop if (said := _exit(each)) != goal]
    counted = [step for step in sequence.steps if step.is_email and step.kind.value != "service"]
    if sequence.at_most and counted:
        words.append(_at_most(sequence.at_most))
    return " · ".join(words)


def _at_most(limit: AtMost) -> str:
    return f"{limit.count} unanswered" if limit.unanswered else f"{limit.count} mails"


def _exit(way: Exit) -> str:
    if way.when is None:
        return plain(way.event or f"{way.same}")
    source = way.when.source.strip()
    if found := _STAGE.fullmatch(source):
        return f"becomes {found[1]}"
    if found := _ANSWERED.fullmatch(source):
        return f"answers “{found[1]}”"
    if found := _COUNTED.fullmatch(source):
        return f"{found[2]} × {plain(found[1])}"
    return source


def stage_named(way: Exit) -> str | None:
    """The stage that an exit asks for: `client` of `contact.stage == "client"`."""
    found = _STAGE.fullmatch(way.when.source.strip()) if way.when else None
    return found[1] if found else None
