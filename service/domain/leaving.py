"""Leaving, as far as it can be taken back, and the reasons that people may give for it."""

from __future__ import annotations

from datetime import datetime, timedelta

UNDO = timedelta(hours=1)  # for so long a leaving can be taken back

# The reasons offered, after it is done and never before, each as a colleague reads it.
MEANINGS = {
    "too-often": "too much mail",
    "not-for-me": "the mail was not for them",
    "not-expected": "they had expected something else",
    "never-asked": "they never asked for it",
    "no-longer": "they don't need it any more",
    "other": "another one",
}


def can_undo(left_at: datetime, now: datetime) -> bool:
    """Whether a leaving can still be taken back."""
    return now - left_at <= UNDO
