"""What follows from what was told: dead mailboxes and complaints are silenced, what was uncertain is settled."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

import structlog
from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from service.actions.leave import end_enrolments
from service.actions.match_feedback import Matched, hash_of
from service.actions.receive_event import Seen, receive_event
from service.actions.suppress import suppress, suppress_address
from service.actions.unsubscribe import unsubscribe
from service.domain.aftermath import IN_A_ROW, PROOF, Aftermath, aftermath, in_vain
from service.domain.consent import IN_VAIN
from service.domain.departure import bounced, complained
from service.domain.pressure import EVIDENCE
from service.domain.pressure import What as Did
from service.ports import Published
from service.store.bulk import listed
from service.store.contact import Contact, Suppression
from service.store.delivery import Delivery
from service.store.enrolment import Enrolment, of_a_sequence
from service.store.feedback import bounced_softly, read_arrivals, read_soft_bounces
from service.store.history import read_contacts

log = structlog.get_logger()

SOURCE = "provider"
LEAVES = {"bounced": bounced, "complained": complained}
REASONS = {Aftermath.DEAD: "bounced", Aftermath.COMPLAINT: "complained", Aftermath.LEFT: "unsubscribed"}
ANSWERS = [name for name, did in EVIDENCE.items() if did is Did.ANSWER]

# A proof that it was taken says more than a word that it was not, whichever came first.
SETTLE = """
    WITH known AS (
        SELECT delivery.id, bool_or(what = ANY(CAST(:proof AS text[]))) AS has_left,
               max(words) FILTER (WHERE what = 'rejected') AS words
        FROM delivery JOIN feedback ON feedback.contact_id = delivery.contact_id AND delivery_id = delivery.id
        WHERE what = ANY(CAST(:proof AS text[]) || ARRAY['rejected']) AND {which}
          AND (delivery.state = 'uncertain' OR delivery.state = 'failed' AND delivery.rule = 'rejected')
        GROUP BY delivery.id ORDER BY delivery.id LIMIT 1000
    )
    UPDATE delivery SET state = CASE WHEN has_left THEN 'sent' ELSE 'failed' END,
        rule = CASE WHEN has_left THEN 'told' ELSE 'rejected' END,
        reason = CASE WHEN has_left THEN 'Sent: the provider told what became of it.'
                      ELSE 'Not sent: the provider rejected it' || coalesce(': ' || nullif(words, ''), '.') END,
        sent_at = CASE WHEN has_left THEN handed_at END, token = NULL, lease_until = NULL
    FROM known
    WHERE delivery.id = known.id AND (state = 'uncertain' OR state = 'failed' AND rule = 'rejected' AND has_left)
    RETURNING delivery.id, delivery.state
"""
SETTLE_THESE = text(SETTLE.format(which="delivery.id = ANY(CAST(:ids AS bigint[]))"))
SETTLE_ALL = text(SETTLE.format(which="delivery.state = 'uncertain'"))


def follow(
    session: Session, published: Published, hash_key: bytes, new: Sequence[Matched], now: datetime
) -> frozenset[str]:
    """Do what follows from what is new. The domains that mail should go to slower now; see Aftermath.POLICY.

    The contacts are locked, and what was told is kept already; the caller commits. `now` is journey time.
    """
    slower: set[str] = set()
    weighed: set[int] = set()
    for each in new:
        what = aftermath(each.told)
        if what in REASONS and not each.is_staff and not each.is_foreign:
            _silence(session, published, hash_key, each, REASONS[what], now)
        elif what is Aftermath.POLICY and not each.is_foreign:
            slower |= _alert(session, each)
        elif what is Aftermath.ANSWERED and each.delivery_id is not None and not each.is_staff:
            _hear(session, published, each, now)
        elif what is Aftermath.WEIGHED and not each.is_staff and each.contact_id is not None:
            weighed.add(each.contact_id)
    settle_uncertain(session, [each.delivery_id for each in new if each.delivery_id is not None])
    _weigh(session, weighed, now)
    return frozenset(slower)


def settle_uncertain(session: Session, delivery_ids: Collection[int] | None = None) -> int:
    """Deliveries that were uncertain are sent, or failed, by what was told of them; how many. The caller commits.

    Without ids all of them, a thousand at most: what was told while the answer was still awaited.
    """
    if delivery_ids is not None and not delivery_ids:
        return 0
    values = {"proof": list(PROOF)}
    rows = (
        session.execute(SETTLE_ALL, values)
        if delivery_ids is None
        else session.execute(SETTLE_THESE, values | {"ids": listed(delivery_ids)})
    ).all()
    for delivery_id, state in rows:
        log.info("delivery.told", delivery=delivery_id, state=state)
    return len(rows)


def _silence(
    session: Session, published: Published, hash_key: bytes, each: Matched, reason: str, now: datetime
) -> None:
    """Suppress whom it is about. A dead mailbox that somebody has left for another one is not theirs any more."""
    contact = session.get(Contact, each.contact_id) if each.contact_id is not None else None
    spoken_of = hash_of(each.told, hash_key)
    # A mail that came back to a mark of ours may name the mailbox that somebody's mail is forwarded to.
    is_other = spoken_of is not None and not each.told.is_marked
    moved = contact is not None and is_other and spoken_of != contact.address_hash
    if spoken_of is not None and (contact is None or moved):
        suppress_address(session, spoken_of, now, topic=None, reason=reason, source=SOURCE)
    if contact is None or (moved and reason == "bounced"):
        return
    log.info("contact." + reason, contact=contact.id, delivery=each.delivery_id, provider=each.heard.provider)
    if reason == "unsubscribed":
        unsubscribe(session, published, contact.id, now, source=SOURCE)
        return
    suppress(session, contact, now, topic=None, reason=reason, source=SOURCE)
    end_enrolments(session, LEAVES[reason](now), now, Enrolment.contact_id == contact.id, of_a_sequence())
    # One event a mail, by how many ways it may be told.
    about = _name_of(each) if each.delivery_id is None else f"delivery:{each.delivery_id}"
    data = _mail_of(session, each) | {"words": each.told.words or each.told.code}
    receive_event(session, published, contact, Seen(reason, now, key=about, data=data), now)


def _hear(session: Session, published: Published, each: Matched, now: datetime) -> None:
    """A person answered a mail of ours, from the address that it went to: who answers else is nobody we know."""
    contact = session.get_one(Contact, each.contact_id)
    mail = _mail_of(session, each)
    receive_event(session, published, contact, Seen("reply", now, key=_name_of(each), data=mail), now)


def _name_of(each: Matched) -> str:
    """A name of its own for what was told."""
    return f"{each.heard.provider}:{each.heard.account}:{each.told.key}"


def _mail_of(session: Session, each: Matched) -> dict[str, object]:
    """The sequence and step of the mail, as the event tells them."""
    query = select(Enrolment.sequence, Delivery.step, Enrolment.id).join(
        Delivery, Delivery.enrolment_id == Enrolment.id
    )
    mail = session.execute(query.where(Delivery.id == each.delivery_id)).one_or_none()
    return {} if mail is None else {"sequence": mail[0], "step": mail[1], "enrolment": mail[2]}


def _alert(session: Session, each: Matched) -> set[str]:
    """The sender is refused for what it is or does: somebody has to look, and meanwhile less is sent there."""
    email = each.told.recipient or session.scalar(select(Contact.email).where(Contact.id == each.contact_id)) or ""
    domain = email.rpartition("@")[2].casefold()
    told = {"code": each.told.code, "words": each.told.words}
    log.error("feedback.policy", domain=domain, provider=each.heard.provider, **told)
    return {domain} if domain else set()


def _weigh(session: Session, contact_ids: Collection[int], now: datetime) -> None:
    """Give up mailboxes that too many mails in a row came back from, and take it back where one had arrived between."""
    softly = bounced_softly(session, contact_ids, IN_A_ROW)
    if not softly:
        return
    bounces, signs = read_soft_bounces(session, softly), read_arrivals(session, softly, ANSWERS)
    contacts = read_contacts(session, softly)
    given_up = _given_up(session, contacts.values())
    for contact_id, contact in sorted(contacts.items()):
        are_enough = in_vain(bounces[contact_id], signs[contact_id])
        if are_enough and contact.address_hash not in given_up:
            suppress(session, contact, now, topic=None, reason="bounced", source=IN_VAIN)
            log.info("contact.given_up", contact=contact_id)
        elif not are_enough and contact.address_hash in given_up:
            mine = (Suppression.address_hash == contact.address_hash, Suppression.source == IN_VAIN)
            session.execute(delete(Suppression).where(*mine))


def _given_up(session: Session, contacts: Iterable[Contact]) -> set[bytes]:
    """The addresses that were given up for mails in vain."""
    hashes = [contact.address_hash for contact in contacts]
    query = select(Suppression.address_hash).where(
        Suppression.address_hash.in_(hashes), Suppression.reason == "bounced", Suppression.source == IN_VAIN
    )
    return set(session.scalars(query))
