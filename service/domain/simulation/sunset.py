"""Who never reacts is asked once whether to go on, and then left in peace. Twin of `service.actions.sunset`."""

from __future__ import annotations

from datetime import datetime

from service.domain.clearance import may_reach
from service.domain.consent import Suppressed
from service.domain.departure import left_in_peace, left_with
from service.domain.happening import Happening
from service.domain.simulation.leave import end_all
from service.domain.simulation.life import Life
from service.domain.simulation.occur import receive
from service.domain.simulation.pace import weigh
from service.domain.sunset import UNENGAGED, silence_ends, unengaged


def ask_whoever_never_reacts(life: Life) -> None:
    """After mail left: what weighs on the person now, and the question, once for every row of mails."""
    weigh(life)
    burden, policy = life.burden, life.business.throttle.sunset
    ever = burden.engaged_at is not None
    if burden.asked_at is not None or not unengaged(burden.in_a_row, burden.since, ever, policy, life.now):
        return
    since = burden.since.isoformat() if burden.since else ""
    told = Happening(UNENGAGED, life.now, key=f"unengaged:{since}")
    if not receive(life, told):
        return
    begun = [each for each in life.insides if each.began_by == UNENGAGED and each.about == told.key]
    asking = (each.sequence for each in begun if each.state == "active")
    if may_reach(life.standing(), life.business, asking, life.now):
        burden.asked_at = life.now


def silence_over(life: Life) -> datetime | None:
    """When who was asked, and has not answered, is left in peace."""
    asked_at = life.burden.asked_at
    return silence_ends(asked_at, life.business.throttle.sunset) if asked_at is not None else None


def leave_in_peace(life: Life) -> None:
    """Nobody writes any more to whom the question has really gone out, and who has been silent for long enough."""
    ends, asked_at = silence_over(life), life.burden.asked_at
    if ends is None or asked_at is None or ends > life.now:
        return
    weigh(life)
    asked = (row for row in life.rows if row.inside.began_by == UNENGAGED and row.state == "sent" and row.step.is_email)
    if any(row.at is not None and row.at >= asked_at for row in asked):
        life.suppressed.append(Suppressed(None, UNENGAGED, life.now))
        left = left_with(life.library, None)
        end_all(life, left_in_peace(life.now), [each for each in life.insides if each.sequence.key in left])
    life.burden.asked_at = None
