"""The policy that sends real mail, for a simulated person: `service.domain.throttle` and `pressure` themselves.

What stands here is bookkeeping, in the place of the database; nothing is decided here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from service.domain.policy import Policy
from service.domain.pressure import Evidence, Pressure, What
from service.domain.pressure import Mail as Weighed
from service.domain.rhythm import EVER
from service.domain.simulation.population.memory import DAY, START, ZONE, instant
from service.domain.simulation.population.pace import Mail, Outlook, Ruled
from service.domain.sunset import silence_ends, unengaged
from service.domain.throttle import Candidate, Person, Ruling, arbitrate
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

    def rule(self, waiting: Sequence[Mail], day: int, outlook: Callable[[], Outlook]) -> Ruled:
        """What the engine decides of the mails that are due."""
        now = instant(day)
        if self._asked_at is not None and now >= silence_ends(self._asked_at, self._policy.sunset):
            return Ruled(dropped=tuple(waiting), silenced=True)
        sent: list[Mail] = []
        dropped = [each for each in waiting if now > self._candidate(each).expires_at]
        again: datetime | None = None
        if len(dropped) < len(waiting):  # else there is nothing to decide: what is past its end expires
            person = self.person(now, outlook())
            verdicts = arbitrate(map(self._candidate, waiting), person, self._policy, now)
            sent = [each for each in waiting if verdicts[each.number].ruling is Ruling.CLEARED]
            over = {Ruling.EXPIRED} if self._holds else {Ruling.EXPIRED, Ruling.HELD}
            dropped = [each for each in waiting if verdicts[each.number].ruling in over]
            again = min((each.until for each in verdicts.values() if each.until is not None), default=None)
        for mail in (*sent, *dropped):
            del self._candidates[mail.number]
        for mail in sent:
            self._count(mail, now)
        on = None if again is None else max(day + 1, math.ceil((again - START) / DAY))
        return Ruled(sent, dropped, on, asks=self._asks(now))

    def person(self, now: datetime, outlook: Outlook) -> Person:
        """What the engine would know of this person."""
        self._sent = [each for each in self._sent if each > now - MONTH]
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
        last, rhythm, limits = instant(outlook.last_visit), outlook.rhythm * DAY, self._policy.pressure
        return last + limits.due_from * rhythm, last + limits.due_until * rhythm

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
