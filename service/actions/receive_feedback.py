"""What providers told is read: kept once, matched with our mails, followed. Run by workers, behind what was answered.

A transaction reads some notices, or a part of a long one, and says how far it came; so a crash repeats nothing that
counts. What can't be read is set aside with its error, and holds nobody up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parseaddr
from time import monotonic

import structlog
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from service import clock
from service.actions.match_feedback import Heard
from service.actions.take_in_feedback import clean, take_in
from service.domain.aftermath import Aftermath, aftermath
from service.domain.bucket import MAJOR, Answers
from service.domain.feedback import WORDS, Feedback
from service.domain.redaction import without_addresses
from service.ports import Confirming, NotNow, Pacer, Published, Received, Receiver
from service.store.lasting import Begin
from service.store.notice import Held, Progress, Reading, take_notices, write_progress

ITEMS = 500  # told things a transaction
GRAVE = 50  # of them that change people, each of which takes a while
NOTICES = 200  # requests a transaction
BUDGET = 0.5  # seconds a call: mail waits meanwhile
VISITING = timedelta(minutes=1)  # until a visit that was begun is made again: whoever made it may have died
VALID = timedelta(days=2)  # for which the link of a subscription is good (docs.aws.amazon.com/sns, API "Subscribe")
SOONEST, LATEST = timedelta(seconds=30), timedelta(hours=3)  # from one try to the next
CHANGES = frozenset({Aftermath.DEAD, Aftermath.COMPLAINT, Aftermath.LEFT, Aftermath.ANSWERED})
UNFIT = frozenset({"21", "22", "23", "54"})  # classes of SQLSTATE: what was to be written doesn't fit

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Mailroom:
    """What reading needs: where sessions come from, the words, who understands which provider, the key that addresses
    are hashed with, what paces, and who visits the address by which a provider wants to be confirmed."""

    begin: Begin
    published: Callable[[], Published]
    receiver: Callable[[str], Receiver | None]
    hash_key: bytes
    pacer: Pacer | None
    visit: Callable[[str], object]


@dataclass(slots=True)
class Read:
    """What was read in one transaction: how far each notice, what was told, where mail is to go slower, and who wants
    to be confirmed at which address."""

    progress: list[Progress] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    slower: frozenset[str] = frozenset()
    visits: list[tuple[Held, str]] = field(default_factory=list)

    @property
    def is_full(self) -> bool:
        """Whether a transaction holds no more."""
        grave = sum(aftermath(each.told) in CHANGES for each in self.heard)
        return len(self.heard) >= ITEMS or grave >= GRAVE


def receive_feedback(mailroom: Mailroom, budget: float = BUDGET) -> int:
    """Read what waits, for about so many seconds; how many notices were looked at. Each transaction is its own.

    Raises what the database raises where that says nothing about what was read; then all of it still waits.
    """
    published, ends = mailroom.published(), monotonic() + budget
    count = alone = 0
    while monotonic() < ends:
        try:
            read = _read(mailroom, published, 1 if alone else NOTICES)
        except Exception as error:
            if not _is_about_it(error):
                raise
            # Which of them it was is found by reading each alone.
            log.exception("feedback.unreadable", alone=bool(alone))
            read = _set_aside(mailroom, error) if alone else Read()
            alone = alone or NOTICES + 1
        else:
            if not read.progress:
                break
        alone = max(0, alone - 1)
        count += len(read.progress)
        _slow_down(mailroom, published, read.slower)
        for held, url in read.visits:
            _confirm(mailroom, held, url)
    return count


def _is_about_it(error: Exception) -> bool:
    """Whether what was read is the fault, and not a database that is away, or somebody in the way."""
    if isinstance(error, DBAPIError):
        return str(getattr(error.orig, "sqlstate", None) or "")[:2] in UNFIT
    return not isinstance(error, SQLAlchemyError)


def _set_aside(mailroom: Mailroom, error: Exception) -> Read:
    """The one that waits longest."""
    with mailroom.begin() as session:
        read = Read([_aside(each, error) for each in take_notices(session, 1, 1)])
        write_progress(session, read.progress)
    return read


def _confirm(mailroom: Mailroom, held: Held, url: str) -> None:
    """Say to a provider that its address is ours; where that fails, again and again for as long as it may work."""
    try:
        mailroom.visit(url)
    except NotNow as error:
        log.error("webhook.not_confirmed", provider=held.provider, reason=str(error))
        progress = _again(held, f"its subscription could not be confirmed: {error}")
    else:
        log.info("webhook.confirmed", provider=held.provider, account=held.account)
        progress = Progress(held.id, held.at, held.taken, Reading.DONE)
    with mailroom.begin() as session:
        write_progress(session, [progress])


def _again(held: Held, why: str) -> Progress:
    """Once more when it is twice as old; after VALID a person has to ask the provider to ask again."""
    now = clock.machine_now()
    if now - held.at > VALID:
        return _aside(held, why)
    later = now + min(max(now - held.at, SOONEST), LATEST)
    return Progress(held.id, held.at, held.taken, Reading.WAITING, clean(why)[:WORDS], later)


def _aside(held: Held, why: Exception | str) -> Progress:
    words = f"{type(why).__name__}: {why}" if isinstance(why, Exception) else why
    return Progress(held.id, held.at, held.taken, Reading.ASIDE, without_addresses(clean(words)[:WORDS]))


def _read(mailroom: Mailroom, published: Published, most: int) -> Read:
    """Some of what waits, in one transaction."""
    read = Read()
    with mailroom.begin() as session:
        for held in take_notices(session, ITEMS, most):
            if read.is_full:
                break
            try:
                read.progress.append(_open(mailroom, held, read))
            except Exception as error:
                log.exception("feedback.set_aside", notice=held.id, provider=held.provider)
                read.progress.append(_aside(held, error))
        read.slower = take_in(session, published, mailroom.hash_key, read.heard)
        write_progress(session, read.progress)
    return read


def _open(mailroom: Mailroom, held: Held, read: Read) -> Progress:
    """Read on in one notice, as far as there is room."""
    receiver = mailroom.receiver(held.provider)
    if receiver is None:
        return _aside(held, f"{held.provider} is not configured here any more.")
    received = Received(held.headers, held.body, held.at)
    if isinstance(receiver, Confirming) and (url := receiver.confirm(received)) is not None:
        read.visits.append((held, url))
        lease = clock.machine_now() + VISITING
        return Progress(held.id, held.at, held.taken, Reading.WAITING, held.error, lease)
    told = receiver.told(received)
    taken = held.taken + _room_for(told[held.taken :], read.heard)
    read.heard += [Heard(held.provider, held.account, held.at, each) for each in told[held.taken : taken]]
    return Progress(held.id, held.at, taken, Reading.DONE if taken >= len(told) else Reading.WAITING)


def _room_for(told: Sequence[Feedback], heard: Sequence[Heard]) -> int:
    """For how many of them there is room in this transaction."""
    grave = sum(aftermath(each.told) in CHANGES for each in heard)
    for number, each in enumerate(told):
        if len(heard) + number >= ITEMS or grave >= GRAVE:
            return number
        grave += aftermath(each) in CHANGES
    return len(told)


def _slow_down(mailroom: Mailroom, published: Published, domains: frozenset[str]) -> None:
    """Those who refuse the sender get less for a while, as if they had said so themselves."""
    if mailroom.pacer is None or not domains:
        return
    groups = set(mailroom.pacer.groups(domains).values())
    answers = {group: Answers(strikes=MAJOR) for group in groups}
    sender = parseaddr(published.library.business.sender)[1].rpartition("@")[2].casefold()
    mailroom.pacer.settle(sender, answers)
