"""How a person leaves a sequence: its goal was reached, something stops it, or it has written often enough."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from service.domain.facts import Facts
from service.domain.happening import Happening, bookings
from service.domain.moment import read_moment
from service.domain.schedule import Progress, is_dated
from service.domain.sequence.model.exit import Exit
from service.domain.sequence.model.library import Library
from service.domain.sequence.model.sequence import Sequence
from service.domain.sequence.model.step import Step
from service.domain.sequence.vocabulary import Kind

OWED = frozenset({"finished", "left"})  # states in which people's work is still done: only the mail is over
RAN_ITS_COURSE = frozenset({"finished", "converted"})  # in which a mail that was asked for once more is still wanted


@dataclass(frozen=True, slots=True)
class Leave:
    """The way through the sequence is over: `state` is finished, converted or stopped."""

    state: str
    rule: str
    reason: str


GONE = "removed"  # the rule by which something ends that was taken out of its file
REMOVED = Leave("stopped", GONE, "Stopped: the sequence was taken out.")


@dataclass(frozen=True, slots=True)
class Convert:
    """The goal is reached, and the person stays: it is noted once."""

    reason: str


def taken_out_by(step: Step, sequence: str) -> Leave:
    """A `Leave:` that rides on a step of another sequence."""
    return Leave("stopped", "left-by-step", f"Stopped: “{step.title}” of “{sequence}” took the person out.")


def unsubscribed(topic: str | None, at: datetime) -> Leave:
    """The person left one topic, or with None all marketing."""
    what = f"“{topic}”" if topic else "all marketing"
    return Leave("left", "unsubscribed", f"Not sent: the person left {what} on {at:%-d %B %Y}.")


def came_back(at: datetime) -> Leave:
    """The person took back that they had left, and with it what their leaving began."""
    return Leave("stopped", "came-back", f"Stopped: the person came back on {at:%-d %B %Y}, within the hour.")


def put_aside(topic: str | None, at: datetime) -> Leave:
    """Somebody put the address on the suppression list by hand."""
    what = f"“{topic}”" if topic else "all mail"
    return Leave("left", "suppressed", f"Not sent: on the suppression list for {what} since {at:%-d %B %Y}.")


def left_in_peace(at: datetime) -> Leave:
    """The person was asked whether they want to stay, and never said."""
    reason = f"Not sent: the person never answered, and is left in peace since {at:%-d %B %Y}."
    return Leave("left", "unengaged", reason)


def bounced(at: datetime) -> Leave:
    """The mailbox is dead."""
    return Leave("left", "bounced", f"Not sent: the mailbox refused our mail for good on {at:%-d %B %Y}.")


def complained(at: datetime) -> Leave:
    """The person called a mail spam."""
    return Leave("left", "complained", f"Not sent: the person marked a mail as spam on {at:%-d %B %Y}.")


def left_with(library: Library, topic: str | None) -> set[str]:
    """The sequences that somebody is out of who leaves a topic, or all marketing.

    What they booked goes on; and clients are still owed people's touches, so a sequence for clients that has any goes
    on without its mails.
    """
    bases = {each.name: each.basis for each in library.business.topics}
    left = set()
    for each in library.sequences:
        owed = bases.get(each.topic) == "client" and any(step.task for step in each.steps)
        meant = each.topic == topic if topic else bases.get(each.topic) != "service"
        if meant and not owed:
            left.add(each.key)
    return left


def ended_by_reply(words: str) -> Leave:
    """Somebody wrote back, and that was the end of it."""
    return Leave("stopped", "reply", f"Stopped: {words}")


def exit_of(sequence: Sequence, progress: Progress, facts: Facts, now: datetime) -> Leave | Convert | None:
    """Why the person leaves now, if they do; the goal is asked before the stops. Raises ExpressionError."""
    goal = sequence.goal
    if goal and not progress.converted and _reached(goal, facts, _deadline(goal, sequence, facts), now):
        return Convert(f"Converted: {_words(goal)}.") if goal.stay else Leave("converted", "goal", _converted(goal))
    for stop in sequence.stop:
        if _reached(stop, facts, None, now):
            return Leave("stopped", "stop", f"Stopped: {_words(stop)}.")
    if progress.date is None and any(is_dated(step) for step in sequence.steps):
        return Leave("stopped", "no-date", "Stopped: the date it counts from was taken away.")
    return _silenced(sequence, facts)


def _converted(goal: Exit) -> str:
    return f"Converted: {_words(goal)}."


def _silenced(sequence: Sequence, facts: Facts) -> Leave | None:
    """A nudge to come again is pointless once the person came or will come."""
    event = next((trigger.name for trigger in sequence.enrol.on if trigger.on == "rhythm"), None)
    if event is None or facts.began_by != "rhythm":
        return None
    counted = read_moment(facts.event.get("at"), facts.zone)  # a visit that is told late came all the same
    since = counted.at if counted else facts.entered_at
    if any(each.name == event and each.at > since for each in facts.happenings):
        return Leave("stopped", "visited", f"Stopped: “{event}” happened.")
    if facts.upcoming("appointment") or _booked_since(facts):
        return Leave("stopped", "booked", "Stopped: an appointment is booked.")
    return None


def _booked_since(facts: Facts) -> bool:
    return any(each.at >= facts.entered_at for each in bookings(facts.happenings, "appointment"))


def _deadline(goal: Exit, sequence: Sequence, facts: Facts) -> datetime | None:
    return facts.plus(facts.entered_at, goal.within, sequence) if goal.within else None


def _reached(way: Exit, facts: Facts, until: datetime | None, now: datetime) -> bool:
    """Whether it happened since entering, and by `until`; it counts when it happened, however late it is looked at."""
    if way.when is not None:
        return (until is None or now <= until) and facts.holds(way.when.source)
    found = facts.since_entering(way.event) if way.event else _about_the_same(way.same or "", facts)
    return any(until is None or each.at <= until for each in found)


def _about_the_same(name: str, facts: Facts) -> Iterable[Happening]:
    """What was told since the thing began, or was told of anew.

    It may lie before entering: a cancellation can reach us together with its booking.
    """
    if facts.about is None:
        return ()
    began = read_moment(facts.event.get("at"), facts.zone)
    since = began.at if began and began.at <= facts.now else facts.entered_at
    return (
        each
        for each in facts.happenings
        if each.name == name and facts.about in {each.about, each.key} and each.at >= since and name != facts.began_by
    )


def _words(way: Exit) -> str:
    name = way.event or way.same
    return f"“{name}” happened" if way.when is None else f"“{way.when.source}” holds"


def at_most(sequence: Sequence, step: Step, facts: Facts) -> Leave | None:
    """Whether the sequence has written as often as it may; asked before each mail that is no service mail."""
    limit = sequence.at_most
    if limit is None or not step.is_email or step.kind is Kind.SERVICE:
        return None
    if limit.unanswered:
        if facts.unanswered() < limit.count:
            return None
        return Leave("finished", "at-most", f"Finished: {_mails(limit.count)} in a row without an answer.")
    if len(facts.mails()) < limit.count:
        return None
    were = "was" if limit.count == 1 else "were"
    return Leave("finished", "at-most", f"Finished: {_mails(limit.count)} {were} sent, as many as it may send.")


def _mails(count: int) -> str:
    return "1 mail" if count == 1 else f"{count} mails"
