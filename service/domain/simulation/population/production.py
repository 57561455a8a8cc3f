"""The policy that sends real mail, for a simulated person: `service.domain.throttle` and `pressure` themselves.

What stands here is bookkeeping, in the place of the database; nothing is decided here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from service.domain.policy import Policy
from service.domain.pressure import Evidence, Pressure, What
from service.domain.pressure import Mail as Weighed
from service.domain.rhythm import EVER
from service.domain.simulation.population.memory import DAY, START, ZONE, instant
from service.domain.simulation.population.pace import Mail, Outlook, Ruled
from service.domain.sunset import silence_ends, unengaged
from service.domain.throttle import Candidate, Person, Ruling, Verdict, arbitrate
from service.domain.window import Window

MONTH = timedelta(days=30)
ANY = Window.any()


class Production:
    """One person's. `weighs`: whether pressure is reckoned at all, `sunsets`: whether who never reacts is asked,
    `knows_due`: whether it is told when a client is due for a visit, `holds`: whether what may not leave waits."""

    def __init__(
        self,
        policy: Policy,
        hides_opens: bool,
        *,
        weighs: bool = True,
        sunsets: bool = True,
        knows_due: bool = True,
        holds: bool = True,
    ) -> None:
        self._policy, self._hides, self._weighs, self._sunsets = policy, hides_opens, weighs, sunsets
        self._knows_due, self._holds = knows_due, holds
        self._pressure = Pressure()
        self._sent: list[datetime] = []
        self._candidates: dict[int, Candidate] = {}
        self._unengaged = 0
        self._since: datetime | None = None
        self._ever = False
        self._asked_at: datetime | None = None
        self._due_by: tuple[tuple[int, float], tuple[datetime, datetime]] | None = None  # of this visit and rhythm

    def rule(self, waiting: Sequence[Mail], day: int, outlook: Callable[[], Outlook]) -> Ruled:
        """What the engine decides of the mails that are due."""
        now = instant(day)
        if self._asked_at is not None and now >= silence_ends(self._asked_at, self._policy.sunset):
            return Ruled(dropped=tuple(waiting), silenced=True)
        candidates = [self._candidate(each) for each in waiting]
        if any(now <= each.expires_at for each in candidates):
            person = self.person(now, outlook())
            sent, dropped, again = self._parted(
                waiting, arbitrate(candidates, person, self._policy, now, is_told=False)
            )
        else:  # there is nothing to decide: what is past its end expires
            sent, dropped, again = [], list(waiting), None
        for mail in (*sent, *dropped):
            del self._candidates[mail.number]
        for mail in sent:
            self._count(mail, now)
        on = None if again is None else max(day + 1, math.ceil((again - START) / DAY))
        return Ruled(sent, dropped, on, asks=self._asks(now))

    def _parted(
        self, waiting: Sequence[Mail], verdicts: Mapping[int, Verdict]
    ) -> tuple[list[Mail], list[Mail], datetime | None]:
        """What leaves, what is dropped, and when the first of the others is looked at again."""
        sent: list[Mail] = []
        dropped: list[Mail] = []
        again: datetime | None = None
        for mail in waiting:
            ruling, _, _, until, _ = verdicts[mail.number]
            if ruling is Ruling.CLEARED:
                sent.append(mail)
            elif ruling is Ruling.EXPIRED or not self._holds:
                dropped.append(mail)
            if until is not None and (again is None or until < again):
                again = until
        return sent, dropped, again

    def person(self, now: datetime, outlook: Outlook) -> Person:
        """What the engine would know of this person."""
        since = now - MONTH
        self._sent = [each for each in self._sent if each > since]
        due_from, due_until = self._due(outlook)
        return Person(
            sent=tuple(self._sent),
            level=self._pressure.level(now, self._policy.pressure),
            due_from=due_from,
            due_until=due_until,
            warm_ahead=None if outlook.warm_ahead is None else instant(outlook.warm_ahead),
            silent_since=self._asked_at,
            zone=ZONE,
        )

    def _due(self, outlook: Outlook) -> tuple[datetime | None, datetime | None]:
        """As `service.domain.rhythm.due_between` reckons it; nobody has booked ahead."""
        if not self._knows_due:
            return None, None
        if outlook.last_visit is None:
            return EVER, None
        known = (outlook.last_visit, outlook.rhythm)
        if self._due_by is None or self._due_by[0] != known:
            last, rhythm, limits = instant(outlook.last_visit), outlook.rhythm * DAY, self._policy.pressure
            self._due_by = known, (last + limits.due_from * rhythm, last + limits.due_until * rhythm)
        return self._due_by[1]

    def reacted(self, what: What, mail: int | None, day: int) -> None:
        """Evidence of a person; it ends the sunset's silence too."""
        if self._weighs:
            evidence = Evidence(instant(day), what, mail)
            self._pressure = self._pressure.after_evidence(evidence, self._policy.pressure)
        self._unengaged, self._since, self._ever = 0, None, True
        self._asked_at = None

    def _candidate(self, mail: Mail) -> Candidate:
        found = self._candidates.get(mail.number)
        if found is None:
            found = self._candidates[mail.number] = candidate(mail)
        return found

    def _count(self, mail: Mail, now: datetime) -> None:
        self._sent.append(now)
        if self._weighs:
            weighed = Weighed(mail.number, now, mail.kind, mail.thread)
            self._pressure = self._pressure.after_mail(weighed, self._hides, self._policy.pressure)
        self._unengaged += 1
        self._since = self._since or now

    def _asks(self, now: datetime) -> bool:
        if not self._sunsets or self._asked_at is not None:
            return False
        if not unengaged(self._unengaged, self._since, self._ever, self._policy.sunset, now):
            return False
        self._asked_at = now
        return True


def candidate(mail: Mail) -> Candidate:
    """A mail as it competes for a slot; the model's windows are open."""
    ends = instant(mail.day) + timedelta(days=mail.keeps)
    return Candidate(
        mail.number, mail.priority, ends, ANY, kind=mail.kind, closed_days=False, asks_to_stay=mail.asks_to_stay
    )
