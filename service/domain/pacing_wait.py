"""Why a cleared mail waits for its mailbox group, or for all mail together: until when at least, by which numbers, and
the same in a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from service.domain.bucket import Grant, Limit, effective
from service.domain.mailbox_group import title_of
from service.domain.pacing import AT_ONCE, MORNING, WORKDAY, pace_in_words

LOOK = 1.0  # seconds between two looks at a queue
MAIL_SERVICE = "the mail service"  # who all mail together goes to, as sentences call it


@dataclass(frozen=True, slots=True)
class Wait:
    """Why a mail waits for its `group`, "" being all mail together, by which few numbers (as JSON values), and the same
    in a sentence.

    `until`, in UTC, is the first instant at which the group may get more: no mail that waits leaves sooner, and those
    behind others later.
    """

    group: str
    until: datetime
    inputs: Mapping[str, Any]
    reason: str


def wait_of(group: str, limit: Limit, grant: Grant, warm_up: int | None, now: datetime) -> Wait:
    """Why mail to a group waits though its turn has come. `warm_up`: its day, `now`: local to the business."""
    seconds, inputs, why = _explain(title_of(group) or MAIL_SERVICE, limit, grant, warm_up, now)
    until = now.astimezone(UTC) + timedelta(seconds=seconds)
    spoken = f"{until.astimezone(now.tzinfo):%a %-d %b %H:%M}"
    return Wait(group, until, {"group": group, **inputs}, f"Held until {spoken} at least: {why}.")


def _explain(
    name: str, limit: Limit, grant: Grant, warm_up: int | None, now: datetime
) -> tuple[float, dict[str, Any], str]:
    """Seconds until there may be more, the numbers, and why in words."""
    if grant.pause > 0:
        why = f"{name} asks us to slow down, and nothing goes there before that"
        return grant.pause, {"pause": round(grant.pause), "factor": grant.factor}, why
    if 0 <= limit.allowed <= grant.left:
        inputs = {"out": grant.left, "allowed": limit.allowed, "quota": limit.quota}
        ramp = ""
        if warm_up is not None and limit.soft:
            inputs["warm_up"], ramp = warm_up, f", day {warm_up} of the warm-up"
        why = f"{grant.left} of the day's {limit.quota} mails to {name} are out ({now:%-d %b}{ramp})"
        return _seconds_to_more(limit, grant.left, now), inputs, why
    rate = effective(limit, grant.factor)
    if not rate and grant.alone:
        inputs = {"allowed": limit.allowed, "quota": limit.quota}
        return LOOK, inputs, f"Valkey is away, and until it is back this process has sent its share to {name}"
    if not rate:
        return LOOK, {}, f"other mail to {name} has waited longer"
    slowed = ", since it asked us to slow down" if grant.factor < 1 else ""
    why = f"no more than {pace_in_words(rate)} go to {name}{slowed}"
    return max(1 / rate, LOOK), {"rate": round(rate, 6), "factor": grant.factor}, why


def _seconds_to_more(limit: Limit, left: int, now: datetime) -> float:
    """Until a day allows more than the `left` that are out: by its hours, else the next one, in wall-clock time."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    opens = midnight + timedelta(days=1)
    if left < limit.quota:
        hours = MORNING + WORKDAY * (left / limit.quota - AT_ONCE) / (1 - AT_ONCE)
        opens = midnight + timedelta(hours=max(0.0, hours), seconds=1)
    return max(LOOK, opens.timestamp() - now.timestamp())
