"""How much is measured: the whole of it, a quick look, or a glance that only proves that it works."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """Counts and seconds of one run. Each web measurement alternates with its reference, `rounds` times."""

    mails: int = 20_000  # each round
    warm: int = 200  # mails before those that count, so that caches and SMTP sessions are there
    reference_mails: int = 20_000  # that smtp-source sends, each round
    mail_rounds: int = 7  # the same for mails, whose rounds differ most
    rounds: int = 3
    seconds: float = 5.0  # of load, each round
    profiled: int = 1_000  # mails
    crowd: int = 100_000  # people inside a sequence that a publication changes
    beside: int = 1_000  # mails that are sent meanwhile
    inside: int = 1_000_000  # people inside a sequence, most of them with nothing to do
    due: int = 10_000  # steps that are due among them, each round
    single: int = 150  # signups, one at a time
    rivals: int = 10_000  # people with three mails due at once
    storm: int = 100_000  # webhook events that come while mails are sent
    stormy: int = 15_000  # those mails
    heap: int = 20_000  # mails that are due at once and sent
    backlog: int = 1_000_000  # mails that are due at once, of which the first and the last are sent
    part: int = 60_000  # how many of those
    connections: int = 16  # kept by the load generator
    workers: int = 2
    web: int = 2
    fetch: bool = True  # whether programs that are not here may be fetched from Debian

    @property
    def readers(self) -> int:
        """People whose mails are opened and clicked."""
        return min(self.mails, 2_000)


WHOLE = Plan()
QUICK = Plan(
    storm=10_000,
    stormy=1_500,
    heap=2_000,
    backlog=100_000,
    part=4_000,
    single=20,
    rivals=1_000,
    inside=100_000,
    due=1_000,
    crowd=10_000,
    beside=200,
    mails=500,
    warm=50,
    reference_mails=5_000,
    mail_rounds=1,
    rounds=1,
    seconds=2.0,
    profiled=200,
)
GLANCE = Plan(
    storm=500,
    stormy=20,
    heap=30,
    backlog=4_000,  # more than leaves before anybody looks
    part=30,
    single=2,
    rivals=20,
    inside=600,
    due=10,
    crowd=60,
    beside=10,
    mails=30,
    warm=5,
    reference_mails=50,
    mail_rounds=1,
    rounds=1,
    seconds=0.15,
    profiled=20,
    connections=4,
    workers=1,
    web=1,
    fetch=False,
)
