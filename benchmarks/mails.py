"""Mails a second: from `cleared` to `sent`, by the real worker processes, over real SMTP."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import mean, median

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from benchmarks.bench import Bench, apart, say, wait_until
from benchmarks.installation import Installation
from benchmarks.people import decide, join
from benchmarks.result import Result
from benchmarks.sink import Blast
from benchmarks.usage import cpu_result, processor_seconds
from service.actions.deliver import deliver
from service.actions.lease import Lease
from service.actions.put_into_words import Desk
from service.ports import Meanwhile, Message, Outcome, Provider, nothing
from service.runtime import Runtime

WEIGHED = 25  # mails
SIGNED = 2_000  # mails
SLOWEST = 10  # mails a second, below which we don't wait any longer
PATIENCE = 120.0  # seconds

EVERY = 0.05  # seconds between two looks
AT_LAST = 0.01  # seconds between two when nothing more is to be taken: what is handed over is answered any moment
NEARLY = 0.9  # of all mails
RING = 0.2  # seconds for which one ring of the bell is enough
# Looking is not to cost what is measured: each by an index of its own, and not before the sink has nearly all of them.
TO_TAKE = (
    "state = 'cleared' AND pace_group IS NULL",
    "state = 'cleared' AND pace_group IS NOT NULL",
    "state = 'due'",
)
WAYS = (*TO_TAKE, "state = 'handed'")


def _any(ways: Iterable[str]) -> str:
    return "SELECT ({})::int".format(" OR ".join(f"EXISTS (SELECT FROM delivery WHERE {each})" for each in ways))


LEFT, OPEN = _any(TO_TAKE), _any(WAYS)
DUE = "SELECT EXISTS (SELECT FROM enrolment WHERE state = 'active' AND wake_at <= now())::int"
SENT = "SELECT count(*) FROM delivery WHERE state = 'sent'"


class Scales:
    """A provider that weighs what another one sends."""

    def __init__(self, provider: Provider) -> None:
        self.name = provider.name
        self.sizes: list[int] = []
        self._provider = provider

    def send(
        self, messages: Sequence[Message], start_by: float, at_once: int = 0, meanwhile: Meanwhile = nothing
    ) -> list[Outcome]:
        self.sizes += [len(message.raw) for message in messages]
        return self._provider.send(messages, start_by, at_once, meanwhile)

    def close(self) -> None:
        self._provider.close()


@dataclass(frozen=True, slots=True)
class Sending:
    """What the workers did: rows that are `sent`, mails that the sink counted, seconds, the mean size in bytes."""

    sent: int
    arrived: int
    seconds: float
    size: int
    cpu: Result


def measure(bench: Bench) -> Mapping[str, Result]:
    """Mails a second beside smtp-source, which sends mails of the same size to the same sink; in turn, the medians."""
    _warm_up(bench)
    sendings = [_send(bench)]
    size = sendings[0].size
    blasts = _blast(bench, size)
    for _ in range(bench.plan.mail_rounds - 1):
        sendings.append(_send(bench))
        blasts += _blast(bench, size)
    seen = {
        "mails": sum(each.sent for each in sendings),
        "arrived": sum(each.arrived for each in sendings),
        "rounds": [each.sent / each.seconds for each in sendings],
        "workers": bench.plan.workers,
        "mail_bytes": size,
        "sink": bench.sink.name,
        "reference_rounds": [each.rate for each in blasts],
    }
    rate = median(each.rate for each in blasts) if blasts else None
    cpu = median(each.cpu_ms for each in blasts) if blasts else None
    name = "smtp-source" if blasts else ""
    usual = sorted(sendings, key=lambda each: each.sent / each.seconds)[len(sendings) // 2]
    return {
        "mails_per_second": Result(usual.sent / usual.seconds, "mails/s", rate, name, seen),
        "cpu_ms_per_mail": replace(usual.cpu, reference=cpu, reference_name=name),
        "signed_mails_per_second": _signed(bench, rate, name),
    }


def _signed(bench: Bench, rate: float | None, name: str) -> Result:
    """The same with DKIM on, in an installation of its own; not as many."""
    plan = replace(bench.plan, mails=min(bench.plan.mails, SIGNED))
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")
    dkim = {"DKIM_DOMAIN": "glow.example", "DKIM_SELECTOR": "bench", "DKIM_KEY": pem}
    say("mails: the same with DKIM on")
    with apart(replace(bench, plan=plan), "signed", **dkim) as signing:
        _warm_up(signing)
        sending = _send(signing)
    more = {"mails": sending.sent, "mail_bytes": sending.size, "cpu_ms": sending.cpu.value}
    return Result(sending.sent / sending.seconds, "mails/s", rate, name, more)


def _warm_up(bench: Bench) -> None:
    say(f"mails: {bench.plan.warm:,} to warm up")
    join(bench.installation.runtime, bench.plan.warm)
    wait_for_mails(bench.installation, bench.plan.warm)


def _send(bench: Bench) -> Sending:
    installation, count = bench.installation, bench.plan.mails
    others = bench.sink.count() - installation.count(SENT)  # that came from elsewhere; all is quiet yet
    with installation.workers_paused():
        say(f"mails: {count:,} people sign up, and their first mail is cleared")
        join(installation.runtime, count + WEIGHED)
        decide(installation.runtime)
        size = _weigh(installation.runtime)
        sent, used = installation.count(SENT), processor_seconds(installation)
        arrived = others + sent  # the sink takes a moment to say so
        say(f"mails: {bench.plan.workers} workers send them")
    began = time.monotonic()
    wait_for_mails(installation, count, lambda: bench.sink.so_far() - arrived >= NEARLY * count)
    took = time.monotonic() - began
    sent = installation.count(SENT) - sent
    cpu = cpu_result(installation, used, sent)
    wait_until(lambda: bench.sink.count() - arrived >= sent, PATIENCE, "the sink has counted all mails")
    return Sending(sent, bench.sink.count() - arrived, took, size, cpu)


def wait_for_mails(installation: Installation, count: int, nearly: Callable[[], bool] = lambda: True) -> None:
    """Until nothing is on its way; the bell rings meanwhile, as on a busy site. The database is asked once it is
    `nearly` so."""
    rung = float("-inf")

    def ringing() -> bool:
        nonlocal rung
        if time.monotonic() >= rung + RING:
            rung = time.monotonic()
            installation.runtime.bell.ring()
        return True

    with installation.runtime.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as looking:

        def none(*queries: str) -> bool:
            return ringing() and not any(looking.exec_driver_sql(query).scalar_one() for query in queries)

        what, patience = f"{count:,} mails are sent", PATIENCE + count / SLOWEST
        wait_until(lambda: ringing() and nearly(), patience, f"{what}, or nearly", EVERY)
        wait_until(lambda: none(LEFT, DUE), patience, what, EVERY)
        wait_until(lambda: none(OPEN, DUE), patience, what, AT_LAST)


def _weigh(runtime: Runtime) -> int:
    """The mean size of a mail, in bytes: of one group, which this process hands over itself."""
    scales = Scales(runtime.provider)
    desk = Desk(runtime.session, runtime.published, runtime.renderer, scales, WEIGHED)
    deliver(desk, Lease(), lambda: bool(scales.sizes))
    return round(mean(scales.sizes))


def _blast(bench: Bench, size: int) -> list[Blast]:
    if bench.sink.source is None:
        return []
    say(f"mails: smtp-source sends {bench.plan.reference_mails:,} of {size:,} bytes")
    return [bench.sink.blast(bench.plan.reference_mails, size)]
