"""Opens and clicks a second: signed tokens of real mails, and every hit in the table afterwards."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from statistics import median

from sqlalchemy import text

from benchmarks.bare import NAME
from benchmarks.bench import Bench, say, wait_until
from benchmarks.installation import Installation
from benchmarks.load import Answered, Request, total
from benchmarks.mails import SENT, wait_for_mails
from benchmarks.people import join
from benchmarks.result import Result
from benchmarks.usage import cpu_result, processor_seconds
from service.store import stream
from service.store.publication import read_links

# A gateway that looks at every link: its clicks are judged as they are recorded, so that each round ends with its load.
GATEWAY = "Mozilla/5.0 (compatible; Barracuda Sentinel)"
IDS = "SELECT id FROM delivery WHERE state = 'sent' ORDER BY id LIMIT :most"
RECORDED = "SELECT count(*) FROM hit WHERE kind = :kind"
WAITING = "SELECT count(*) FROM hit WHERE rule = 'waiting'"
GATHERED = 0.2  # seconds until web processes have handed on what they gathered
PATIENCE = 240.0  # seconds until all is recorded
BARE = [Request("GET", "/")]


def measure_opens(bench: Bench) -> Mapping[str, Result]:
    """Answered opens a second, beside bare answers in turn."""
    sign = bench.installation.runtime.signer.sign
    requests = [Request("GET", f"/open/{sign('open', str(each))}.gif") for each in _mails(bench)]
    return _measure(bench, "open", requests)


def measure_clicks(bench: Bench) -> Mapping[str, Result]:
    """Answered clicks a second, beside bare answers in turn; then what a person's click takes."""
    requests = _clicks(bench)
    results = _measure(bench, "click", requests)
    return {**results, "cpu_ms_per_persons_click": _believe(bench, requests)}


def _mails(bench: Bench) -> list[int]:
    """Ids of mails that were sent, of so many people as the plan says."""
    installation, most = bench.installation, bench.plan.readers
    lacking = most - installation.count(SENT)
    if lacking > 0:
        say(f"hits: {lacking:,} people get their first mail")
        join(installation.runtime, lacking)
        wait_for_mails(installation, lacking)
    with installation.runtime.session() as session:
        return list(session.scalars(text(IDS), {"most": most}))


def _clicks(bench: Bench) -> list[Request]:
    mails, sign = _mails(bench), bench.installation.runtime.signer.sign
    with bench.installation.runtime.session() as session:
        links = sorted(read_links(session).values())
    tokens = (sign("click", f"{mail}.{links[turn % len(links)]}") for turn, mail in enumerate(mails))
    return [Request("GET", f"/click/{token}") for token in tokens]


def _measure(bench: Bench, kind: str, requests: Sequence[Request]) -> dict[str, Result]:
    plan, installation = bench.plan, bench.installation
    say(f"{kind}s: {plan.rounds} rounds of {plan.seconds:g} s, each after as much for the bare answer")
    before = _recorded(installation, kind)
    before += bench.load.run_once(installation.base, requests[: 10 * plan.connections], GATEWAY).taken
    used, used_bare = processor_seconds(installation), bench.bare.processor_seconds()
    bare: list[Answered] = []
    ours: list[Answered] = []
    began = time.monotonic()
    for _ in range(plan.rounds):
        bare.append(bench.load.run(bench.bare.base, BARE, plan.seconds))
        ours.append(bench.load.run(installation.base, requests, plan.seconds, GATEWAY))
    say(f"{kind}s: waiting until all are recorded")
    answered = total(ours)
    # An empty stream says nothing of what a busy site has still to hand on.
    wait_until(lambda: _recorded(installation, kind) - before >= answered.taken, PATIENCE, "all hits are recorded")
    _wait_until_recorded(installation)
    recorded = _recorded(installation, kind) - before
    seen = {
        "answered": answered.taken,
        "recorded": recorded,  # those that were cut off at the end of a round among them
        "refused": answered.refused,
        "broken": answered.broken,
        "p50_ms": answered.p50_ms,
        "p99_ms": answered.p99_ms,
        "rounds": [each.rate for each in ours],
        "reference_rounds": [each.rate for each in bare],
        "recorded_per_second": recorded / (time.monotonic() - began),
        "web_processes": plan.web,
        "load": bench.load.name,
    }
    reference = median(each.rate for each in bare)
    reference_cpu = 1000 * (bench.bare.processor_seconds() - used_bare) / total(bare).requests
    return {
        f"{kind}s_per_second": Result(median(each.rate for each in ours), f"{kind}s/s", reference, NAME, seen),
        f"cpu_ms_per_{kind}": cpu_result(installation, used, recorded, reference_cpu, NAME),
    }


def _believe(bench: Bench, requests: Sequence[Request]) -> Result:
    """Each person clicks once: what it takes until that is the event which conditions and goals look at."""
    installation = bench.installation
    say(f"clicks: {len(requests):,} people click once, and are believed")
    used = processor_seconds(installation)
    bench.load.run_once(installation.base, requests)
    _wait_until_recorded(installation)
    people = installation.count(WAITING)
    wait_until(lambda: not installation.count(WAITING), PATIENCE, "all clicks are judged")
    return cpu_result(installation, used, people)


def _wait_until_recorded(installation: Installation) -> None:
    time.sleep(GATHERED)
    redis = installation.runtime.redis
    wait_until(lambda: redis.xlen(stream.STREAM) == 0, PATIENCE, "all hits are recorded")


def _recorded(installation: Installation, kind: str) -> int:
    return installation.count(RECORDED, kind=kind)
