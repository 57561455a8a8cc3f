"""Signups a second: new people post the form, and each answer means that they are stored for good."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from urllib.parse import urlencode

from benchmarks.bare import NAME
from benchmarks.bench import Bench, say
from benchmarks.hits import BARE
from benchmarks.load import Answered, Request, total
from benchmarks.mails import SENT
from benchmarks.people import FORM, addresses, first_name
from benchmarks.result import Result
from benchmarks.usage import cpu_result, processor_seconds

FASTEST = 5_000  # signups a second that a round has addresses for
CONTACTS = "SELECT count(*) FROM contact"


def measure(bench: Bench) -> Mapping[str, Result]:
    """First with everything at work, the workers sending the new people's mails; then with the workers paused."""
    installation, plan = bench.installation, bench.plan
    say(f"signups: {plan.rounds} rounds of {plan.seconds:g} s, each after as much for the bare answer")
    bench.load.run_once(installation.base, _forms(plan.connections))
    contacts, sent = installation.count(CONTACTS), installation.count(SENT)
    bare: list[Answered] = []
    busy: list[Answered] = []
    for _ in range(plan.rounds):
        bare.append(bench.load.run(bench.bare.base, BARE, plan.seconds))
        busy.append(_round(bench))
    reference = median(each.rate for each in bare)
    seen = _seen(busy) | {
        "stored": installation.count(CONTACTS) - contacts,
        "mails_sent_meanwhile": installation.count(SENT) - sent,
        "reference_rounds": [each.rate for each in bare],
        "web_processes": plan.web,
        "load": bench.load.name,
    }
    say(f"signups: {plan.rounds} rounds with the workers paused")
    with installation.workers_paused():
        contacts, used = installation.count(CONTACTS), processor_seconds(installation)
        alone = [_round(bench) for _ in range(plan.rounds)]
        stored = installation.count(CONTACTS) - contacts
        cpu = cpu_result(installation, used, stored)
    return {
        "signups_per_second": Result(_rate(busy), "signups/s", reference, NAME, seen),
        "signups_per_second_workers_paused": Result(
            _rate(alone), "signups/s", reference, NAME, _seen(alone) | {"stored": stored}
        ),
        "cpu_ms_per_signup": cpu,
    }


def _round(bench: Bench) -> Answered:
    forms = _forms(int(max(1.0, bench.plan.seconds) * FASTEST))
    return bench.load.run(bench.installation.base, forms, bench.plan.seconds)


def _forms(count: int) -> list[Request]:
    filled = (
        urlencode({"email": email, "first_name": first_name(number), "page": "https://glow.example/checklist"})
        for number, email in enumerate(addresses(count))
    )
    return [Request("POST", f"/forms/{FORM}", body) for body in filled]


def _rate(rounds: Sequence[Answered]) -> float:
    return median(each.rate for each in rounds)


def _seen(rounds: Sequence[Answered]) -> dict[str, object]:
    answered = total(rounds)
    return {
        "answered": answered.taken,
        "refused": answered.refused,
        "broken": answered.broken,
        "p50_ms": answered.p50_ms,
        "p99_ms": answered.p99_ms,
        "rounds": [each.rate for each in rounds],
    }
