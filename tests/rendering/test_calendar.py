"""The date as an .ics file, read back by a parser of calendars."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event

from service.domain.sequence.model.business import Business
from service.rendering.calendar import Appointment, invitation

BERLIN = ZoneInfo("Europe/Berlin")
BUSINESS = Business("Glow Studio", "Mia at Glow Studio <mia@glow.example>", "Lindenweg 4", "Europe/Berlin")
NOW = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)
SEAT = Appointment("seat.12@glow.example", "Webinar: grow, without discounts", datetime(2027, 3, 11, 18, tzinfo=BERLIN))


def read(raw: bytes) -> Event:
    (event,) = Calendar.from_ical(raw).walk("VEVENT")
    return event


def test_a_time_is_the_same_instant_everywhere() -> None:
    raw = invitation(BUSINESS, SEAT, NOW)
    assert b"DTSTART:20270311T170000Z\r\nDTEND:20270311T180000Z\r\n" in raw
    event = read(raw)
    assert event.decoded("dtstart") == SEAT.starts
    assert event.decoded("summary") == "Webinar: grow, without discounts"
    assert event["organizer"] == "mailto:mia@glow.example"


def test_a_day_is_the_same_day_everywhere_and_keeps_nobody_busy() -> None:
    raw = invitation(BUSINESS, Appointment("birthday.7@glow.example", "Ana's birthday", date(2028, 2, 29)), NOW)
    assert b"DTSTART;VALUE=DATE:20280229\r\nDTEND;VALUE=DATE:20280301\r\n" in raw
    assert b"TRANSP:TRANSPARENT\r\n" in raw


def test_the_same_appointment_keeps_its_uid_and_says_that_it_moved() -> None:
    moved = Appointment(SEAT.uid, SEAT.title, datetime(2027, 3, 12, 18, tzinfo=BERLIN), sequence=1)
    first, second = read(invitation(BUSINESS, SEAT, NOW)), read(invitation(BUSINESS, moved, NOW))
    assert first["uid"] == second["uid"] == "seat.12@glow.example"
    assert (first["sequence"], second["sequence"]) == (0, 1)


def test_words_are_folded_escaped_and_break_out_of_nothing() -> None:
    title = "Für alle, die länger als fünfundsiebzig Zeichen brauchen; und mehr 😀\r\nBEGIN:VEVENT\r\nSUMMARY:x"
    place = "Lindenweg 4, 10969 Berlin"
    raw = invitation(BUSINESS, Appointment("a@b.example", title, SEAT.starts, place=place), NOW)
    assert max(map(len, raw.split(b"\r\n"))) <= 75
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert raw.count(b"\r\nBEGIN:VEVENT\r\n") == 1
    assert read(raw).decoded("location") == place
