"""`retention` of `business.yaml`: for how long people, and what is known of them, are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from service.domain.sequence.findings import Fault
from service.domain.sequence.keys import Keys
from service.domain.sequence.model.duration import Duration, Unit
from service.domain.sequence.model.retention import Retention
from service.domain.sequence.times import read_duration

FOR_GOOD = "for good"
MOST = Duration.of(20, Unit.YEARS)
# As many days as each lasts at least, and at most.
SHORTEST = {Unit.DAYS: 1, Unit.WEEKS: 7, Unit.MONTHS: 28, Unit.YEARS: 365}
LONGEST = {Unit.DAYS: 1, Unit.WEEKS: 7, Unit.MONTHS: 31, Unit.YEARS: 366}


class Rule(NamedTuple):
    """One time of keeping: its key in the file, its name in the model, and the shortest that can be meant."""

    key: str
    field: str
    least: Duration


RULES = (
    Rule("unconfirmed", "unconfirmed", Duration.of(14, Unit.DAYS)),  # twice as long as a button may be pressed
    Rule("leads", "leads", Duration.of(90, Unit.DAYS)),
    Rule("former clients", "former", Duration.of(90, Unit.DAYS)),
    Rule("events", "events", Duration.of(730, Unit.DAYS)),  # so far back the engine looks
    Rule("network addresses", "networks", Duration.of(30, Unit.DAYS)),
    Rule("passed on", "calls", Duration.of(7, Unit.DAYS)),  # calls are tried again for days
)
RETENTION = tuple(each.key for each in RULES)


def read_retention(keys: Keys) -> Retention:
    """What `retention` says, and the defaults for all that it leaves out; a problem for each value that can't hold."""
    kept: dict[str, Duration | None] = {}
    for rule in RULES:
        written = keys.read(rule.key, lambda text, least=rule.least: _read(text, least))  # type: ignore[misc]
        if written is not None:
            kept[rule.field] = written[0]
    return replace(Retention(), **kept)


def _read(text: str, least: Duration) -> tuple[Duration | None]:
    """`3 years`, `90 days`, `for good` (None). Raises Fault `bad-duration`."""
    if text.strip().casefold() == FOR_GOOD:
        return (None,)
    found = read_duration(text)
    hint = f"write it like `3 years` or `90 days`, between {least} and {MOST}, or `{FOR_GOOD}`"
    fits = found.unit in SHORTEST and _days(least, SHORTEST) <= _days(found, SHORTEST)
    if not fits or _days(found, LONGEST) > _days(MOST, LONGEST):
        raise Fault("bad-duration", f"`{text[:60]}` is no time to keep this for.", hint)
    return (found,)


def _days(kept: Duration, lengths: Mapping[Unit, int]) -> int:
    return lengths[kept.unit] * int(kept.amount)
