"""Signups a second: new people post the form, and each answer means that they are stored for good."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import median
from urllib.parse import urlencode

from benchmarks.bench import Bench, say
from benchmarks.load import Answered, Load, Request, total
from benchmarks.mails import SENT
from benchmarks.people import FORM, addresses, first_name
from benchmarks.pgbench import NAME, storing_signups
from benchmarks.result import Result
from benchmarks.usage import processor_seconds, spent_result, used_since

FASTEST = 5_000  # signups a second that a round has addresses for
RUSH = 4  # times as many connections as elsewhere: so fast people only come when there are many of them
CONTACTS = "SELECT count(*) FROM contact"


def measure(bench: Bench) -> Mapping[str, Result]:
    """First alone, in turn with pgbench, as it is alone too; then while the workers send the new people their mails."""
    installation, plan = bench.installation, bench.plan
    rush = Load(RUSH * plan.connections, plan.fetch, plan.seconds)
    rush.run_once(installation.base, _forms(20 * plan.connections))
    say(f"signups: {plan.rounds} rounds of {plan.seconds:g} s, each after as much of pgbench; the workers are paused")
    reference: list[float] = []
    alone: list[Answered] = []
    spent: Counter[str] = Counter()
    with installation.workers_paused(), storing_signups(installation) as pgbench:
        contacts = installation.count(CONTACTS)
        for _ in range(plan.rounds):
            reference.append(pgbench.rate(plan.seconds))
            before = processor_seconds(installation)
            alone.append(_round(bench, rush))
            spent.update(used_since(installation, before))
        stored = installation.count(CONTACTS) - contacts
    seen = _seen(bench, alone) | {"stored": stored, "reference_rounds": reference}
    return {
        "signups_per_second": Result(_rate(alone), "signups/s", median(reference), NAME, seen),
        "cpu_ms_per_signup": spent_result(spent, stored),
        "signups_per_second_beside_mails": _beside_mails(bench, rush),
    }


def _beside_mails(bench: Bench, rush: Load) -> Result:
    installation, plan = bench.installation, bench.plan
    say(f"signups: {plan.rounds} rounds while the workers send the new people's mails")
    contacts, sent = installation.count(CONTACTS), installation.count(SENT)
    busy = [_round(bench, rush) for _ in range(plan.rounds)]
    seen = _seen(bench, busy) | {
        "stored": installation.count(CONTACTS) - contacts,
        "mails_sent_meanwhile": installation.count(SENT) - sent,
    }
    return Result(_rate(busy), "signups/s", more=seen)


def _round(bench: Bench, rush: Load) -> Answered:
    forms = _forms(int(max(1.0, bench.plan.seconds) * FASTEST))
    return rush.run(bench.installation.base, forms, bench.plan.seconds)


def _forms(count: int) -> list[Request]:
    filled = (
        urlencode({"email": email, "first_name": first_name(number), "page": "https://glow.example/checklist"})
        for number, email in enumerate(addresses(count))
    )
    return [Request("POST", f"/forms/{FORM}", body) for body in filled]


def _rate(rounds: Sequence[Answered]) -> float:
    return median(each.rate for each in rounds)


def _seen(bench: Bench, rounds: Sequence[Answered]) -> dict[str, object]:
    answered = total(rounds)
    return {
        "answered": answered.taken,
        "refused": answered.refused,
        "broken": answered.broken,
        "p50_ms": answered.p50_ms,
        "p99_ms": answered.p99_ms,
        "rounds": [each.rate for each in rounds],
        "web_processes": bench.plan.web,
        "connections": RUSH * bench.plan.connections,
        "load": bench.load.name,
    }
