"""What happens to mail between two decisions: slots, replies, wishes, complaints, arms."""

from __future__ import annotations

from tests.simulation.paper import NURTURE, SIGNUP, Small, mail, sequence, task

TESTED = (
    NURTURE
    + """
test: {short: 45%, long: 45%, holdout: 10%}
goal: {event: purchase, within: 30 days, stay: yes}
"""
)

OF_MAIL = {
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
            "letters": sequence(
                NURTURE, mail("Day 0", "one", "Kind: service"), mail("Day 7", "two"), mail("Day 16", "three")
            ),
            "second": sequence(
                NURTURE.replace("Letters", "Second"), mail("Day 5 at 20:00", "other"), mail("Day 8 at 09:10", "more")
            ),
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
        (("a-news", "expired"), ("a-one", "sent"), ("c-hello", "sent")),
        {
            "a": sequence(
                NURTURE + "at most: 3 unanswered\n",
                mail("Day 1 at 10:00", "a one"),
                mail("Day 3 at 10:00", "a news", "Kind: newsletter", "Drop after: 1 day"),
                mail("Day 5", "a three"),
                mail("4 days later", "a four"),
                mail("3 days later", "a five"),
            ),
            "b": sequence(
                NURTURE.replace("Tips and ideas", "Newsletter").replace("form: checklist", "form: letter"),
                mail("Day 1 at 10:00", "b one", "Kind: nudge"),
                mail("Day 3 at 10:00", "b two", "Window: Mon-Wed 10:00-12:00"),
            ),
            "c": sequence(NURTURE, mail("Day 0", "c hello", "Kind: service"), mail("Day 2 at 12:00", "c letter")),
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
            "letters": sequence(NURTURE, mail("Day 0", "one", "Kind: service"), mail("Day 12", "two")),
            "news": sequence(
                NURTURE.replace("Tips and ideas", "Newsletter").replace("form: checklist", "form: letter"),
                mail("Day 1", "news"),
                mail("Day 30", "news again"),
            ),
            "goodbye": sequence(
                """
                title: Goodbye
                stage: farewell
                kind: service
                topic: Your appointments
                enrol: {on: event unsubscribed, again: always}
                """,
                mail("Day 0", "goodbye"),
                task("1 day later", "what did we do wrong", "Due: 2 days"),
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
            "letters": sequence(
                NURTURE,
                mail("Day 2", "one"),
                mail("Day 14 at 12:00", "two", "Drop after: 3 days"),
                task("Day 15", "by post", "Assign: owner"),
            ).replace("Assign: front-desk\nAssign: owner", "Assign: owner"),
            "gaps": sequence(
                """
                title: Gaps
                stage: rebooking
                kind: service
                topic: Your appointments
                enrol: {on: event appointment.booked, again: always}
                """,
                mail("Day 0", "gap", body="[Change it](link:event.manage_url)"),
                mail("1 day later", "after the gap"),
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
            "letters": sequence(
                TESTED,
                mail("Day 1", "one"),
                mail("Day 3", "short one", 'If: arm == "short"'),
                mail("Day 20", "long one", 'If: arm == "long"'),
            ),
            "welcome": sequence(
                """
                title: Welcome
                stage: onboarding
                topic: After your visit
                enrol: {on: becomes client}
                stop: [{when: contact.stage == "former"}]
                """,
                mail("Day 0", "welcome"),
                mail("Day 45-55", "thanks"),
                mail("30 days later", "never", 'If: total("purchase") > 100'),
            ),
            "farewell": sequence(
                """
                title: Farewell
                stage: farewell
                kind: service
                topic: Your appointments
                enrol: {on: event client.left, again: always}
                """,
                mail("Day 0", "farewell", "Leave: all", "Tag: +gone", 'If: event.reason == "moved"'),
            ),
        },
    ),
}
