"""What `everafter doctor` says of what was told: what is unread, who refuses the sender, how many people complain."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy.orm import Session

from service.cli.finding import Finding
from service.domain.reputation import Complaints, Standing
from service.store.complaints import read_complaints
from service.store.feedback import refused_by_policy
from service.store.journey import journey_now
from service.store.notice import count_notices

MONTH = timedelta(days=30)
A_LOT = 1_000  # notices
ADVICE = {
    Standing.GOOD: "",
    Standing.WATCHED: "Gmail wants it below 0.1 %. Write less often, and only to those who asked: docs/pacing.md.",
    Standing.BAD: "Gmail and Yahoo refuse mail from 0.3 % on. Stop what people complain about before anything else.",
}


def feedback_findings(session: Session) -> Iterator[Finding]:
    """A line for each."""
    yield _notices(session)
    yield _policy(session)
    yield _complaints(read_complaints(session, journey_now(session) - MONTH))


def _notices(session: Session) -> Finding:
    piled = count_notices(session)
    if piled.aside:
        advice = (
            f"They could not be read ({piled.error}). They are kept: docs/operations.md says how to read them again."
        )
        return Finding("provider webhooks", f"{piled.waiting} unread, {piled.aside} set aside", advice)
    if piled.postponed:
        advice = f"One is tried again by itself, for two days: {piled.postponed}. Look at this machine's way there."
        return Finding("provider webhooks", f"{piled.waiting} unread", advice)
    behind = "Workers are behind, or none is at work." if piled.waiting > A_LOT else ""
    return Finding("provider webhooks", f"{piled.waiting} unread", behind)


def _policy(session: Session) -> Finding:
    count, newest = refused_by_policy(session)
    if not count:
        return Finding("refused senders", "none in 24 hours")
    advice = (
        f"They are refused for who sends them, not for whom they are to: “{newest}” SPF, DKIM, DMARC or a block list."
    )
    return Finding("refused senders", f"{count} mails in 24 hours", advice)


def _complaints(complaints: Complaints) -> Finding:
    seen = f"{complaints.people} on {complaints.mails:,} mails in 30 days"
    if complaints.mails:
        seen += f", {complaints.share:.2%}"
    return Finding("complaints", seen, ADVICE[complaints.standing])
