"""How often a person comes: the service's usual interval, pulled towards their own as more visits are known.

Expected interval = (3 × the service's default + the sum of the person's own gaps) / (3 + their number): section 4 of
the research behind `docs/throttling.md`. Visits in one week are one visit: a second service a few days later is no
change of rhythm.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import NamedTuple
from zoneinfo import ZoneInfo

from service.domain.duration import nominal_days
from service.domain.happening import Happening
from service.domain.policy import PressurePolicy
from service.domain.recall import lies_ahead
from service.domain.sequence.model.business import Business
from service.domain.sequence.model.duration import Duration, Unit
from service.domain.sequence.model.sequence import Sequence

PRIOR = 3  # the default counts as much as three gaps of the person's own
SAME_VISIT = timedelta(days=7)
EVER = datetime(1970, 1, 1, tzinfo=UTC)  # since when somebody is due who never came
BOOKED = "appointment"
BOOKINGS = ("appointment.booked", "appointment.cancelled", "appointment.missed", "visit.completed")  # what tells of one
UNKNOWN = Duration.of(6, Unit.WEEKS)  # where business.yaml names no interval


class Visit(NamedTuple):
    """One visit: all that happened within a week. `at` is its last day's, `service` what was done last."""

    at: datetime
    service: str
    key: str


def visits(happenings: Iterable[Happening], event: str) -> list[Visit]:
    """A person's visits, the earliest first."""
    found: list[Visit] = []
    began: datetime | None = None
    for each in sorted([each for each in happenings if each.name == event], key=attrgetter("at")):
        visit = Visit(each.at, str(each.data.get("service") or ""), each.key)
        if began is not None and each.at - began < SAME_VISIT:
            found[-1] = visit
            continue
        began = each.at
        found.append(visit)
    return found


def interval(business: Business, event: str, happenings: Iterable[Happening]) -> timedelta:
    """The expected time from a person's last visit to the next."""
    return _expected(business, event, visits(happenings, event))


def _expected(business: Business, event: str, known: list[Visit]) -> timedelta:
    usual = timedelta(days=nominal_days(usual_interval(business, event, known[-1].service if known else "")))
    if not known:
        return usual
    gaps = known[-1].at - known[0].at  # all of them together
    return (PRIOR * usual + gaps) / (PRIOR + len(known) - 1)


def due_between(
    business: Business, happenings: Iterable[Happening], policy: PressurePolicy, zone: ZoneInfo, now: datetime
) -> tuple[datetime, datetime | None] | None:
    """From when until when a person is due for a visit, reckoned from the last by their own rhythm.

    Whoever never came is due all along. None for whoever has booked, and where business.yaml names no rhythm.
    """
    told = tuple(happenings)
    if not business.rhythm or lies_ahead(told, BOOKED, zone, now):
        return None
    event = business.rhythm[0][0]
    known = visits(told, event)
    if not known:
        return EVER, None
    length = _expected(business, event, known)
    return known[-1].at + policy.due_from * length, known[-1].at + policy.due_until * length


def usual_interval(business: Business, event: str, service: str) -> Duration:
    """What `rhythm` of business.yaml says for a service, or for any other."""
    lengths = dict(dict(business.rhythm).get(event, ()))
    return lengths.get(service) or lengths.get("else") or UNKNOWN


def own_interval(sequence: Sequence, business: Business, happenings: Iterable[Happening]) -> timedelta:
    """A rhythm of this person, as a sequence speaks of it."""
    event = event_of(sequence, business)
    return interval(business, event, happenings) if event else timedelta(days=nominal_days(UNKNOWN))


def event_of(sequence: Sequence, business: Business) -> str | None:
    """The event whose rhythm a sequence speaks of: its trigger's, else the first that business.yaml declares."""
    for trigger in sequence.enrol.on:
        if trigger.on in {"rhythm", "quiet"}:
            return trigger.name
    return business.rhythm[0][0] if business.rhythm else None
