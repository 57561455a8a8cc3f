"""What providers told is read: kept once, matched with our mails, followed. Run by workers, behind what was answered.

A transaction reads some notices, or a part of a long one, and says how far it came; so a crash repeats nothing that
counts. What can't be read is set aside with its error, and holds nobody up.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from time import monotonic

import structlog
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session

from service import clock
from service.actions.follow_feedback import follow
from service.actions.match_feedback import Heard, Matched, hash_of, match
from service.domain.aftermath import Aftermath, aftermath, kind_of
from service.domain.bucket import MAJOR, Answers
from service.domain.feedback import WORDS, Feedback
from service.ports import Confirming, NotNow, Pacer, Published, Received, Receiver
from service.store.contact import lock_contacts
from service.store.feedback import Row, keep_feedback, tally
from service.store.journey import journey_now
from service.store.notice import Held, Progress, Reading, take_notices, write_progress

ITEMS = 500  # told things a transaction
GRAVE = 50  # of them that change people, each of which takes a while
NOTICES = 200  # requests a transaction
BUDGET = 0.5  # seconds a call: mail waits meanwhile
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)  # before it nobody told anything
KEY = 200  # characters of a name
CHANGES = frozenset({Aftermath.DEAD, Aftermath.COMPLAINT, Aftermath.LEFT, Aftermath.ANSWERED})
UNFIT = frozenset({"21", "22", "23", "54"})  # classes of SQLSTATE: what was to be written doesn't fit

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Mailroom:
    """What reading needs: where sessions come from, the words, who understands which provider, the key that addresses
    are hashed with, what paces, and who visits the address by which a provider wants to be confirmed."""

    begin: Callable[[], AbstractContextManager[Session]]  # a session that commits at the end of its `with`
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
    """Say to a provider that its address is ours; where that fails, a person has to ask it to ask again."""
    try:
        mailroom.visit(url)
    except NotNow as error:
        log.error("webhook.not_confirmed", provider=held.provider, reason=str(error))
        with mailroom.begin() as session:
            write_progress(session, [_aside(held, f"its subscription could not be confirmed: {error}")])
    else:
        log.info("webhook.confirmed", provider=held.provider, account=held.account)


def _aside(held: Held, why: Exception | str) -> Progress:
    words = f"{type(why).__name__}: {why}" if isinstance(why, Exception) else why
    return Progress(held.id, held.at, held.taken, Reading.ASIDE, _clean(words)[:WORDS])


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


def take_in(session: Session, published: Published, hash_key: bytes, heard: Sequence[Heard]) -> frozenset[str]:
    """Keep what was told, and do what follows from what is new of it. The caller commits, and has locked nobody yet.

    The domains that mail should go to slower now, because they refuse its sender.
    """
    if not heard:
        return frozenset()
    matched = match(session, [_plain(each) for each in heard])
    locked = set(lock_contacts(session, sorted({each.contact_id for each in matched if each.contact_id is not None})))
    for each in matched:
        if each.contact_id not in locked:  # forgotten a moment ago
            each.contact_id = each.delivery_id = None
    now = journey_now(session)
    ahead = now - clock.machine_now()
    rows = [_row(number, each, hash_key, ahead) for number, each in enumerate(matched)]
    new = keep_feedback(session, rows)
    slower = follow(session, published, hash_key, [matched[number] for number in new], now)
    session.flush()
    tally(session, [rows[number] for number in new])
    return slower


def _plain(heard: Heard) -> Heard:
    """Without what PostgreSQL can't keep, and what nobody believes: a time to come, or long before there was mail."""
    told = heard.told
    at = told.at if told.at is not None and EARLIEST < told.at < heard.at else heard.at
    key = _clean(told.key)
    if len(key) > KEY:
        key = hashlib.sha256(told.key.encode()).hexdigest()
    plain = replace(
        told,
        key=key,
        at=at,
        message_id=_clean(told.message_id),
        provider_id=_clean(told.provider_id),
        recipient=_clean(told.recipient),
        code=_clean(told.code)[:WORDS],
        words=_clean(told.words)[:WORDS],
    )
    return replace(heard, told=plain)


def _clean(text: str) -> str:
    return text.replace("\0", "")


def _row(number: int, each: Matched, hash_key: bytes, ahead: timedelta) -> Row:
    """`ahead`: by how much journey time is ahead of the machine's."""
    told, bounce = each.told, kind_of(each.told)
    at = told.at or each.heard.at
    unknown = hash_of(told, hash_key) if each.contact_id is None else None
    return Row(
        number=number,
        provider=each.heard.provider,
        account=each.heard.account,
        key=told.key,
        what=told.what,
        bounce=bounce,
        at=at,
        journey_at=at + ahead,
        contact_id=each.contact_id,
        delivery_id=each.delivery_id,
        address_hash=f"\\x{unknown.hex()}" if unknown else None,
        code=told.code,
        words=told.words,
        is_machine=told.is_machine,
    )


def _slow_down(mailroom: Mailroom, published: Published, domains: frozenset[str]) -> None:
    """Those who refuse the sender get less for a while, as if they had said so themselves."""
    if mailroom.pacer is None or not domains:
        return
    groups = set(mailroom.pacer.groups(domains).values())
    answers = {group: Answers(strikes=MAJOR) for group in groups}
    sender = parseaddr(published.library.business.sender)[1].rpartition("@")[2].casefold()
    mailroom.pacer.settle(sender, answers)
