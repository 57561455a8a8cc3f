"""The date of a sequence as a file that any calendar takes (RFC 5545)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from icalendar import Calendar, Event, vCalAddress

from service.domain.sequence.model.business import Business
from service.rendering.address import mailbox

CONTENT_TYPE = "text/calendar; charset=utf-8; method=PUBLISH"
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Appointment:
    """What stands in a calendar. `starts` is an aware datetime, or a day for what lasts all of it.

    `uid` is the same for the same appointment for ever, so that a second file moves it and adds no second one; a
    higher `sequence` says that it was changed (RFC 5545 3.8.7.4). An hour is assumed where `ends` is not known.
    """

    uid: str
    title: str
    starts: datetime | date
    ends: datetime | date | None = None
    place: str = ""
    about: str = ""
    url: str = ""
    sequence: int = 0


def invitation(business: Business, appointment: Appointment, now: datetime) -> bytes:
    """The `.ics` file, UTF-8 with CRLF line ends; `now` (aware) is its time stamp.

    Times stand in UTC, so no calendar needs to know our time zones; a day stands without any, so it is the same day
    everywhere. For `/calendar/TOKEN.ics`: the token says `"<delivery id>"`, the enrolment of that delivery has
    `date_at` and `date_is_day`; with a day pass the date as it is in the contact's zone.
    """
    event = Event()
    event.add("uid", appointment.uid)
    event.add("dtstamp", now.astimezone(UTC))
    event.add("sequence", appointment.sequence)
    event.add("summary", appointment.title)
    event.add("dtstart", _utc(appointment.starts))
    event.add("dtend", _utc(appointment.ends or _usual_end(appointment.starts)))
    for name, text in (("location", appointment.place), ("description", appointment.about), ("url", appointment.url)):
        if text:
            event.add(name, text)
    event.add("organizer", _organizer(business))
    if not isinstance(appointment.starts, datetime):
        event.add("transp", "TRANSPARENT")  # a birthday keeps nobody from being free
    calendar = Calendar()
    calendar.add("prodid", "-//Everafter//Everafter//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(event)
    return bytes(calendar.to_ical())


def _utc(at: datetime | date) -> datetime | date:
    return at.astimezone(UTC) if isinstance(at, datetime) else at


def _usual_end(starts: datetime | date) -> datetime | date:
    """An hour later; for a day the next one, as the end doesn't belong to it."""
    return starts + (HOUR if isinstance(starts, datetime) else timedelta(days=1))


def _organizer(business: Business) -> vCalAddress:
    sender = mailbox(business.sender)
    organizer = vCalAddress(f"mailto:{sender.address}")
    organizer.params["CN"] = sender.name or business.name
    return organizer
