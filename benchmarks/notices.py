"""Webhook events a second, kept for good before they are answered; and what a storm of them costs those who send."""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count, cycle, islice
from secrets import token_hex
from statistics import median
from typing import Any

import orjson
from sqlalchemy import text

from benchmarks.bench import Bench, say, wait_until
from benchmarks.installation import WEBHOOK_PASSWORD, Installation
from benchmarks.load import Answered, Load, Request, total
from benchmarks.mails import SENT, wait_for_mails
from benchmarks.people import decide, join
from benchmarks.result import Result
from benchmarks.signups import RUSH
from benchmarks.usage import cpu_result, processor_seconds

IN_LIST = 500  # events
FASTEST = 2_500  # requests a second with one event that a round has events for
FASTEST_LISTS = 60  # lists a second
MAILS_TOLD_OF = 5_000
FAST = 5_000  # events a second: a storm comes as fast as several providers tell what came of a campaign
PATIENCE = 600.0  # seconds until all is read
HEADERS = {
    "Authorization": f"Basic {b64encode(WEBHOOK_PASSWORD.encode()).decode()}",
    "Content-Type": "application/json",
}
MAILS = """
SELECT delivery.id, message_id, email FROM delivery JOIN contact ON contact.id = contact_id
WHERE state = 'sent' ORDER BY delivery.id DESC LIMIT :most
"""
KEPT = "SELECT coalesce(sum(items), 0) FROM notice"
UNREAD = "SELECT count(*) FROM notice WHERE state = 'waiting'"
FORGET = text("DELETE FROM suppression WHERE reason = 'complained'")
READ = "SELECT coalesce(sum(count), 0) FROM feedback_tally"
# Of a thousand events: what comes back of mail to people who asked for it.
MIX = (
    ("message_event", {"type": "delivery"}, 600),
    ("track_event", {"type": "open"}, 330),
    ("track_event", {"type": "click"}, 50),
    ("message_event", {"type": "bounce", "bounce_class": "22", "raw_reason": "452 4.2.2 mailbox full"}, 14),
    ("message_event", {"type": "bounce", "bounce_class": "10", "raw_reason": "550 5.1.1 no such user"}, 5),
    ("message_event", {"type": "spam_complaint", "fbtype": "abuse"}, 1),
)


@dataclass(frozen=True, slots=True)
class Sending:
    """Mails a second by the workers; with a storm, seconds until all of it was answered, and read."""

    rate: float
    answered: float = 0.0
    read: float = 0.0


def measure(bench: Bench) -> Mapping[str, Result]:
    """With the workers paused, what is kept; then a storm while they send, in turn with sending alone."""
    installation, plan = bench.installation, bench.plan
    say(f"notices: {plan.rounds} rounds of {plan.seconds:g} s one event a request, then as many with {IN_LIST}")
    told = Events(installation, min(plan.mails, MAILS_TOLD_OF))
    with installation.workers_paused():
        rush = Load(RUSH * plan.connections, plan.fetch, plan.seconds)
        one, cpu = _measure(bench, rush, told, 1, FASTEST)
        many, cpu_in_lists = _measure(bench, bench.load, told, IN_LIST, FASTEST_LISTS)
    results = {
        "notices_per_second": one,
        "cpu_ms_per_notice": cpu,
        "notices_in_lists_per_second": many,
        "cpu_ms_per_notice_in_a_list": cpu_in_lists,
        **_read(bench),
        "mails_per_second_in_a_storm": _storm(bench, told),
    }
    with installation.runtime.session() as session:
        session.execute(FORGET)  # so many complaints about so few mails rightly stop what is measured next
    return results


class Events:
    """What a provider tells of mails that were really sent."""

    def __init__(self, installation: Installation, most: int) -> None:
        lacking = most - installation.count(SENT)
        if lacking > 0:
            join(installation.runtime, lacking)
            wait_for_mails(installation, lacking)
        with installation.runtime.session() as session:
            mails = list(session.execute(text(MAILS), {"most": most}))
        kinds = [(name, event) for name, event, share in MIX for _ in range(share)]
        self._name, self._numbers = token_hex(4), count()
        self._mails, self._kinds = cycle(mails), cycle(sorted(kinds, key=lambda _: token_hex(4)))

    def requests(self, amount: int, size: int) -> list[Request]:
        """So many requests of `size` events each."""
        lists = (list(islice(self._events(), size)) for _ in range(amount))
        return [Request("POST", "/webhooks/sparkpost", orjson.dumps(each).decode()) for each in lists]

    def _events(self) -> Any:
        for (name, event), (delivery_id, message_id, email) in zip(self._kinds, self._mails, strict=False):
            more = {
                "event_id": f"{self._name}-{next(self._numbers)}",
                "timestamp": str(int(time.time())),
                "rcpt_to": email,
                "transmission_id": "65832150921904138",
                "rcpt_meta": {"everafter_delivery": str(delivery_id), "everafter_message": message_id.strip("<>")},
                "subject": "Your checklist",
                "sending_ip": "192.0.2.7",
                "user_agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15",
            }
            yield {"msys": {name: event | more}}


def _measure(bench: Bench, load: Load, told: Events, size: int, fastest: int) -> tuple[Result, Result]:
    installation, plan = bench.installation, bench.plan
    load.run_once(installation.base, told.requests(2 * plan.connections, size), headers=HEADERS)
    kept, used = installation.count(KEPT), processor_seconds(installation)
    rounds: list[Answered] = []
    for _ in range(plan.rounds):
        requests = told.requests(int(max(1.0, plan.seconds) * fastest), size)
        rounds.append(load.run(installation.base, requests, plan.seconds, headers=HEADERS))
    kept = installation.count(KEPT) - kept
    cpu = cpu_result(installation, used, kept)
    answered = total(rounds)
    seen = {
        "events_in_a_request": size,
        "answered": answered.taken * size,
        "kept": kept,
        "refused": answered.refused,
        "broken": answered.broken,
        "p50_ms": answered.p50_ms,
        "p99_ms": answered.p99_ms,
        "rounds": [each.rate * size for each in rounds],
        "load": load.name,
    }
    return Result(median(each.rate * size for each in rounds), "events/s", more=seen), cpu


def _read(bench: Bench) -> dict[str, Result]:
    """What was kept meanwhile is read, with nothing else to do; things told a second."""
    installation = bench.installation
    unread, read = installation.count(UNREAD), installation.count(READ)
    say(f"notices: {unread:,} of them are read")
    began, used = time.monotonic(), processor_seconds(installation)
    _wait_until_read(installation)
    took, read = time.monotonic() - began, installation.count(READ) - read
    return {
        "feedback_read_per_second": Result(read / took, "events/s", more={"notices": unread, "seconds": took}),
        "cpu_ms_per_feedback_read": cpu_result(installation, used, read),
    }


def _storm(bench: Bench, told: Events) -> Result:
    """Mails a second in a storm, beside mails a second without one."""
    plan = bench.plan
    say(f"notices: {plan.stormy:,} mails are sent alone, then in a storm of {plan.storm:,} events")
    alone: list[Sending] = []
    stormy: list[Sending] = []
    for _ in range(min(plan.rounds, 2)):
        alone.append(_send(bench, ()))
        stormy.append(_send(bench, told.requests(max(1, plan.storm // IN_LIST), IN_LIST)))
    seen = {
        "events": plan.storm,
        "mails": plan.stormy,
        "rounds": [each.rate for each in stormy],
        "reference_rounds": [each.rate for each in alone],
        "answered_within_s": median(each.answered for each in stormy),
        "read_within_s": median(each.read for each in stormy),
    }
    reference = median(each.rate for each in alone)
    return Result(median(each.rate for each in stormy), "mails/s", reference, "no storm", seen)


def _send(bench: Bench, storm: Sequence[Request]) -> Sending:
    installation, mails = bench.installation, bench.plan.stormy
    with installation.workers_paused():
        join(installation.runtime, mails)
        decide(installation.runtime)
        sent = installation.count(SENT)
    with ThreadPoolExecutor(1) as pool:
        began = time.monotonic()
        posting = pool.submit(_post, bench, storm)
        wait_for_mails(installation, mails)
        rate = (installation.count(SENT) - sent) / (time.monotonic() - began)
        posted = posting.result()
    _wait_until_read(installation)
    return Sending(rate, posted, time.monotonic() - began)


def _post(bench: Bench, storm: Sequence[Request]) -> float:
    """Post a storm, no faster than it comes; seconds until all of it was answered."""
    began = time.monotonic()
    for number, request in enumerate(storm):
        time.sleep(max(0.0, began + number * IN_LIST / FAST - time.monotonic()))
        answered = bench.load.run_once(bench.installation.base, [request], headers=HEADERS)
        if answered.refused or answered.broken:
            say("notices: a request of the storm was not taken")
    return time.monotonic() - began


def _wait_until_read(installation: Installation) -> None:
    def done() -> bool:
        installation.runtime.bell.ring()
        return not installation.count(UNREAD)

    wait_until(done, PATIENCE, "all that was told is read")
