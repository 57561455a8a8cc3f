"""Tell people's clicks from a scanner's, once all that might tell are in; and let people's count.

A scanner follows every link of a mail within a moment. So a click waits until that moment is over, and only then may
it become the event `click`, on which conditions, goals and stops look.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from service.actions.receive_event import Seen, begins_something, keep_quietly, receive_event
from service.domain.hit import THRESHOLDS, WAITING, Class, Hit, Kind, Verdict, judge
from service.ports import Published
from service.store import event
from service.store.contact import lock_contacts
from service.store.delivery import Delivery
from service.store.enrolment import Enrolment
from service.store.history import read_contacts
from service.store.journey import journey_now
from service.store.publication import Link

CLICK = "click"  # the event
Name = tuple[str, datetime]  # a hit's nonce and its time

MOMENT = THRESHOLDS.burst  # how long a click waits for those that may come after it
FORGOTTEN = Verdict(Class.UNKNOWN, "forgotten")  # the person was erased while the click waited


@dataclass(frozen=True, slots=True)
class Click:
    """A click that waits, with what its event will say."""

    nonce: str
    at: datetime
    journey_at: datetime
    delivery_id: int
    link_id: int | None
    user_agent: str
    contact_id: int
    enrolment_id: int
    sequence: str
    step: str
    url: str | None


def clicks_wait(session: Session) -> bool:
    """Whether a click is not judged yet."""
    return session.scalar(select(event.Hit.nonce).where(event.Hit.rule == WAITING.rule).limit(1)) is not None


def judge_clicks(session: Session, published: Published, until: datetime, limit: int = 500) -> int:
    """Judge the clicks of before `until` (machine time, aware); how many. The caller commits.

    `until` lies at least MOMENT before the oldest hit that may not be recorded yet. Contacts that another worker holds
    are left to the next round.
    """
    due = _due(session, until, limit)
    if not due:
        return 0
    people = lock_contacts(session, sorted({contact for contact in due.values() if contact}), wait=False)
    clicks = _read_clicks(session, [hit for hit, contact in due.items() if contact in people])
    verdicts = dict.fromkeys((hit for hit, contact in due.items() if contact is None), FORGOTTEN)
    neighbours = _neighbours(session, clicks)
    believed: list[Click] = []
    for click in clicks:
        others = tuple(at - click.at for link_id, at in neighbours[click.delivery_id] if link_id != click.link_id)
        # Every rule but the burst's was asked when the click was recorded.
        verdict = verdicts[click.nonce, click.at] = judge(Hit(Kind.CLICK, "GET", click.user_agent, None, others))
        if verdict.hit_class is Class.HUMAN:
            believed.append(click)
    _believe(session, published, believed, journey_now(session))
    _settle(session, verdicts)
    return len(verdicts)


def _believe(session: Session, published: Published, clicks: Sequence[Click], now: datetime) -> None:
    """Let people's clicks be known: at once, where no sequence begins by one."""
    if not begins_something(published, CLICK):
        keep_quietly(session, published, [(click.contact_id, _seen(click)) for click in clicks], now)
        return
    contacts = read_contacts(session, {click.contact_id for click in clicks})
    for click in clicks:
        receive_event(session, published, contacts[click.contact_id], _seen(click), now)


def _due(session: Session, until: datetime, limit: int) -> dict[Name, int | None]:
    """The clicks that have waited long enough, each with its contact; None where that was erased."""
    query = (
        select(event.Hit.nonce, event.Hit.at, Delivery.contact_id)
        .outerjoin(Delivery, Delivery.id == event.Hit.delivery_id)
        .where(event.Hit.rule == WAITING.rule, event.Hit.at < until)
    )
    rows = session.execute(query.order_by(event.Hit.at, event.Hit.nonce).limit(limit))
    return {(nonce, at): contact_id for nonce, at, contact_id in rows}


def _read_clicks(session: Session, names: Collection[Name]) -> list[Click]:
    """Those that still wait, now that their contacts are locked: another host may have judged some."""
    if not names:
        return []
    when = [at for _, at in names]
    rows = session.execute(
        select(
            event.Hit.nonce,
            event.Hit.at,
            event.Hit.journey_at,
            event.Hit.delivery_id,
            event.Hit.link_id,
            event.Hit.user_agent,
            Delivery.contact_id,
            Delivery.enrolment_id,
            Enrolment.sequence,
            Delivery.step,
            Link.url,
        )
        .join(Delivery, Delivery.id == event.Hit.delivery_id)
        .join(Enrolment, Enrolment.id == Delivery.enrolment_id)
        .outerjoin(Link, Link.id == event.Hit.link_id)
        .where(event.Hit.rule == WAITING.rule, event.Hit.at.between(min(when), max(when)))
        .where(event.Hit.nonce.in_([nonce for nonce, _ in names]))
        .order_by(event.Hit.at, event.Hit.nonce)
    )
    return [Click(**row._asdict()) for row in rows]


def _neighbours(session: Session, clicks: Sequence[Click]) -> dict[int, list[tuple[int | None, datetime]]]:
    """All clicks on the same mails around that time, whoever made them: link and machine time, by delivery."""
    found: dict[int, list[tuple[int | None, datetime]]] = defaultdict(list)
    if clicks:
        rows = session.execute(
            select(event.Hit.delivery_id, event.Hit.link_id, event.Hit.at).where(
                event.Hit.delivery_id.in_({click.delivery_id for click in clicks}),
                event.Hit.kind == Kind.CLICK,
                event.Hit.at.between(clicks[0].at - MOMENT, clicks[-1].at + MOMENT),
            )
        )
        for delivery_id, link_id, at in rows:
            found[delivery_id].append((link_id, at))
    return found


def _seen(click: Click) -> Seen:
    data = {"sequence": click.sequence, "step": click.step, "enrolment": click.enrolment_id, "url": click.url}
    return Seen(CLICK, click.journey_at, key=click.nonce, data=data)


def _settle(session: Session, verdicts: dict[Name, Verdict]) -> None:
    rows = [
        {"nonce": nonce, "at": at, "verdict": verdict.hit_class, "rule": verdict.rule, "ruleset": verdict.ruleset}
        for (nonce, at), verdict in verdicts.items()
    ]
    if rows:
        session.execute(update(event.Hit), rows)
