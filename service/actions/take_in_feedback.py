"""What was told is taken in: made fit to be kept, matched with our mails, kept once, and followed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from service import clock
from service.actions.follow_feedback import follow
from service.actions.match_feedback import Heard, Matched, hash_of, learn_names, match
from service.domain.aftermath import kind_of
from service.domain.feedback import WORDS
from service.domain.redaction import without_addresses
from service.ports import Published
from service.store.contact import lock_contacts
from service.store.feedback import Row, keep_feedback, tally
from service.store.journey import journey_now

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)  # before it nobody told anything
KEY = 200  # characters of a name


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
    learn_names(session, matched)
    tally(session, [rows[number] for number in new])
    return slower


def _plain(heard: Heard) -> Heard:
    """Without what PostgreSQL can't keep, and what nobody believes: a time to come, or long before there was mail."""
    told = heard.told
    at = told.at if told.at is not None and EARLIEST < told.at < heard.at else heard.at
    key = clean(told.key)
    if len(key) > KEY:
        key = hashlib.sha256(told.key.encode()).hexdigest()
    plain = replace(
        told,
        key=key,
        at=at,
        message_id=clean(told.message_id),
        known_as=clean(told.known_as)[:WORDS],
        provider_id=clean(told.provider_id),
        recipient=clean(told.recipient),
        code=clean(told.code)[:WORDS],
        words=without_addresses(clean(told.words)[:WORDS]),
    )
    return replace(heard, told=plain)


def clean(text: str) -> str:
    """Without NUL, which no column takes."""
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
