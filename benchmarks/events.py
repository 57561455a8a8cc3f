"""Events a second: a shop tells what happened, one event a request, or five hundred of them in a list."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import count
from secrets import token_hex
from statistics import median

from sqlalchemy import text

from benchmarks.bench import Bench, say
from benchmarks.installation import Installation
from benchmarks.load import Answered, Load, Request, total
from benchmarks.people import join
from benchmarks.result import Result
from benchmarks.signups import RUSH
from benchmarks.usage import cpu_result, processor_seconds
from service.actions.grant import grant
from service.domain.access import Scope

IN_LIST = 500  # events
FASTEST = 2_000  # requests a second with one event that a round has events for
FASTEST_LISTS = 40  # lists a second
PEOPLE = 1_000  # whom the shop speaks of, all of them inside a sequence
EMAILS = "SELECT email FROM contact ORDER BY id DESC LIMIT :most"
KEPT = "SELECT count(*) FROM event WHERE name = 'cart.left'"


def measure(bench: Bench) -> Mapping[str, Result]:
    """With the workers paused, as for signups: every event wakes somebody for them to look at."""
    installation, plan = bench.installation, bench.plan
    say(f"events: {plan.rounds} rounds of {plan.seconds:g} s one a request, then as many with {IN_LIST} a request")
    shop = Shop(installation, min(PEOPLE, plan.mails))
    with installation.workers_paused():
        rush = Load(RUSH * plan.connections, plan.fetch, plan.seconds)
        one, cpu = _measure(bench, rush, shop, 1, FASTEST)
        many, cpu_in_lists = _measure(bench, bench.load, shop, IN_LIST, FASTEST_LISTS)
    return {
        "events_per_second": one,
        "cpu_ms_per_event": cpu,
        "events_in_lists_per_second": many,
        "cpu_ms_per_event_in_a_list": cpu_in_lists,
    }


class Shop:
    """Somebody's shop, with a key, that tells of new carts of people who are here."""

    def __init__(self, installation: Installation, people: int) -> None:
        join(installation.runtime, people)
        with installation.runtime.session() as session:
            key = grant(session, f"shop {token_hex(4)}", [Scope.EVENTS_WRITE])
            self._emails = list(session.scalars(text(EMAILS), {"most": people}))
        self.headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._name, self._numbers = token_hex(4), count()

    def requests(self, amount: int, size: int) -> list[Request]:
        """So many requests of `size` events each."""
        bodies = ([self._event() for _ in range(size)] for _ in range(amount))
        return [
            Request("POST", "/api/v1/events", json.dumps(body if size > 1 else body[0], separators=(",", ":")))
            for body in bodies
        ]

    def _event(self) -> dict[str, object]:
        number = next(self._numbers)
        return {
            "email": self._emails[number % len(self._emails)],
            "name": "cart.left",
            "key": f"{self._name}-{number}",
            "at": "2026-11-01T12:00:00Z",
            "data": {"cart_url": f"https://glow.example/cart/{number}"},
            "value": 48.5,
        }


def _measure(bench: Bench, load: Load, shop: Shop, size: int, fastest: int) -> tuple[Result, Result]:
    installation, plan = bench.installation, bench.plan
    load.run_once(installation.base, shop.requests(2 * plan.connections, size), headers=shop.headers)
    kept, used = installation.count(KEPT), processor_seconds(installation)
    rounds: list[Answered] = []
    for _ in range(plan.rounds):
        requests = shop.requests(int(max(1.0, plan.seconds) * fastest), size)
        rounds.append(load.run(installation.base, requests, plan.seconds, headers=shop.headers))
    kept = installation.count(KEPT) - kept
    cpu = cpu_result(installation, used, kept)
    return Result(median(each.rate * size for each in rounds), "events/s", more=_seen(bench, rounds, size, kept)), cpu


def _seen(bench: Bench, rounds: Sequence[Answered], size: int, kept: int) -> dict[str, object]:
    answered = total(rounds)
    return {
        "events_in_a_request": size,
        "answered": answered.taken * size,
        "stored": kept,
        "refused": answered.refused,
        "broken": answered.broken,
        "p50_ms": answered.p50_ms,
        "p99_ms": answered.p99_ms,
        "rounds": [each.rate * size for each in rounds],
        "load": bench.load.name,
    }
