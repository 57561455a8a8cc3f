"""Small libraries and lives, each made for something that production does between two decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import dedent

from service.domain.sequence.library import read_library
from service.domain.sequence.model import Library, Severity
from tests.rendering.studio import shipped

BUSINESS = """
name: Glow Studio
from: Mia at Glow Studio <mia@glow.example>
address: Lindenweg 4, 10969 Berlin
phone: "+49 30 5550123"
time zone: Europe/Berlin
currency: EUR
window: Mon-Sat 09:00-19:00
closed: [2026-04-06]
people: {front-desk: desk@glow.example, owner: mia@glow.example}
topics:
  Tips and ideas: {}
  Newsletter: {}
  After your visit: {basis: client}
  Your appointments: {basis: service}
fields: {anniversary: month-day, wish: text, visits: number, lead: person}
rhythm:
  visit.completed: {Cut: 6 weeks, else: 6 weeks}
forms:
  checklist: {topics: [Tips and ideas], fields: {wish: text}}
  letter: {topics: [Newsletter]}
calendar: {mothers-day: [2026-05-10]}
coupons: {TREAT: {valid: 14 days}}
"""


@dataclass(frozen=True)
class Small:
    """`shows` are (step, state) that there must be, so that a life that says nothing fails."""

    scenario: str
    days: int
    shows: tuple[tuple[str, str], ...]
    sequences: Mapping[str, str]


def library_of(sequences: Mapping[str, str]) -> tuple[Library, dict[str, bytes]]:
    files = {path: content for path, content in shipped().items() if path.startswith("email_templates/")}
    files["sequences/business.yaml"] = BUSINESS.encode()
    for key, text in sequences.items():
        files[f"sequences/{key}.md"] = dedent(text).lstrip().encode()
    library, problems = read_library(files)
    assert library is not None, [str(each) for each in problems if each.severity is Severity.ERROR]
    return library, files


def _sequence(head: str, *steps: str) -> str:
    return f"---\n{dedent(head).strip()}\n---\n\n" + "\n\n".join(dedent(step).strip() for step in steps) + "\n"


def _mail(when: str, title: str, *fields: str, body: str = "Hello. [Read it](https://glow.example/)") -> str:
    return "\n".join([f"## {when}: {title}", "", f"Subject: {title}", *fields, "", body])


def _task(when: str, title: str, *fields: str, body: str = "Call.") -> str:
    return "\n".join([f"## {when}: {title}", "", "Task: call", "Assign: front-desk", *fields, "", body])


NURTURE = """
title: Letters
stage: nurture
topic: Tips and ideas
enrol: {on: signup, form: checklist}
"""
SIGNUP = "{at: 2026-01-05 12:00, name: signup, form: checklist}"

SMALL = {
    "two-appointments-one-moved-one-cancelled": Small(
        """
        contact: {email: ana@example.org, first_name: Ana, stage: client, timezone: Europe/Lisbon}
        events:
          - {at: 2026-03-02 10:00, name: appointment.booked, about: A1, data: {starts: 2026-03-20 15:00}}
          - {at: 2026-03-03 11:00, name: appointment.booked, about: A2, data: {starts: 2026-04-02 09:30}}
          - {at: 2026-03-19 16:00, name: appointment.booked, about: A1, data: {starts: 2026-03-27 12:00}}
          - {at: 2026-03-31 18:00, name: appointment.cancelled, about: A2}
          - {at: 2026-03-27 13:00, name: visit.completed, about: A1, value: 48.00}
        """,
        60,
        (("see-you-tomorrow", "sent"), ("see-you-tomorrow", "cancelled"), ("how-was-it", "sent")),
        {
            "appointment": _sequence(
                """
                title: Your appointment
                stage: rebooking
                kind: service
                topic: Your appointments
                enrol: {on: event appointment.booked, again: always}
                date: event.starts
                stop: [{same: appointment.cancelled}]
                """,
                _mail("Day 0", "confirmed"),
                _mail("1 day before at 10:00", "see you tomorrow"),
                _mail("1 hour before", "in an hour"),
                _mail("2 days after at 11:00", "how was it", "Kind: check-in"),
            )
        },
    ),
    "a-reply-pauses-and-is-answered": Small(
        f"""
        contact: {{email: ana@example.org, first_name: Ana, phone: "+34 600 123 456"}}
        events:
          - {SIGNUP}
          - {{at: 2026-01-12 10:00, name: reply}}
          - {{at: 2026-01-20 18:00, name: reply, sequence: letters}}
          - {{at: 2026-01-23 09:00, name: task.done, sequence: letters, value: end, note: She has moved}}
        """,
        60,
        (("one", "sent"), ("three", "cancelled"), ("other", "sent"), ("more", "sent")),
        {
            "letters": _sequence(NURTURE, _mail("Day 0", "one", "Kind: service"), _mail("Day 7", "two"), _mail("Day 16", "three")),
            "second": _sequence(NURTURE.replace("Letters", "Second"), _mail("Day 5 at 20:00", "other"), _mail("Day 8 at 09:10", "more")),
        },
    ),
    "slots-are-few": Small(
        f"""
        contact: {{email: ana@example.org}}
        events:
          - {SIGNUP}
          - {{at: 2026-01-05 12:20, name: signup, form: letter}}
          - {{at: 2026-01-09 08:00, name: signup, form: checklist}}
        """,
        60,
        (("a-offer", "expired"), ("a-one", "sent"), ("c-hello", "sent")),
        {
            "a": _sequence(
                NURTURE + "at most: 3 unanswered\n",
                _mail("Day 1 at 10:00", "a one"),
                _mail("Day 3 at 10:00", "a offer", "Kind: offer", "Drop after: 1 day"),
                _mail("Day 5", "a three"),
                _mail("4 days later", "a four"),
                _mail("3 days later", "a five"),
            ),
            "b": _sequence(
                NURTURE.replace("Tips and ideas", "Newsletter").replace("form: checklist", "form: letter"),
                _mail("Day 1 at 10:00", "b one", "Kind: nudge"),
                _mail("Day 3 at 10:00", "b two", "Window: Mon-Wed 10:00-12:00"),
            ),
            "c": _sequence(NURTURE, _mail("Day 0", "c hello", "Kind: service"), _mail("Day 2 at 12:00", "c letter")),
        },
    ),
    "tasks-answers-and-what-rides-on-them": Small(
        f"""
        contact: {{email: ana@example.org, first_name: Ana, timezone: America/New_York}}
        events:
          - {SIGNUP}
          - {{at: 2026-01-08 20:00, name: answer, sequence: letters, step: how, value: unhappy}}
          - {{at: 2026-01-09 07:00, name: answer, sequence: letters, step: how, value: happy, note: On second thought}}
          - {{at: 2026-01-12 10:00, name: task.done, sequence: letters, step: ring, value: later, data: {{wish: bangs}}}}
          - {{at: 2026-02-01 10:00, name: task.skipped, sequence: clients, step: card, note: No address}}
          - {{at: 2026-02-02 10:00, name: task.done, sequence: clients, step: card}}
        """,
        90,
        (("ring", "done"), ("card", "skipped"), ("by-themselves", "done"), ("note-it", "done"), ("wishes", "sent")),
        {
            "letters": _sequence(
                NURTURE,
                _mail("Day 2", "how", body="[Good](answer:happy) [Bad](answer:unhappy)"),
                _mail("1 hour later", "sorry", 'Wait for: answer("how")', "Wait up to: 5 days", 'If: answer("how") == "unhappy"'),
                _task(
                    "1 day later",
                    "ring",
                    "Due: 2 days",
                    "Cost: 6.00",
                    "Ask: wish",
                    "Tag: +called",
                    'Set: contact.stage = "client"',
                    body="Ring her. [Yes](answer:yes) [Later](answer:later)",
                ),
                _mail("1 hour later", "wishes", 'Wait for: done("ring")', "Wait up to: 10 days", body='{{ contact.wish or "Hello" }} [x](link:preferences)'),
            ),
            "clients": _sequence(
                """
                title: Clients
                stage: onboarding
                topic: After your visit
                enrol: {on: [becomes client, tagged called]}
                """,
                _task("Day 1", "by themselves", body="[Reached](answer:reached) [Not](answer:not)"),
                _task("Day 20", "card", "Due: 3 days"),
                "## Day 22: note it\n\nSet: contact.visits = count(\"visit.completed\") + 2\nTag: -called, +noted\nEnrol: extra\nLeave: letters",
                _mail("1 day later", "after it", "If: contact.visits == 2"),
            ),
            "extra": _sequence(
                """
                title: Extra
                stage: delight
                topic: After your visit
                enrol: {on: manual}
                """,
                _mail("Day 3-9 at 10:00", "surprise"),
            ),
        },
    ),
    "rhythm-silence-and-a-birthday": Small(
        """
        contact: {email: ana@example.org, first_name: Ana, stage: client, birthday: 02-29, timezone: Europe/Madrid}
        consents: [Tips and ideas]
        events:
          - {at: 2026-01-10 15:00, name: visit.completed, about: V1, data: {service: Cut}}
          - {at: 2026-01-13 15:00, name: visit.completed, about: V2, data: {service: Cut}}
          - {at: 2026-02-20 10:00, name: appointment.booked, about: A3, data: {starts: 2026-03-03 10:00}}
          - {at: 2026-03-03 11:00, name: visit.completed, about: A3, data: {service: Cut}}
          - {at: 2026-05-02 10:00, name: appointment.booked, about: A4, data: {starts: 2026-05-08 10:00}}
          - {at: 2026-05-08 11:00, name: appointment.missed, about: A4}
        """,
        500,
        (("soon", "sent"), ("late", "sent"), ("missed", "sent"), ("today", "sent"), ("mother", "sent")),
        {
            "time-again": _sequence(
                """
                title: Time again
                stage: rebooking
                topic: After your visit
                enrol: {on: rhythm visit.completed}
                goal: {event: appointment.booked}
                """,
                _mail("5 days before at 10:00", "soon"),
                _mail("5 days after at 10:00", "late"),
            ),
            "win-back": _sequence(
                """
                title: We miss you
                stage: rebooking
                kind: win-back
                topic: After your visit
                enrol: {on: quiet visit.completed for 1.75 rhythms, again: after 90 days}
                stop: [{event: visit.completed}]
                """,
                _mail("Day 0 at 10:00", "missed"),
                _mail("0.35 rhythms later at 10:00", "still missed"),
            ),
            "birthday": _sequence(
                """
                title: Birthday
                stage: delight
                topic: Tips and ideas
                enrol: {on: date}
                date: contact.birthday
                """,
                _mail("7 days before at 11:00", "a week"),
                _mail("On the day at 09:00", "today", body='**{{ coupon("TREAT") }}** [Book](https://glow.example/)'),
            ),
            "mother": _sequence(
                """
                title: Mothers
                stage: nurture
                kind: newsletter
                topic: Tips and ideas
                enrol: {on: date}
                date: calendar mothers-day
                """,
                _mail("3 days before at 10:00", "mother"),
            ),
        },
    ),
    "leaving-a-topic-then-everything": Small(
        f"""
        contact: {{email: ana@example.org, stage: lead}}
        events:
          - {SIGNUP}
          - {{at: 2026-01-07 10:00, name: click, sequence: letters, step: one, topic: Newsletter}}
          - {{at: 2026-01-12 10:00, name: signup, form: letter}}
          - {{at: 2026-01-16 10:00, name: unsubscribed, topic: Tips and ideas}}
          - {{at: 2026-01-18 10:00, name: visit.completed, about: V1}}
          - {{at: 2026-02-03 10:00, name: unsubscribed}}
          - {{at: 2026-02-04 10:00, name: signup, form: checklist}}
        """,
        90,
        (("two", "cancelled"), ("news", "sent"), ("news-again", "cancelled"), ("goodbye", "sent")),
        {
            "letters": _sequence(NURTURE, _mail("Day 0", "one", "Kind: service"), _mail("Day 12", "two")),
            "news": _sequence(
                NURTURE.replace("Tips and ideas", "Newsletter").replace("form: checklist", "form: letter"),
                _mail("Day 1", "news"),
                _mail("Day 30", "news again"),
            ),
            "goodbye": _sequence(
                """
                title: Goodbye
                stage: farewell
                kind: service
                topic: Your appointments
                enrol: {on: event unsubscribed, again: always}
                """,
                _mail("Day 0", "goodbye"),
                _task("1 day later", "what did we do wrong", "Due: 2 days"),
            ),
        },
    ),
    "a-complaint-and-a-gap": Small(
        f"""
        contact: {{email: ana@example.org}}
        events:
          - {SIGNUP}
          - {{at: 2026-01-06 10:00, name: complaint.raised, about: C1}}
          - {{at: 2026-01-13 10:00, name: complaint.resolved, about: C1}}
          - {{at: 2026-01-20 10:00, name: complaint.raised, about: C2}}
          - {{at: 2026-03-01 10:20, name: appointment.booked, about: A1}}
          - {{at: 2026-03-02 15:10, name: appointment.booked, about: A1, data: {{manage_url: "https://glow.example/A1"}}}}
          - {{at: 2026-03-09 10:20, name: appointment.booked, about: A2}}
        """,
        120,
        (("one", "sent"), ("two", "expired"), ("gap", "sent"), ("gap", "expired"), ("by-post", "done")),
        {
            "letters": _sequence(
                NURTURE,
                _mail("Day 2", "one"),
                _mail("Day 14 at 12:00", "two", "Drop after: 3 days"),
                _task("Day 15", "by post", "Assign: owner"),
            ).replace("Assign: front-desk\nAssign: owner", "Assign: owner"),
            "gaps": _sequence(
                """
                title: Gaps
                stage: rebooking
                kind: service
                topic: Your appointments
                enrol: {on: event appointment.booked, again: always}
                """,
                _mail("Day 0", "gap", body="[Change it](link:event.manage_url)"),
                _mail("1 day later", "after the gap"),
            ),
        },
    ),
    "arms-a-holdout-a-goal-that-stays": Small(
        f"""
        contact: {{email: ana@example.org, timezone: Pacific/Auckland}}
        events:
          - {SIGNUP}
          - {{at: 2026-01-09 10:00, name: purchase, value: 20.00, data: {{product: Soap}}}}
          - {{at: 2026-01-09 10:30, name: purchase, key: P1, value: 30.00}}
          - {{at: 2026-01-09 10:40, name: purchase, key: P1, value: 30.00}}
          - {{at: 2026-03-10 10:00, name: client.left, data: {{reason: moved}}}}
        """,
        90,
        (("welcome", "sent"), ("thanks", "sent"), ("farewell", "sent"), ("never", "cancelled")),
        {
            "letters": _sequence(
                NURTURE.replace("enrol:", "test: {short: 45%, long: 45%, holdout: 10%}\ngoal: {event: purchase, within: 30 days, stay: yes}\nenrol:"),
                _mail("Day 1", "one"),
                _mail("Day 3", "short one", 'If: arm == "short"'),
                _mail("Day 20", "long one", 'If: arm == "long"'),
            ),
            "welcome": _sequence(
                """
                title: Welcome
                stage: onboarding
                topic: After your visit
                enrol: {on: becomes client}
                stop: [{when: contact.stage == "former"}]
                """,
                _mail("Day 0", "welcome"),
                _mail("Day 45-55", "thanks"),
                _mail("30 days later", "never", "If: total(\"purchase\") > 100"),
            ),
            "farewell": _sequence(
                """
                title: Farewell
                stage: farewell
                kind: service
                topic: Your appointments
                enrol: {on: event client.left, again: always}
                """,
                _mail("Day 0", "farewell", "Leave: all", "Tag: +gone", 'If: event.reason == "moved"'),
            ),
        },
    ),
    "friends-are-brought": Small(
        """
        contact: {email: ana@example.org, first_name: Ana, stage: client, client_since: 2025-01-01}
        events:
          - {at: 2026-01-09 10:00, name: praise.given}
          - {at: 2026-01-20 10:00, name: referral.joined, data: {friend: Ben}}
          - {at: 2026-02-20 10:00, name: referral.qualified, data: {friend: Ben}}
          - {at: 2026-02-22 10:00, name: referral.rewarded, data: {friend: Ben, reward: 15 euros}}
          - {at: 2026-03-20 10:00, name: referral.qualified, data: {friend: Cleo}}
        """,
        120,
        (("two-presents", "sent"), ("so-far", "sent"), ("thanks", "sent"), ("two-of-them", "sent")),
        {
            "ask": _sequence(
                """
                title: Bring a friend
                stage: referral
                topic: After your visit
                enrol: {on: event praise.given, when: days_since(contact.client_since) >= 180, again: after 90 days}
                """,
                _mail("Day 7 at 10:00", "two presents"),
                _mail("14 days later at 10:00", "so far", "If: referral.count == 0"),
            ),
            "thanks": _sequence(
                """
                title: Thanks
                stage: referral
                kind: service
                topic: Your appointments
                enrol: {on: event referral.qualified, again: always}
                """,
                _mail("Day 0", "thanks", body='{{ referral.friend or "Somebody" }} was here. [Book](https://glow.example/)'),
                _mail("1 day later", "two of them", "If: referral.count >= 2"),
            ),
        },
    ),
}
