"""All that pace asks about the person: what counts towards caps, what weighs, what is planned, whether a visit is due.

Twin of `service.actions.rule` and of what follows `service.store.pressure`.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from service.domain.happening import Happening
from service.domain.pressure import BY_WEIGHT, EVIDENCE, UNKNOWN, Evidence, Mail, What
from service.domain.rhythm import due_between
from service.domain.simulation.life import Life
from service.domain.simulation.row import PLANNED, Row
from service.domain.throttle import Person

MONTH = timedelta(days=30)
COUNTED = frozenset({"cleared", "sent"})


def person_of(life: Life, but: Collection[Row]) -> Person:
    """The person as pace sees them; the mails in `but` count towards no cap of their own."""
    business, now, burden = life.business, life.now, life.burden
    policy = business.throttle
    counted = (row.at or now for row in life.rows if row.state in COUNTED and row.priority and row not in but)
    span = due_between(business, life.happenings, policy.pressure, life.zone, now)
    ahead = (
        row.due_at
        for row in life.rows
        if row.state == PLANNED and row.inside.state == "active" and row.step.is_email and 1 <= row.priority <= 3
    )
    return Person(
        sent=[at for at in counted if at > now - MONTH],
        level=burden.level(policy.pressure, now),
        less_often=burden.less_often,
        due_from=span[0] if span else None,
        due_until=span[1] if span else None,
        warm_ahead=min((at for at in ahead if now < at <= now + policy.look_ahead), default=None),
        silent_since=burden.asked_at,
        zone=life.zone,
        closed=business.closed,
    )


def note_evidence(life: Life, told: Happening) -> None:
    """What a person did lightens what weighs on them."""
    what = EVIDENCE.get(told.name)
    if what is not None:
        life.burden.evidence.append(Evidence(told.at, what, _mail_of(life, told)))
        lighten(life)


def note_open(life: Life, row: Row) -> None:
    """The person, and no machine, opened a mail."""
    life.burden.evidence.append(Evidence(life.now, What.OPEN, row.number))
    lighten(life)


def weigh(life: Life) -> None:
    """Fold what weighs on the person anew."""
    life.burden.weigh(_mails(life), life.business.throttle.pressure, life.now)


def lighten(life: Life) -> None:
    """The person did something: what waited because of its weight is looked at. Twin of `service.actions.lighten`."""
    weigh(life)
    for row in life.rows:
        if row.state == "held" and row.rule in BY_WEIGHT and row.wake_at is not None and row.wake_at > life.now:
            row.wake_at = life.now


def _mails(life: Life) -> list[Mail]:
    return [
        Mail(row.number, row.at, row.step.kind, row.inside.number)
        for row in life.rows
        if row.state == "sent" and row.priority and row.at is not None
    ]


def _mail_of(life: Life, told: Happening) -> int | None:
    """The mail that it was done to, where the event says which one."""
    number, step = told.data.get("enrolment"), told.data.get("step")
    if not number or not step:
        return None
    of = [row for row in life.rows if row.inside.number == number and row.step.key == step and row.state == "sent"]
    return max(of, key=lambda row: (row.priority > 0, row.number)).number if of else UNKNOWN
