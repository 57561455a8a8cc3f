"""Who of the people already here enters a sequence that is published for the first time, and by what occasion.

Whoever a trigger fits: those who signed up, those in the stage, those with the tag, those for whom the event
happened, those whose expected visit or quiet time is over already; for `manual` everybody.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from service.domain.entry import Occasion
from service.domain.facts import Facts
from service.domain.happening import Happening
from service.domain.moment import Moment
from service.domain.occurrence import silenced, upcoming
from service.domain.sequence.model import Sequence, Trigger

ALREADY_HERE = "existing"  # the trigger key where the occasion has none of its own
LONG_AGO = datetime(1900, 1, 1, tzinfo=UTC)


def fitting_occasion(sequence: Sequence, facts: Facts) -> tuple[Occasion, Moment | None] | None:
    """The occasion by which this person may enter now, with the date it counts from where that is a rhythm's."""
    for trigger in sequence.enrol.on:
        found = _fits(trigger, sequence, facts)
        if found is not None:
            return found
    return None


def _fits(trigger: Trigger, sequence: Sequence, facts: Facts) -> tuple[Occasion, Moment | None] | None:
    match trigger.on:
        case "signup":
            return _signed_up(sequence.enrol.form, facts)
        case "event":
            return _happened(trigger.name, facts)
        case "becomes" if facts.contact.get("stage") == trigger.name:
            return Occasion("becomes", trigger.name, ALREADY_HERE), None
        case "tagged" if trigger.name in (facts.contact.get("tags") or ()):
            return Occasion("tagged", trigger.name, ALREADY_HERE), None
        case "rhythm" | "quiet":
            return _over(trigger, sequence, facts)
        case "manual":
            return Occasion("manual", sequence.key, ALREADY_HERE), None
    return None


def _signed_up(form: str | None, facts: Facts) -> tuple[Occasion, Moment | None] | None:
    by = [each.data.get("form") for each in facts.happenings if each.name == "signup"]
    slugs = [str(slug) for slug in by if form in {None, slug}]
    return (Occasion("signup", slugs[-1], ALREADY_HERE, {"form": {"slug": slugs[-1]}}), None) if slugs else None


def _happened(name: str, facts: Facts) -> tuple[Occasion, Moment | None] | None:
    newest = max((each for each in facts.happenings if each.name == name), key=_when, default=None)
    if newest is None:
        return None
    return Occasion("event", name, newest.key, {"event": newest.as_event()}, about=newest.key), None


def _when(happening: Happening) -> datetime:
    return happening.at


def _over(trigger: Trigger, sequence: Sequence, facts: Facts) -> tuple[Occasion, Moment | None] | None:
    """What was awaited before anybody could await it."""
    alone = replace(sequence, enrol=replace(sequence.enrol, on=(trigger,)))
    missed = upcoming(alone, facts, LONG_AGO)
    if missed is None or silenced(trigger.on, missed.key, facts):
        return None
    over = missed.enters_at if missed.date is None else missed.date.at
    if over > facts.now:
        return None
    return Occasion(missed.on, "", missed.key, {"event": dict(missed.event)}), missed.date
