"""People: they sign up until they are told yes, and some of them leave. What they were told, and when, is kept."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from zlib import crc32

import requests

from tests.chaos.mail_service import MailService
from tests.end_to_end.installation import Installation

FORMS = ("checklist", "checklist", "checklist", "both")  # five letters wanted by four people who may get four
DOMAINS = 40  # mail is paced by domain: one that asks to slow down holds only its own people
LEAVING = 15  # people of a hundred
THINKING = 4.0  # seconds at most from a mail to the click on its link
AT_ONCE = 16
WAITING = 60  # people that wait for an answer before others come


@dataclass(slots=True)
class Told:
    """What somebody asked for and was told: `at` is when the yes came, None while it has not. Times of the epoch."""

    who: str
    form: str
    asked: float
    at: float | None = None
    tries: int = 0


class People:
    """Everybody of one run."""

    def __init__(self, everafter: Installation, service: MailService) -> None:
        self._everafter, self._service = everafter, service
        self.signups: list[Told] = []
        self.leaves: list[Told] = []
        self._pool = ThreadPoolExecutor(AT_ONCE)
        self._numbers = count(1)
        self._ended = threading.Event()
        self._seen: set[str] = set()
        self._looked = 0

    def come(self, number: int, form: str | None = None) -> list[Told]:
        """So many people begin to sign up now."""
        came = []
        for _ in range(number):
            mine = next(self._numbers)
            who = f"person{mine}@domain{mine % DOMAINS}.example.org"
            came.append(Told(who, form or FORMS[mine % len(FORMS)], time.time()))
            self.signups.append(came[-1])
            self._pool.submit(self._insist, came[-1], self._sign_up)
        return came

    def keep_coming(self, a_second: float, seconds: float) -> None:
        """People come at this rate for so long, and leave; fewer come while many wait for an answer."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends and not self._ended.is_set():
            if sum(1 for each in self.signups[-4 * WAITING :] if each.at is None) < WAITING:
                self.come(1)
            self.let_leave()
            self._ended.wait(1 / a_second)

    def let_leave(self) -> None:
        """Whoever is of those that leave, and got a mail, clicks on its link a moment later.

        Nobody does whose signup had to be tried twice: the first request may still be under way, and agree anew.
        """
        once = {each.who for each in list(self.signups) if each.at is not None and each.tries == 1}
        entries = self._service.entries()
        for entry in entries[self._looked :]:
            lot = crc32(b"leaves" + entry.to.encode())
            if entry.what == "accepted" and lot % 100 < LEAVING and entry.to in once and entry.to not in self._seen:
                self._seen.add(entry.to)
                told = Told(entry.to, entry.leave, time.time())
                self.leaves.append(told)
                self._pool.submit(self._insist, told, self._leave, wait=lot % 1000 / 1000 * THINKING)
        self._looked = len(entries)

    @property
    def waiting(self) -> int:
        """How many were not told yes yet."""
        return sum(1 for each in [*self.signups, *self.leaves] if each.at is None)

    def end(self) -> None:
        self._ended.set()
        self._pool.shutdown(cancel_futures=True)

    def _insist(self, told: Told, ask: Callable[[Told], bool], wait: float = 0.0) -> None:
        self._ended.wait(wait)
        while not self._ended.is_set():
            told.tries += 1
            try:
                if ask(told):
                    told.at = time.time()
                    return
            except requests.RequestException:
                pass  # Everafter is down or slow just now: asked again, and `waiting` counts who was never told yes
            self._ended.wait(0.3)

    def _sign_up(self, told: Told) -> bool:
        return self._everafter.sign_up(told.who, form=told.form).status_code == 303

    def _leave(self, told: Told) -> bool:
        return requests.post(told.form, data={"List-Unsubscribe": "One-Click"}, timeout=20).status_code == 200
