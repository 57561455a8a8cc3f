"""One run: a house, people, everything that can go wrong, then peace, and the judgement."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import psycopg
from redis.exceptions import RedisError

from service.settings import ROOT
from tests.chaos.history import Done, History, read_due, read_history
from tests.chaos.judge import Violation, judge, left_by_run
from tests.chaos.mail_service import MailService, mail_service
from tests.chaos.nemesis import Nemesis
from tests.chaos.people import People
from tests.chaos.points import EVERY, Attack, Orders
from tests.chaos.schedule import draw
from tests.chaos.servers import Servers
from tests.chaos.story import tell
from tests.end_to_end.installation import Installation, installed
from tests.waiting import NeverCame, until

SEQUENCES = ROOT / "tests" / "chaos" / "sequences"
FIRST = 40  # people by whom the house is measured
SHARE = 0.4  # of what it was measured to take
MOST = 12.0  # signups a second; more says nothing new, and healing would take as long as the harm
CALM = 3  # times in a row that nothing due is found

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run consists of. `nap`: how long a process is frozen at a point; times in seconds."""

    seed: int
    points: Sequence[tuple[str, str]] = EVERY
    nap: float = 12.0  # longer than a group's budget
    nemesis: float = 300.0
    healing: float = 180.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a run."""

    history: History
    violations: Sequence[Violation]
    healed_in: float | None

    def __str__(self) -> str:
        return tell(self.history, self.violations) if self.violations else summary(self)


@dataclass(frozen=True, slots=True)
class House:
    """An installation with its provider, its people, and whoever means it harm."""

    everafter: Installation
    service: MailService
    servers: Servers
    people: People
    nemesis: Nemesis
    orders: Orders

    def history(self) -> History:
        return read_history(self.everafter, self.service, self.people, self.nemesis.done)


@contextmanager
def house(folder: Path) -> Iterator[House]:
    """One that runs for as long as the `with` lasts."""
    orders = Orders(folder / "orders")
    orders.folder.mkdir(parents=True)
    folder.chmod(0o711)
    settings = {"EVERAFTER_SEQUENCES": str(SEQUENCES), "EVERAFTER_FAULT_ORDERS": str(orders.folder), "WORKERS": "2"}
    with (
        mail_service(folder) as service,
        installed(folder / "home", service.url, **settings) as everafter,
    ):
        servers, people = Servers(everafter), People(everafter, service)
        try:
            yield House(everafter, service, servers, people, Nemesis(everafter, service, servers), orders)
        finally:
            people.end()


def run(plan: Plan, home: House, say: Say) -> Verdict:
    """The whole of it. Raises NeverCame where the house does not come back."""
    rate = measure(home, say)
    home.servers.checkpoint()
    strike_points(plan, home, say)
    rage(plan, home, rate, say)
    healed_in = heal(plan, home, say)
    history = home.history()
    violations = judge(history)
    if healed_in is None:
        violations.append(Violation("all is well again", "the house", f"is not after {plan.healing:g} s of peace"))
    return Verdict(history, violations, healed_in)


def measure(home: House, say: Say) -> float:
    """How many signups a second are well below what this house takes, mails and all."""
    began = time.monotonic()
    came = {each.who for each in home.people.come(FIRST)}

    def all_have_mail() -> bool:
        return came <= {each.to for each in home.service.entries() if each.what == "accepted"}

    until(all_have_mail, "the first people have mail", 120)
    rate = min(MOST, SHARE * FIRST / (time.monotonic() - began))
    say(f"{rate:.1f} signups a second, {SHARE:.0%} of what the house takes")
    return rate


def strike_points(plan: Plan, home: House, say: Say) -> None:
    """Each fault at each point, once."""
    attack = Attack(home.orders, home.nemesis, home.servers, home.people, plan.nap)
    for number, (point, kind) in enumerate(plan.points, 1):
        say(f"{number} of {len(plan.points)}: {kind} at {point}")
        attack.strike(point, kind)


def rage(plan: Plan, home: House, rate: float, say: Say) -> None:
    """Faults at random, while people come and leave."""
    faults = draw(plan.seed, plan.nemesis)
    coming = Thread(target=home.people.keep_coming, args=(rate, plan.nemesis))
    coming.start()
    home.nemesis.follow(faults, lambda fault: say(str(fault)))
    coming.join()


def heal(plan: Plan, home: House, say: Say) -> float | None:
    """Peace: how many seconds it took until nothing due was left, and everybody was told yes; None if it never was."""
    say("peace: everything due has to leave now")
    calm = 0

    def healed() -> bool:
        nonlocal calm
        home.people.let_leave()
        try:
            home.servers.let_time_pass()
            calm = 0 if home.people.waiting or read_due(home.everafter) else calm + 1
        except (psycopg.Error, RedisError):
            calm = 0
        return calm >= CALM

    try:
        return until(healed, "nothing due is left", plan.healing, every=1.0)
    except NeverCame:
        return None  # the judge says what is left


def summary(verdict: Verdict) -> str:
    """What a run went through and came to, in a few lines."""
    history = verdict.history
    what = Counter(each.what for each in history.entries)
    states = Counter(row.state for row in history.rows)
    accepted = {each.id for each in history.entries if each.what == "accepted"}
    unsure = [row for row in history.rows if row.state == "uncertain"]
    by_run = left_by_run(history)
    lines = [
        ("faults", f"{len(history.done)}: {_told(history.done)}"),
        ("signups", f"{sum(1 for each in history.signups if each.at)} acknowledged of {len(history.signups)}"),
        ("unsubscribes", f"{sum(1 for each in history.leaves if each.at)} acknowledged"),
        ("mails", f"{what['accepted']} accepted, {what['refused']} refused, {what['cut']} cut off; none twice"),
        ("rows", ", ".join(f"{count} {state}" for state, count in states.most_common())),
        (
            "uncertain",
            f"{len(unsure)}, {sum(row.id in accepted for row in unsure)} of them accepted; {by_run.total()} by"
            f" {len(by_run)} workers that ended, {max(by_run.values(), default=0)} by one at most",
        ),
        ("healed", f"in {verdict.healed_in or 0:.0f} s"),
    ]
    return "\n".join(f"  {name:<13} {words}" for name, words in lines)


def _told(done: Sequence[Done]) -> str:
    return ", ".join(
        f"{count} × {target} {kind.replace('_', ' ')}" if target != kind else f"{count} × no {kind}"
        for (target, kind), count in sorted(Counter((each.target, each.kind) for each in done).items())
    )
