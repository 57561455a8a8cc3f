"""What is known of a run from outside: the provider's log, what people were told, the database, and what was done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.chaos.mail_service import Entry, MailService
from tests.chaos.people import People, Told
from tests.end_to_end.installation import Installation

# The sequences in tests/chaos/sequences, step by step.
STEPS = {
    "welcome": ("hello", "a-letter", "the-list", "the-map"),
    "rival": ("another-letter", "the-card"),
}
OF_FORM = {"checklist": ("welcome",), "both": ("welcome", "rival")}

DELIVERIES = """
    SELECT delivery.message_id, contact.email_key, enrolment.sequence, delivery.step, delivery.occasion, delivery.state,
           delivery.rule, delivery.reason, delivery.priority, delivery.token,
           extract(epoch FROM delivery.handed_machine_at)::float8
    FROM delivery JOIN contact ON contact.id = contact_id JOIN enrolment ON enrolment.id = enrolment_id
    ORDER BY delivery.id
"""
ENROLMENTS = """
    SELECT contact.email_key, enrolment.sequence, enrolment.state
    FROM enrolment JOIN contact ON contact.id = contact_id ORDER BY enrolment.id
"""
# Whatever should have been done by now: nothing of it is left once a run is healed.
DUE = """
    SELECT contact.email_key, coalesce(delivery.step, enrolment.sequence), coalesce(delivery.state, enrolment.state)
    FROM enrolment JOIN contact ON contact.id = enrolment.contact_id
    LEFT JOIN delivery ON delivery.enrolment_id = enrolment.id
        AND (delivery.state IN ('due', 'cleared', 'handed') OR delivery.state = 'held' AND delivery.wake_at <= now())
    WHERE delivery.id IS NOT NULL OR enrolment.state = 'active' AND enrolment.wake_at <= now()
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A delivery as the database has it."""

    id: str
    who: str
    sequence: str
    step: str
    occasion: int
    state: str
    rule: str | None
    reason: str | None
    priority: int
    token: str | None
    handed: float | None  # when its intent was written, by the database's clock


@dataclass(frozen=True, slots=True)
class Inside:
    """An enrolment as the database has it."""

    who: str
    sequence: str
    state: str


@dataclass(frozen=True, slots=True)
class Done:
    """Something that was done to the house, from `at` until `until`; `pid` is 0 where it fell on several processes."""

    at: float
    until: float
    target: str
    kind: str
    pid: int = 0


@dataclass(frozen=True, slots=True)
class History:
    """One run, as it is judged."""

    entries: Sequence[Entry] = ()
    signups: Sequence[Told] = ()
    leaves: Sequence[Told] = ()
    rows: Sequence[Row] = ()
    inside: Sequence[Inside] = ()
    contacts: Sequence[str] = ()
    due: Sequence[tuple[str, str, str]] = ()
    done: Sequence[Done] = field(default=())


def read_history(everafter: Installation, service: MailService, people: People, done: Sequence[Done]) -> History:
    """All of it as it stands now."""
    return History(
        entries=service.entries(),
        signups=list(people.signups),
        leaves=list(people.leaves),
        rows=[Row(*row) for row in everafter.rows(DELIVERIES)],  # type: ignore[arg-type]
        inside=[Inside(*row) for row in everafter.rows(ENROLMENTS)],  # type: ignore[arg-type]
        contacts=[str(email) for (email,) in everafter.rows("SELECT email_key FROM contact")],
        due=read_due(everafter),
        done=list(done),
    )


def read_due(everafter: Installation) -> list[tuple[str, str, str]]:
    """Whose step is due and has no outcome, and the state it is in."""
    return [(str(who), str(step), str(state)) for who, step, state in everafter.rows(DUE)]
