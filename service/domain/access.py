"""What programs may do: the scopes of `/api/v1`, and the form of its keys."""

from __future__ import annotations

import hashlib
import re
from enum import StrEnum

PREFIX = "ea_"  # so that a key that got into a repository can be found by it
KEY = re.compile(r"ea_[A-Za-z0-9_-]{43}")  # 256 random bits, base64url without padding
KEY_NAME = re.compile(r"[a-z0-9]+(?:[-_.][a-z0-9]+)*")


class Scope(StrEnum):
    """One thing a key may do. A key gets the least it needs: a booking system `events:write` alone."""

    CONTACTS_READ = "contacts:read"
    CONTACTS_WRITE = "contacts:write"
    EVENTS_WRITE = "events:write"
    SEQUENCES_READ = "sequences:read"
    ENROLMENTS_READ = "enrolments:read"
    ENROLMENTS_WRITE = "enrolments:write"
    DELIVERIES_READ = "deliveries:read"
    DELIVERIES_WRITE = "deliveries:write"
    FORMS_READ = "forms:read"
    REFERRALS_READ = "referrals:read"
    REFERRALS_WRITE = "referrals:write"
    SUPPRESSIONS_READ = "suppressions:read"
    SUPPRESSIONS_WRITE = "suppressions:write"
    TASKS_READ = "tasks:read"
    TASKS_WRITE = "tasks:write"
    METRICS = "metrics"


MEANINGS: dict[Scope, str] = {
    Scope.CONTACTS_READ: "read contacts and their timelines",
    Scope.CONTACTS_WRITE: "create, change and forget contacts; record consent",
    Scope.EVENTS_WRITE: "tell what happened",
    Scope.SEQUENCES_READ: "read sequences, and how many people are inside",
    Scope.ENROLMENTS_READ: "read enrolments",
    Scope.ENROLMENTS_WRITE: "let people into sequences, and take them out",
    Scope.DELIVERIES_READ: "read deliveries",
    Scope.DELIVERIES_WRITE: "say what became of an uncertain delivery",
    Scope.FORMS_READ: "read the signup forms, and what they give",
    Scope.REFERRALS_READ: "read who brought whom",
    Scope.REFERRALS_WRITE: "decide about referrals and their rewards; say that a code was used",
    Scope.SUPPRESSIONS_READ: "read the suppression list",
    Scope.SUPPRESSIONS_WRITE: "put addresses on the suppression list, and take them off",
    Scope.TASKS_READ: "read what colleagues have to do",
    Scope.TASKS_WRITE: "say that a task was done, is skipped or put off",
    Scope.METRICS: "read `/metrics` from another machine",
}

OF_THE_API = frozenset(Scope) - {Scope.METRICS}  # what a key may do where nobody says otherwise


def key_digest(key: str) -> bytes:
    """SHA-256 of a key: what is stored, and looked for. Without salt: 256 random bits can't be guessed."""
    return hashlib.sha256(key.encode()).digest()
