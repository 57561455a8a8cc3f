"""Mail over a provider's HTTP API: kept connections, one deadline a request, and what each answer proves.

Only what is surely not taken is tried later; only what surely never will be is refused; everything else is uncertain,
unless the provider honours an idempotency key: then the same request is made once more.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from math import inf

from service.clock import machine_now
from service.ports import (
    HandOverError,
    Meanwhile,
    Message,
    NotUnderstood,
    Outcome,
    Refused,
    TryLater,
    Uncertain,
    nothing,
)
from service.providers.line import PATIENCE, Line, Lost, NotReached, Patience
from service.providers.service import MENDING, Answer, Call, Service
from service.providers.taken_apart import Mail

TRIES = 3  # of a request that a provider honours the key of
LONGEST = 86_400.0  # seconds of a pause that is asked for
UNPROVEN = frozenset({408, 409, 425})  # statuses that leave it open: 409, for one, while the first try is under way


@dataclass
class Group:
    """What holds for all requests of one group of mails."""

    room: threading.Semaphore
    start_by: float
    pause: TryLater | None = None  # what the service asked for, whoever mail is for


class HttpProvider:
    """Implements `service.ports.Provider` for any `Service`."""

    def __init__(self, service: Service, patience: Patience = PATIENCE, processes: int = 1) -> None:
        """`processes` share the service's rate."""
        self.name = service.name
        self._service, self._patience = service, patience
        self._rate = service.rate() / processes
        self._idle: list[Line] = []  # what was used last is used next, so that few stay open
        self._pool = ThreadPoolExecutor(service.at_once, thread_name_prefix=service.name)
        self._turn, self._next = threading.Lock(), 0.0

    def send(
        self, messages: Sequence[Message], start_by: float, at_once: int = 0, meanwhile: Meanwhile = nothing
    ) -> list[Outcome]:
        """Hand over a group, see `Provider`. A request carries as many mails as the provider takes at once."""
        group = Group(threading.Semaphore(at_once or self._service.at_once), start_by)
        parts = self._parts([Mail(message) for message in messages])
        outcomes = self._pool.map(lambda mails: self._within(group, mails), parts)
        while meanwhile():
            pass
        return [outcome for part in outcomes for outcome in part]

    def close(self) -> None:
        self._pool.shutdown()
        for line in self._idle:
            line.close()

    def _parts(self, mails: Sequence[Mail]) -> list[list[Mail]]:
        """The mails in requests, none with too many or too much in it."""
        parts: list[list[Mail]] = []
        size = 0
        for mail in mails:
            size += len(mail.raw)
            if not parts or len(parts[-1]) >= self._service.batch or size > self._service.most_bytes:
                parts.append([])
                size = len(mail.raw)
            parts[-1].append(mail)
        return parts

    def _within(self, group: Group, mails: Sequence[Mail]) -> list[Outcome]:
        """Hand over what one request carries, unless the service wants no more of the group."""
        with group.room:
            if group.pause is not None:
                return [group.pause] * len(mails)
            found = self._hand_over(mails, group.start_by)
            for each in found:
                if isinstance(each, HandOverError):
                    each.reason = nameless(each.reason, mails)
                if isinstance(each, TryLater) and each.in_all:
                    group.pause = each
            return found

    def _hand_over(self, mails: Sequence[Mail], start_by: float) -> list[Outcome]:
        try:
            call = self._service.call(mails)
        except Refused as refused:
            return [refused] if len(mails) == 1 else self._one_by_one(mails, start_by)
        except TryLater as later:
            return [later] * len(mails)
        if not self._takes_its_turn(start_by):
            return [TryLater("its group's time was over before its turn came", "budget", 0)] * len(mails)
        found, is_lost = self._tried(call, mails, start_by)
        if is_lost:  # what it says of the repetition proves nothing of the first time
            return [
                Uncertain(f"{self.name} may have taken it: then {each.reason}") if isinstance(each, TryLater) else each
                for each in found
            ]
        return found

    def _tried(self, call: Call, mails: Sequence[Mail], start_by: float) -> tuple[list[Outcome], bool]:
        """What came of a request, and whether an earlier try of it was lost on the way."""
        tries = TRIES if self._service.honours_keys else 1
        for count in range(1, tries + 1):
            try:
                answer = self._post(call, start_by if count == 1 else inf)
                return self._judge(answer, mails, start_by), count > 1
            except NotReached as why:
                away = f"no connection to {self.name}: {why}"
                return [TryLater(away, "connect", in_all=True)] * len(mails), count > 1
            except (Lost, NotUnderstood) as why:
                if count == tries:
                    return [Uncertain(f"{self.name} may have taken it: {why}")] * len(mails), True
                time.sleep(self._patience.pause)
        raise AssertionError("there is at least one try")

    def _judge(self, answer: Answer, mails: Sequence[Mail], start_by: float) -> list[Outcome]:
        """What an answer proves. Raises Lost or NotUnderstood where it proves nothing."""
        status = answer.status
        if 200 <= status < 300 or (400 <= status < 500 and self._service.tells_each(answer)):
            found = self._service.outcomes(answer, mails)
            if len(found) != len(mails):
                raise NotUnderstood(f"it answered about {len(found)} of {len(mails)} mails")
            return found
        if status in self._service.slows_down:
            wait = self._service.pause(answer) or retry_after(answer, machine_now())
            why = f"{self.name} asks for a pause: {answer.words}"
            return [TryLater(why, str(status), wait, in_all=True)] * len(mails)
        if 300 <= status < 400 or (400 <= status < 500 and self._service.is_about_us(answer)):
            why = f"{self.name} refuses our settings ({status}): {answer.words}"
            return [TryLater(why, str(status), MENDING, in_all=True)] * len(mails)
        if status in UNPROVEN or status >= 500 or status < 200:
            raise Lost(f"it answered {status}: {answer.words}")
        if len(mails) > 1:  # one of them spoils the whole request, which took nothing
            return self._one_by_one(mails, start_by)
        return [self._service.refusal(answer)]

    def _one_by_one(self, mails: Sequence[Mail], start_by: float) -> list[Outcome]:
        return [outcome for mail in mails for outcome in self._hand_over([mail], start_by)]

    def _takes_its_turn(self, start_by: float) -> bool:
        """Wait for a place in the provider's rate, where it has one; whether it came in time."""
        with self._turn:
            begins = max(self._next, time.monotonic())
            if begins > start_by:
                return False
            self._next = begins + (1 / self._rate if self._rate else 0.0)
        time.sleep(max(0.0, begins - time.monotonic()))
        return True

    def _post(self, call: Call, start_by: float) -> Answer:
        """Over a connection that nobody uses now. Raises Lost or NotReached."""
        try:
            line = self._idle.pop()
        except IndexError:
            line = Line(self._patience)
        try:
            return line.make(call, start_by)
        finally:
            self._idle.append(line)


def nameless(words: str, mails: Sequence[Mail]) -> str:
    """What a provider said, without whom it said it of: a reason is kept longer than an address may be."""
    addresses = "|".join(re.escape(mail.recipient) for mail in mails if mail.recipient)
    return re.sub(addresses, "the address", words, flags=re.IGNORECASE) if "@" in words and addresses else words


def retry_after(answer: Answer, now: datetime) -> float | None:
    """The seconds of Retry-After (RFC 9110 §10.2.3), a number or a date; None where it says neither."""
    said = answer.headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", said):
        return min(float(said), LONGEST)
    try:
        return min(max(0.0, parsedate_to_datetime(said).timestamp() - now.timestamp()), LONGEST)
    except (TypeError, ValueError, OverflowError):
        return None
