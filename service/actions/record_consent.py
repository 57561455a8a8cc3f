"""Keep a consent with its evidence: one that a program tells of, or one given on a page of ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.actions.lighten import lighten
from service.actions.sign_up import Evidence
from service.domain.consent import version_of
from service.domain.field import Fault, Unfit, in_utc
from service.domain.sequence.model.form import MAIL
from service.domain.sequence.spelling import did_you_mean
from service.ports import Published
from service.store.contact import Consent, Contact
from service.store.history import zone_of

AHEAD = timedelta(minutes=5)  # what a clock may go wrong
EVIDENCE = "api"


@dataclass(frozen=True, slots=True)
class Given:
    """A consent to `topic`, in these words, then and there. `evidence` is there where a page of ours saw it given."""

    topic: str
    wording: str | None = None
    at: datetime | None = None
    source: str | None = None
    evidence: Evidence | None = None


def record_consents(
    session: Session, published: Published, contact: Contact, given: Sequence[Given], now: datetime
) -> None:
    """Append what is new to a locked contact's consents. The caller commits.

    Telling the same again adds nothing, so that a nightly synchronisation may repeat itself. What the person took
    back stays taken back: a consent from before is history, and one without a date is refused. The suppression list
    is not touched. Raises Unfit.
    """
    of_mail = (Consent.contact_id == contact.id, Consent.channel == MAIL)
    acts = session.scalars(select(Consent).where(*of_mail).order_by(Consent.id)).all()
    faults: list[Fault] = []
    for number, each in enumerate(given):
        fault, fresh = _judge(published, contact, each, acts, now)
        if fault is not None:
            faults.append(Fault(("consents", number, *fault.path), fault.sentence, fault.code))
        elif fresh is not None:
            session.add(fresh)
    if faults:
        raise Unfit(*faults)
    session.flush()
    if contact.sunset_at is not None:
        lighten(session, published, [contact.id], now)


def _judge(
    published: Published, contact: Contact, given: Given, acts: Sequence[Consent], now: datetime
) -> tuple[Fault | None, Consent | None]:
    business = published.library.business
    topic = business.topic(given.topic)
    if topic is None:
        names = [each.name for each in business.topics]
        return Fault(("topic",), f"There is no topic “{given.topic[:80]}” ({did_you_mean(given.topic, names)})."), None
    at = in_utc(given.at, zone_of(contact, business)) if given.at else None
    if at is not None and at > now + AHEAD:
        return Fault(("at",), "A consent can't lie in the future."), None
    back = max((act.at for act in acts if act.act == "withdrawn" and act.topic in {None, topic.name}), default=None)
    if back is not None and at is None:
        sentence = f"The person took this back on {back:%-d %B %Y}; a consent given since needs its date: set `at`."
        return Fault(("at",), sentence, "withdrawn"), None
    evidence = given.evidence or Evidence()
    told_by = () if given.evidence else (EVIDENCE,)
    source = ": ".join(each for each in (*told_by, given.source) if each)
    same = (topic.name, given.wording, source)
    told = any(
        (act.topic, act.wording, act.source) == same and act.act == "confirmed" and at in {None, act.at} for act in acts
    )
    # What a page of ours sees happens now, whatever was said before; journey time may stand still between the two.
    if given.evidence is None and (told or (back is not None and at is not None and at <= back)):
        return None, None
    return None, Consent(
        contact_id=contact.id,
        topic=topic.name,
        act="confirmed",
        basis="consent",
        at=at or now,
        source=source,
        address=evidence.address,
        user_agent=evidence.user_agent,
        page=evidence.page,
        wording=given.wording,
        version=version_of(given.wording or ""),
    )
