"""How much mail weighs on people, folded from what happened and remembered in their rows.

Only what a person did counts: opens and clicks that are surely a person's, answers, replies, bookings. What a machine
fetched changes nothing. A mailbox *hides* its opens where some came through a proxy or could not be told, and none was
ever surely a person's: then that no open was seen says little, and each mail weighs a little less. Prefetches and
scanners don't say even that.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from service.domain.hit import Class
from service.domain.hit import Kind as HitKind
from service.domain.policy import PressurePolicy
from service.domain.pressure import EVIDENCE, REMEMBERED, UNKNOWN, Evidence, Mail, What, fold
from service.domain.sequence.model.library import Library
from service.domain.sequence.vocabulary import Kind
from service.domain.sunset import in_a_row, unengaged
from service.store.bulk import document, listed
from service.store.delivery import State
from service.store.driver import read

LEFT = (State.HANDED, State.SENT, State.UNCERTAIN)
# Of a mail whose step was taken out of its file only the class is left.
KINDS = (
    Kind.SERVICE,
    Kind.NUDGE,
    Kind.ONBOARDING,
    Kind.DELIGHT,
    Kind.LETTER,
    Kind.REFERRAL,
    Kind.NEWSLETTER,
    Kind.OFFER,
)
MOST = 32_767  # what the column of the row's length holds


@dataclass(slots=True)
class Told:
    """All that is known of one contact's mails and of what they did about them."""

    mails: list[Mail] = field(default_factory=list)
    numbers: dict[tuple[str, str], int] = field(default_factory=dict)  # a mail's id by its enrolment's and step
    evidence: list[Evidence] = field(default_factory=list)
    hides_opens: bool = False
    agreed_at: datetime | None = None


class Weighed(NamedTuple):
    """What a contact's row is to remember."""

    id: int
    pressure: float
    pressure_at: datetime
    unengaged_mails: int
    unengaged_since: datetime | None
    engaged_at: datetime | None
    hides_opens: bool
    awake_at: datetime | None  # the last that ends a sunset


MAILS = text(
    """
    SELECT delivery.contact_id, delivery.id, enrolment_id, enrolment.sequence, step, priority, handed_at
    FROM delivery JOIN enrolment ON enrolment.id = delivery.enrolment_id
    WHERE delivery.contact_id = ANY(CAST(:ids AS bigint[])) AND delivery.state IN ('handed', 'sent', 'uncertain')
      AND staff_to IS NULL AND handed_at > :since
    ORDER BY delivery.id
    """
)
# The first and the last open of each mail that was a person's, and whether its mailbox hides opens.
OPENS = text(
    f"""
    SELECT delivery_id, min(journey_at) FILTER (WHERE verdict = '{Class.HUMAN}'),
           max(journey_at) FILTER (WHERE verdict = '{Class.HUMAN}'),
           bool_or(verdict IN ('{Class.PROXY}', '{Class.UNKNOWN}'))
    FROM hit WHERE delivery_id = ANY(CAST(:ids AS bigint[])) AND kind = '{HitKind.OPEN}' GROUP BY delivery_id
    """  # noqa: S608 (our own names)
)
DONE = text(
    """
    SELECT contact_id, name, at, data ->> 'enrolment', data ->> 'step' FROM event
    WHERE contact_id = ANY(CAST(:ids AS bigint[])) AND name = ANY(:names) AND at <= :now
    """
)
AGREED = text(
    """
    SELECT contact_id, max(at) FROM consent
    WHERE contact_id = ANY(CAST(:ids AS bigint[])) AND act = 'confirmed' AND at <= :now GROUP BY contact_id
    """
)
REMEMBER = text(
    """
    UPDATE contact SET pressure = known.pressure, pressure_at = known.pressure_at,
        unengaged_mails = known.unengaged_mails, unengaged_since = known.unengaged_since,
        engaged_at = known.engaged_at, hides_opens = known.hides_opens,
        sunset_at = CASE WHEN known.awake_at IS NULL OR known.awake_at <= contact.sunset_at THEN contact.sunset_at END
    FROM json_to_recordset(CAST(:weighed AS json))
         AS known (id bigint, pressure double precision, pressure_at timestamptz,
                   unengaged_mails smallint, unengaged_since timestamptz, engaged_at timestamptz, hides_opens boolean,
                   awake_at timestamptz)
    WHERE contact.id = known.id RETURNING contact.id, contact.sunset_at
    """
)


def level_of(pressure: float, at: datetime | None, policy: PressurePolicy, now: datetime) -> float:
    """A remembered pressure as it is now: all of it fades alike."""
    if not pressure or at is None:
        return 0.0
    return pressure * float(2.0 ** (-((now - at) / policy.half_life)))


def refresh_pressure(session: Session, library: Library, contact_ids: Collection[int], now: datetime) -> list[int]:
    """Fold the pressure of locked contacts anew, and note it in their rows; the caller commits.

    The contacts who are to be asked whether they want to stay: so many mails in a row without a sign of them. A sign,
    or a consent given since, ends a sunset that has begun.
    """
    if not contact_ids:
        return []
    policy = library.business.throttle
    told = read_told(session, library, contact_ids, now)
    weighed = [_weigh(contact_id, told[contact_id], policy.pressure, now) for contact_id in contact_ids]
    rows = read(session, REMEMBER, weighed=document([each._asdict() for each in weighed]))
    asked = {contact_id for contact_id, sunset_at in rows if sunset_at is not None}
    return [
        each.id
        for each in weighed
        if each.id not in asked
        and unengaged(each.unengaged_mails, each.unengaged_since, each.engaged_at is not None, policy.sunset, now)
    ]


def _weigh(contact_id: int, told: Told, policy: PressurePolicy, now: datetime) -> Weighed:
    pressure = fold(told.mails, told.evidence, told.hides_opens, policy)
    engaged_at = max((each.at for each in told.evidence), default=None)
    awake_at = max((at for at in (engaged_at, told.agreed_at) if at is not None), default=None)
    row = in_a_row(told.mails, engaged_at, told.agreed_at)
    return Weighed(
        contact_id,
        float(pressure.level(now, policy)),
        now,
        min(len(row), MOST),
        row[0] if row else None,
        engaged_at,
        told.hides_opens,
        awake_at,
    )


def read_told(session: Session, library: Library, contact_ids: Collection[int], now: datetime) -> dict[int, Told]:
    """What the fold needs of many contacts, in four queries."""
    told: dict[int, Told] = defaultdict(Told)
    whose = _read_mails(session, library, contact_ids, told, now - REMEMBERED)
    _read_opens(session, whose, told)
    _read_events(session, contact_ids, told, now)
    for contact_id, at in read(session, AGREED, ids=listed(contact_ids), now=now):
        told[contact_id].agreed_at = at
    return told


def _read_mails(
    session: Session, library: Library, contact_ids: Collection[int], told: dict[int, Told], since: datetime
) -> dict[int, int]:
    """Note what left; whose each mail is."""
    kinds: dict[tuple[str, str], Kind | None] = {}
    whose: dict[int, int] = {}
    values = {"ids": listed(contact_ids), "since": since}
    for contact_id, number, enrolment_id, sequence, step, priority, at in read(session, MAILS, **values):
        person = told[contact_id]
        whose[number] = contact_id
        if priority == 0:
            person.numbers.setdefault((str(enrolment_id), step), number)  # it weighs nothing, and may be answered
            continue
        assert at is not None
        if (sequence, step) not in kinds:
            kinds[sequence, step] = _kind_of(library, sequence, step)
        person.mails.append(Mail(number, at, kinds[sequence, step] or KINDS[priority], enrolment_id))
        person.numbers[str(enrolment_id), step] = number
    return whose


def _kind_of(library: Library, key: str, step_key: str) -> Kind | None:
    sequence = library.sequence(key)
    step = sequence.step(step_key) if sequence else None
    return step.kind if step else None


def _read_opens(session: Session, whose: dict[int, int], told: dict[int, Told]) -> None:
    """Note the first and the last open of each mail that was a person's, and whose mailbox hides opens."""
    seen: set[int] = set()
    for number, first, last, is_hidden in read(session, OPENS, ids=listed(whose)) if whose else ():
        person = told[whose[number]]
        if first is None:
            person.hides_opens = person.hides_opens or is_hidden
            continue
        seen.add(whose[number])
        person.evidence += [Evidence(at, What.OPEN, number) for at in {first, last}]
    for contact_id in seen:
        told[contact_id].hides_opens = False


def _read_events(session: Session, contact_ids: Collection[int], told: dict[int, Told], now: datetime) -> None:
    """Note what people did, each about its mail where the event says which one."""
    values = {"ids": listed(contact_ids), "names": [*EVIDENCE], "now": now}
    for contact_id, name, at, enrolment_id, step in read(session, DONE, **values):
        person = told[contact_id]
        number = person.numbers.get((enrolment_id, step), UNKNOWN) if enrolment_id and step else None
        person.evidence.append(Evidence(at, EVIDENCE[name], number))
