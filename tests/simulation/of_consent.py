"""What people agree to, for good and for a time, and what they take back."""

from __future__ import annotations

from tests.simulation.paper import Small, mail, sequence

OF_CONSENT = {
    "whoever-left-and-confirms-anew-gets-that-again": Small(
        """
        contact: {email: ana@example.org, first_name: Ana, timezone: Europe/Berlin}
        events:
          - {at: 2026-01-05 10:00, name: signup, form: club}
          - {at: 2026-01-07 10:00, name: unsubscribed}
          - {at: 2026-01-12 10:00, name: signup, form: letter}
          - {at: 2026-01-15 10:00, name: signup, form: club}
          - {at: 2026-02-01 10:00, name: signup, form: club}
        """,
        60,
        (("hello", "sent"), ("news", "sent"), ("tip", "cancelled")),
        {
            "club": sequence(
                """
                title: The club
                stage: nurture
                topic: Newsletter
                enrol: {on: signup, form: club, again: always}
                """,
                mail("Day 0", "hello"),
                mail("Day 4", "news"),
            ),
            "tips": sequence(
                """
                title: Tips
                stage: nurture
                topic: Tips and ideas
                enrol: {on: signup, form: club, again: always}
                """,
                mail("Day 1", "tip"),
            ),
        },
    ),
    "an-inquiry-is-answered-for-as-long-as-it-is-good": Small(
        """
        contact: {email: ana@example.org, first_name: Ana, timezone: Europe/Berlin}
        events:
          - {at: 2026-01-05 10:00, name: signup, form: question}
        """,
        60,
        (("answer", "sent"), ("still-curious", "sent"), ("long-after", "cancelled")),
        {
            "question": sequence(
                """
                title: Your question
                stage: nurture
                topic: Questions
                enrol: {on: signup, form: question}
                """,
                mail("Day 0", "answer"),
                mail("Day 10", "still curious"),
                mail("Day 25", "long after"),
            )
        },
    ),
    "a-client-is-one-for-two-years-after-the-last-visit": Small(
        """
        contact: {email: ana@example.org, first_name: Ana, stage: client, timezone: Europe/Berlin}
        consents: []
        events:
          - {at: 2026-01-05 10:00, name: visit.completed, about: A1}
          - {at: 2027-11-20 10:00, name: complaint.raised}
          - {at: 2027-11-21 10:00, name: complaint.resolved}
        """,
        800,
        (("thanks", "sent"), ("two-years-on", "sent"), ("too-late", "cancelled")),
        {
            "after": sequence(
                """
                title: After your visit
                stage: delight
                topic: After your visit
                enrol: {on: event visit.completed, again: never}
                """,
                mail("Day 0", "thanks"),
                mail("Day 700", "two years on"),
                mail("Day 740", "too late"),
            )
        },
    ),
}
