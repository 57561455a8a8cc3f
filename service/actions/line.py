"""The line of what is cleared, as one run goes along it.

What left the line is an entry of its index until VACUUM comes by, and each claim would walk past all of those: 0.4 ms
behind 30,000 mails that were sent. So a claim goes on behind the one before.
"""

from __future__ import annotations

import time

from sqlalchemy.orm import Session

from service.actions.lease import FRONT, Lease, Taken, take

AGAIN = 1.0  # seconds after which the whole line is looked at again


class Line:
    """One run's way along the line. What came to stand in front of it (it is due again, or was given back) is seen
    after `again` seconds, and what is more urgent at once."""

    def __init__(self, again: float = AGAIN) -> None:
        self._again = again
        self._place, self._began = FRONT, time.monotonic()

    def take(self, session: Session, lease: Lease, limit: int) -> list[Taken]:
        """Take up to `limit` mails, as `service.actions.lease.take` does."""
        if time.monotonic() >= self._began + self._again:
            self.begin_anew()
        taken = take(session, lease, limit, behind=self._place)
        if len(taken) < limit and self._place != FRONT:
            self.begin_anew()
            taken += take(session, lease, limit - len(taken))
        if taken:
            self._place = max(each.place for each in taken)
        return taken

    def begin_anew(self) -> None:
        """Somebody may stand in front."""
        self._place, self._began = FRONT, time.monotonic()
