"""What people do between two decisions: appointments, answers, tasks, visits, friends."""

from __future__ import annotations

from tests.simulation.paper import NURTURE, SIGNUP, Small, mail, sequence, task

NOTE_IT = """
## Day 22: note it

Set: contact.visits = count("visit.completed") + 2
Tag: -called, +noted
Enrol: extra
Leave: letters
"""

OF_PEOPLE = {
    "two-appointments-one-moved-one-cancelled": Small(
        """
        contact: {email: ana@example.org, first_name: Ana, stage: client, timezone: Europe/Lisbon}
        events:
          - {at: 2026-03-02 10:00, name: appointment.booked, about: A1, data: {starts: 2026-03-20 15:00}}
          - {at: 2026-03-03 11:00, name: appointment.booked, about: A2, data: {starts: 2026-04-02 09:30}}
          - {at: 2026-03-19 16:00, name: appointment.booked, about: A1, data: {starts: 2026-03-27 12:00}}
          - {at: 2026-03-31 18:00, name: appointment.cancelled, about: A2}
          - {at: 2026-04-01 12:00, name: appointment.booked, about: A2, data: {starts: 2026-04-09 09:30}}
          - {at: 2026-03-27 13:00, name: visit.completed, about: A1, value: 48.00}
        """,
        60,
        (("see-you-tomorrow", "sent"), ("see-you-tomorrow", "cancelled"), ("how-was-it", "sent")),
        {
            "appointment": sequence(
                """
                title: Your appointment
                stage: rebooking
                kind: service
                topic: Your appointments
                enrol: {on: event appointment.booked, again: always}
                date: event.starts
                stop: [{same: appointment.cancelled}]
                """,
                mail("Day 0", "confirmed"),
                mail("1 day before at 10:00", "see you tomorrow"),
                mail("1 hour before", "in an hour"),
                mail("2 days after at 11:00", "how was it", "Kind: check-in"),
            )
        },
    ),
    "tasks-answers-and-what-rides-on-them": Small(
        f"""
        contact: {{email: ana@example.org, first_name: Ana, timezone: America/New_York}}
        events:
          - {SIGNUP}
          - {{at: 2026-01-08 20:00, name: answer, sequence: letters, step: how, value: unhappy}}
          - {{at: 2026-01-09 07:00, name: answer, sequence: letters, step: how, value: happy, note: On second thought}}
          - {{at: 2026-01-12 10:00, name: task.done, sequence: letters, step: ring, value: later, data: {{wish: it}}}}
          - {{at: 2026-02-01 10:00, name: task.skipped, sequence: clients, step: card, note: No address}}
          - {{at: 2026-02-02 10:00, name: task.done, sequence: clients, step: card}}
        """,
        90,
        (("ring", "done"), ("card", "skipped"), ("by-themselves", "done"), ("note-it", "done"), ("wishes", "sent")),
        {
            "letters": sequence(
                NURTURE,
                mail("Day 2", "how", body="[Good](answer:happy) [Bad](answer:unhappy)"),
                mail(
                    "1 hour later",
                    "sorry",
                    'Wait for: answer("how")',
                    "Wait up to: 5 days",
                    'If: answer("how") == "unhappy"',
                ),
                task(
                    "1 day later",
                    "ring",
                    "Due: 2 days",
                    "Cost: 6.00",
                    "Ask: wish",
                    "Tag: +called",
                    'Set: contact.stage = "client"',
                    body="Ring her. [Yes](answer:yes) [Later](answer:later)",
                ),
                mail(
                    "1 hour later",
                    "wishes",
                    'Wait for: done("ring")',
                    "Wait up to: 10 days",
                    body='{{ contact.wish or "Hello" }} [x](link:preferences)',
                ),
            ),
            "clients": sequence(
                """
                title: Clients
                stage: onboarding
                topic: After your visit
                enrol: {on: [becomes client, tagged called]}
                """,
                task("Day 1", "by themselves", body="[Reached](answer:reached) [Not](answer:not)"),
                task("Day 20", "card", "Due: 3 days"),
                NOTE_IT,
                mail("1 day later", "after it", "If: contact.visits == 2"),
            ),
            "extra": sequence(
                """
                title: Extra
                stage: delight
                topic: After your visit
                enrol: {on: manual}
                """,
                mail("Day 3-9 at 10:00", "surprise"),
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
            "time-again": sequence(
                """
                title: Time again
                stage: rebooking
                topic: After your visit
                enrol: {on: rhythm visit.completed}
                goal: {event: appointment.booked}
                """,
                mail("5 days before at 10:00", "soon"),
                mail("5 days after at 10:00", "late"),
            ),
            "win-back": sequence(
                """
                title: We miss you
                stage: rebooking
                kind: win-back
                topic: After your visit
                enrol: {on: quiet visit.completed for 1.75 rhythms, again: after 90 days}
                stop: [{event: visit.completed}]
                """,
                mail("Day 0 at 10:00", "missed"),
                mail("0.35 rhythms later at 10:00", "still missed"),
            ),
            "birthday": sequence(
                """
                title: Birthday
                stage: delight
                topic: Tips and ideas
                enrol: {on: date}
                date: contact.birthday
                """,
                mail("7 days before at 11:00", "a week"),
                mail("On the day at 09:00", "today", body='**{{ coupon("TREAT") }}** [Book](https://glow.example/)'),
            ),
            "mother": sequence(
                """
                title: Mothers
                stage: nurture
                kind: newsletter
                topic: Tips and ideas
                enrol: {on: date}
                date: calendar mothers-day
                """,
                mail("3 days before at 10:00", "mother"),
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
            "ask": sequence(
                """
                title: Bring a friend
                stage: referral
                topic: After your visit
                enrol: {on: event praise.given, when: days_since(contact.client_since) >= 180, again: after 90 days}
                """,
                mail("Day 7 at 10:00", "two presents"),
                mail("14 days later at 10:00", "so far", "If: referral.count == 0"),
            ),
            "thanks": sequence(
                """
                title: Thanks
                stage: referral
                kind: service
                topic: Your appointments
                enrol: {on: event referral.qualified, again: always}
                """,
                mail(
                    "Day 0",
                    "thanks",
                    body='{{ referral.friend or "Somebody" }} was here. [Book](https://glow.example/)',
                ),
                mail("1 day later", "two of them", "If: referral.count >= 2"),
            ),
        },
    ),
}
