"""What pace does with one person over weeks: pressure, rest, offers, the sunset, less often."""

from __future__ import annotations

from datetime import date, timedelta

from tests.simulation.paper import NURTURE, SIGNUP, Small, mail, sequence

CLIENT = "{email: ana@example.org, first_name: Ana, stage: client, client_since: 2025-01-01}"
WEEKS = [date(2026, 1, 12) + timedelta(weeks=number) for number in range(52)]


def weekly(count: int) -> dict[str, str]:
    """A newsletter every Monday, as `date:` sequences are written: each week's is a thing of its own."""
    return {
        f"news-{number}": sequence(
            f"""
            title: News {number}
            stage: nurture
            kind: newsletter
            topic: Newsletter
            enrol: {{on: date}}
            date: {day.isoformat()}
            """,
            mail("On the day at 10:00", f"news {number}"),
        )
        for number, day in enumerate(WEEKS[:count], 1)
    }


def read(name: str, weeks: range) -> str:
    """The person opens or clicks the newsletters of these weeks, on the day after."""
    days = ((number, WEEKS[number - 1] + timedelta(days=1)) for number in weeks)
    of = "sequence: news-{0}, step: news-{0}"
    return "".join(f"\n  - {{at: {day.isoformat()} 18:00, name: {name}, {of.format(number)}}}" for number, day in days)


SUNSET = sequence(
    """
    title: Shall we keep writing?
    stage: farewell
    kind: win-back
    topic: Newsletter
    enrol: {on: event unengaged, again: after 1 year}
    """,
    mail("Day 0 at 10:00", "still there", body="[Yes](answer:stay) [No](link:preferences)"),
)
# Sixteen letters, so far apart that nothing but silence stands against them.
DRIP = sequence(
    """
    title: Drip
    stage: delight
    kind: check-in
    topic: Newsletter
    enrol: {on: date}
    date: 2026-01-06
    """,
    *(mail(f"{8 * number} days after at 10:00", f"drip {number}") for number in range(1, 30)),
)
EAGER = "consents: [Newsletter, Tips and ideas]"

OF_PACE = {
    "an-ignored-newsletter-drifts-apart": Small(
        f"""
        contact: {{email: ana@example.org}}
        {EAGER}
        events:
          - {{at: 2026-01-05 12:00, name: praise.given}}
        """,
        150,
        (("news-1", "sent"), ("news-2", "expired"), ("news-3", "sent"), ("news-6", "expired"), ("news-7", "sent")),
        weekly(20),
    ),
    "an-opened-one-comes-more-often-and-a-clicked-one-weekly": Small(
        f"""
        contact: {{email: ana@example.org}}
        {EAGER}
        events:
          - {{at: 2026-01-05 12:00, name: praise.given}}{read("open", range(1, 7))}{read("click", range(7, 20))}
        """.replace("\n  - ", "\n          - "),
        150,
        (("news-2", "sent"), ("news-3", "expired"), ("news-12", "sent"), ("news-13", "sent"), ("news-14", "sent")),
        weekly(20),
    ),
    "an-offer-waits-until-the-client-is-due": Small(
        f"""
        contact: {CLIENT}
        {EAGER}
        events:
          - {{at: 2026-01-05 12:00, name: visit.completed, about: V1, data: {{service: Cut}}}}
        """,
        90,
        (("soon", "expired"), ("later", "sent")),
        {
            "offers": sequence(
                """
                title: Offers
                stage: rebooking
                kind: letter
                topic: After your visit
                enrol: {on: event visit.completed, again: always}
                """,
                mail("Day 3 at 10:00", "hello"),
                mail("Day 10 at 10:00", "soon", "Kind: offer"),
                mail("Day 29 at 10:00", "later", "Kind: offer", "Drop after: 20 days"),
            )
        },
    ),
    "too-much-is-followed-by-a-rest": Small(
        f"""
        contact: {{email: ana@example.org}}
        {EAGER}
        events:
          - {SIGNUP}
        """,
        90,
        (("n-1", "sent"), ("after-the-rest", "sent")),
        {
            "n": sequence(
                NURTURE + "kind: nudge\nat most: 30 emails\n",
                *(mail(f"Day {3 * number} at 10:00", f"n {number}") for number in range(1, 8)),
            ),
            "m": sequence(
                NURTURE.replace("Letters", "More"),
                mail("Day 24 at 12:00", "after the rest", "Kind: onboarding", "Drop after: 60 days"),
            ),
        },
    ),
    "who-never-reacts-is-asked-once-and-then-left-in-peace": Small(
        f"""
        contact: {{email: ana@example.org}}
        {EAGER}
        events:
          - {{at: 2026-01-05 12:00, name: praise.given}}
        """,
        300,
        (("drip-13", "sent"), ("still-there", "sent"), ("drip-14", "expired")),
        {"drip": DRIP, "still-there": SUNSET},
    ),
    "who-says-stay-stays": Small(
        f"""
        contact: {{email: ana@example.org}}
        {EAGER}
        events:
          - {{at: 2026-01-05 12:00, name: praise.given}}
          - {{at: 2026-05-02 19:00, name: answer, sequence: still-there, step: still-there, value: stay}}
        """,
        300,
        (("still-there", "sent"), ("drip-20", "sent"), ("drip-29", "sent")),
        {"drip": DRIP, "still-there": SUNSET},
    ),
    "who-may-not-be-asked-is-not-silenced": Small(
        f"""
        contact: {{email: ana@example.org}}
        {EAGER}
        events:
          - {{at: 2026-01-05 12:00, name: praise.given}}
        """,
        300,
        (("drip-13", "sent"), ("still-there", "cancelled"), ("drip-14", "sent")),
        {"drip": DRIP, "still-there": SUNSET.replace("topic: Newsletter", "topic: After your visit")},
    ),
    "a-question-lost-on-its-way-silences-nobody": Small(
        f"""
        contact: {{email: ana@example.org}}
        {EAGER}
        events:
          - {{at: 2026-01-05 12:00, name: praise.given}}
          - {{at: 2026-05-02 19:00, name: unsubscribed, topic: Tips and ideas}}
        """,
        300,
        (("still-there", "cancelled"), ("drip-14", "sent"), ("drip-15", "sent")),
        {
            "drip": DRIP,
            "still-there": SUNSET.replace("topic: Newsletter", "topic: Tips and ideas").replace("Day 0", "Day 30"),
        },
    ),
    "less-often-and-back-again": Small(
        f"""
        contact: {{email: ana@example.org}}
        {EAGER}
        events:
          - {{at: 2026-01-05 12:00, name: less-often}}
          - {{at: 2026-03-20 12:00, name: less-often, wish: no}}
        """,
        200,
        (("news-1", "sent"), ("news-2", "expired")),
        weekly(24),
    ),
    "a-pause-and-going-on-before-its-end": Small(
        f"""
        contact: {{email: ana@example.org}}
        {EAGER}
        events:
          - {{at: 2026-01-05 12:00, name: praise.given}}
          - {{at: 2026-01-20 12:00, name: pause, days: 30}}
          - {{at: 2026-03-20 12:00, name: pause, days: 90}}
          - {{at: 2026-04-01 12:00, name: pause, days: 0}}
        """,
        150,
        (("news-1", "sent"), ("news-3", "expired")),
        weekly(20),
    ),
}
