"""`consent` of `business.yaml`: how long a confirmation is waited for, and an inquiry or a visit is good for mail.

Each is a setting with bounds: what the law calls a reasonable time is nobody's to stretch without end.
"""

from __future__ import annotations

from service.domain.duration import nominal_days
from service.domain.sequence.findings import Fault
from service.domain.sequence.keys import Keys
from service.domain.sequence.model.consent import ConsentPolicy
from service.domain.sequence.model.duration import Duration
from service.domain.sequence.times import read_span

CONSENT = ("confirm within", "remind after", "client lasts", "inquiry lasts")
NONE = "none"
DAYS = {  # by key: at least and at most
    "confirm within": (1, 30),
    "remind after": (0.04, 29),
    "client lasts": (30, 5 * 366),
    "inquiry lasts": (1, 2 * 366),
}
BOUNDS = {
    "confirm within": "a day and 30 days",
    "remind after": "an hour and 29 days",
    "client lasts": "a month and 5 years",
    "inquiry lasts": "a day and 2 years",
}


def read_consent(keys: Keys) -> ConsentPolicy:
    """What `consent` says, and the defaults for what it leaves out; a problem for each value that can't hold."""
    usual = ConsentPolicy()
    policy = ConsentPolicy(
        confirm_within=_read(keys, "confirm within") or usual.confirm_within,
        remind_after=_read_reminder(keys, usual),
        client_lasts=_read(keys, "client lasts") or usual.client_lasts,
        inquiry_lasts=_read(keys, "inquiry lasts") or usual.inquiry_lasts,
    )
    after = policy.remind_after
    if after is not None and nominal_days(after) >= nominal_days(policy.confirm_within):
        message = f"A reminder after {after} comes too late: a request is over after {policy.confirm_within}."
        place = keys.place_of("remind after" if "remind after" in keys else "confirm within")
        keys.findings.error(place, "out-of-bounds", message, "remind earlier, or write `remind after: none`")
    return policy


def _read_reminder(keys: Keys, usual: ConsentPolicy) -> Duration | None:
    if "remind after" not in keys:
        return usual.remind_after
    if keys.text("remind after").strip().casefold() == NONE:
        return None
    return _read(keys, "remind after")


def _read(keys: Keys, key: str) -> Duration | None:
    least, most = DAYS[key]

    def read(text: str) -> Duration:
        span = read_span(text)
        if not least <= nominal_days(span) <= most:
            message = f"`{key}: {span}` is out of bounds."
            raise Fault("out-of-bounds", message, f"write something between {BOUNDS[key]}")
        return span

    return keys.read(key, read)
