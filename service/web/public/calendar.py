"""`/calendar/TOKEN.ics`: the date of what a mail speaks of, for the recipient's calendar."""

from __future__ import annotations

from datetime import datetime
from email.utils import parseaddr
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.domain.moment import read_moment
from service.ports import Published
from service.rendering.calendar import CONTENT_TYPE, Appointment, invitation
from service.store.contact import Contact
from service.store.delivery import Delivery
from service.store.enrolment import Enrolment
from service.store.event import Event
from service.store.history import zone_of
from service.store.journey import journey_now
from service.web.current import current_runtime
from service.web.public.token import read_token

OVER = frozenset({"stopped", "declined"})  # what was cancelled belongs into nobody's calendar

calendars = Blueprint("calendar", __name__)


@calendars.get("/calendar/<token>.ics")
def fetch(token: str) -> Response:
    runtime = current_runtime()
    value = read_token("calendar", token)
    published = runtime.published()
    with runtime.session() as session:
        appointment = _find(session, published, int(value))
        now = journey_now(session)
    if appointment is None:
        abort(404)
    answer = Response(invitation(published.library.business, appointment, now), content_type=CONTENT_TYPE)
    answer.headers["Content-Disposition"] = 'attachment; filename="date.ics"'
    return answer


def _find(session: Session, published: Published, delivery_id: int) -> Appointment | None:
    """What stands in the calendar; None where the date, or the person, is no longer there."""
    delivery = session.get(Delivery, delivery_id)
    enrolment = session.get_one(Enrolment, delivery.enrolment_id) if delivery else None
    if enrolment is None or enrolment.date_at is None or enrolment.state in OVER:
        return None
    business = published.library.business
    zone = zone_of(session.get_one(Contact, enrolment.contact_id), business)
    sequence = published.library.sequence(enrolment.sequence)
    title = sequence.title if sequence else business.name
    event = enrolment.data.get("event") or {}
    is_appointment = "starts" in event
    service = event.get("service")
    url = event.get("manage_url")
    return Appointment(
        # The same in every mail of the enrolment: a later file moves what an earlier one put there.
        uid=f"everafter-{enrolment.id}@{parseaddr(business.sender)[1].rpartition('@')[2]}",
        title=f"{service} · {business.name}" if isinstance(service, str) and service else title,
        starts=enrolment.date_at.astimezone(zone).date() if enrolment.date_is_day else enrolment.date_at,
        ends=_ends(event.get("ends"), enrolment.date_at, zone),
        place=str(event.get("place") or business.address) if is_appointment else "",
        url=url if isinstance(url, str) else "",
        sequence=_changes(session, enrolment),
    )


def _ends(written: object, starts: datetime, zone: ZoneInfo) -> datetime | None:
    moment = read_moment(written, zone)
    return moment.at if moment is not None and not moment.is_day and moment.at > starts else None


def _changes(session: Session, enrolment: Enrolment) -> int:
    """How often the thing was moved (RFC 5545, SEQUENCE)."""
    if enrolment.about is None:
        return 0
    moved = (
        select(func.count())
        .select_from(Event)
        .where(Event.contact_id == enrolment.contact_id, Event.about == enrolment.about, Event.replaced)
    )
    return session.scalar(moved) or 0
