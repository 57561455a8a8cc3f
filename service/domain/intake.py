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
from service.domain.sequence.model.enrol import Trigger
from service.domain.sequence.model.sequence import Sequence

ALREADY_HERE = "existing"  # the trigger key where the occasion has none of its own
LONG_AGO = datetime(1900, 1, 1, tzinfo=UTC)


Fitting = tuple[Occasion, Moment | None]


def fitting_occasion(sequence: Sequence, facts: Facts) -> Fitting | None:
    """The occasion by which this person may enter now, with the date it counts from where that is a rhythm's."""
    found = (_fits(trigger, sequence, facts) for trigger in sequence.enrol.on)
    return next((each for each in found if each is not None), None)


def _fits(trigger: Trigger, sequence: Sequence, facts: Facts) -> Fitting | None:
    if trigger.on == "signup":
        return _signed_up(sequence.enrol.form, facts)
    if trigger.on == "event":
        return _happened(trigger.name, facts)
    if trigger.on in {"rhythm", "quiet"}:
        return _over(trigger, sequence, facts)
    is_so = {
        "becomes": facts.contact.get("stage") == trigger.name,
        "tagged": trigger.name in (facts.contact.get("tags") or ()),
        "manual": True,
    }
    return (Occasion(trigger.on, trigger.name, ALREADY_HERE), None) if is_so.get(trigger.on) else None


def _signed_up(form: str | None, facts: Facts) -> Fitting | None:
    by = [each.data.get("form") for each in facts.happenings if each.name == "signup"]
    slugs = [str(slug) for slug in by if form in {None, slug}]
    return (Occasion("signup", slugs[-1], ALREADY_HERE, {"form": {"slug": slugs[-1]}}), None) if slugs else None


def _happened(name: str, facts: Facts) -> Fitting | None:
    newest = max((each for each in facts.happenings if each.name == name), key=_when, default=None)
    if newest is None:
        return None
    return Occasion("event", name, newest.key, {"event": newest.as_event()}, about=newest.key), None


def _when(happening: Happening) -> datetime:
    return happening.at


def _over(trigger: Trigger, sequence: Sequence, facts: Facts) -> Fitting | None:
    """What was awaited before anybody could await it."""
    alone = replace(sequence, enrol=replace(sequence.enrol, on=(trigger,)))
    missed = upcoming(alone, facts, LONG_AGO)
    if missed is None or silenced(trigger.on, missed.key, facts):
        return None
    over = missed.enters_at if missed.date is None else missed.date.at
    if over > facts.now:
        return None
    return Occasion(missed.on, "", missed.key, {"event": dict(missed.event)}), missed.date
