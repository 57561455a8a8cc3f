"""What is known of two people who are said not to be one: read for the rules of `service.domain.referral_doubt`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from service.domain.referral import QUALIFYING
from service.domain.referral_doubt import HOUR, Person, Sight, canonical, network_of
from service.store.bulk import among, listed
from service.store.contact import MAILBOX, Consent, Contact
from service.store.driver import read
from service.store.event import Event
from service.store.referral import Referral

HIGHEST = 8  # steps up from a friend: who brought whom who brought whom
REFUND = "refund"
GIVEN = ("confirmed", "requested")  # what people do themselves; an unsubscribe may come from their mail service

CHAIN = text(
    """
    WITH RECURSIVE up AS (
        SELECT id AS referral, referrer_id AS who, 1 AS step FROM referral WHERE id = ANY(CAST(:ids AS bigint[]))
        UNION ALL
        SELECT up.referral, above.referrer_id, step + 1 FROM up JOIN referral AS above ON above.friend_id = up.who
        WHERE step < CAST(:highest AS int)
    )
    SELECT referral, who FROM up WHERE step > 1 ORDER BY referral, step
    """
)
CLIENTS = text(
    f"""
    SELECT id, {MAILBOX}, client_since FROM contact
    WHERE client_since IS NOT NULL AND {MAILBOX} = ANY(CAST(:boxes AS text[]))
    """  # noqa: S608 (our own expression)
)
# At most so many of an hour: more are too many whatever their number.
LATELY = text(
    """
    SELECT this.id, lately.id, lately.referrer_id = this.referrer_id, consent.address
    FROM referral AS this
    CROSS JOIN LATERAL (
        SELECT other.id, other.referrer_id, other.friend_id FROM referral AS other
        WHERE other.joined_at > this.joined_at - CAST(:hour AS interval) AND other.joined_at <= this.joined_at
        ORDER BY other.joined_at DESC LIMIT 200
    ) AS lately
    LEFT JOIN consent ON consent.contact_id = lately.friend_id AND consent.act IN ('confirmed', 'requested')
    WHERE this.id = ANY(CAST(:ids AS bigint[]))
    """
)


def read_sights(session: Session, referrals: Sequence[Referral]) -> dict[int, Sight]:
    """What speaks for or against referrals, by their ids; those whose friend is forgotten are left out."""
    known = [each for each in referrals if each.friend_id is not None and each.joined_at is not None]
    if not known:
        return {}
    ids = [each.id for each in known]
    above: dict[int, list[int]] = defaultdict(list)
    for referral_id, who in read(session, CHAIN, ids=listed(ids), highest=HIGHEST):
        above[referral_id].append(who)
    everybody = {who for each in known for who in (each.friend_id, each.referrer_id, *above[each.id]) if who}
    people = _people(session, everybody)
    others = _others(session, known)
    clients = _clients(session, [canonical(people[each.friend_id].email_key) for each in known if each.friend_id])
    before = _before(session, known)
    lately = _lately(session, ids)
    sights = {}
    for each in known:
        friend = people[each.friend_id or 0]
        networks = {network for network, _ in friend.places}
        sights[each.id] = Sight(
            friend=friend,
            referrer=people[each.referrer_id],
            above=tuple(people[who] for who in above[each.id] if who not in {each.friend_id, each.referrer_id}),
            others=others[each.id],
            client_address=_is_client(each, canonical(friend.email_key), clients),
            was_here_at=before.get(each.id),
            from_network=max((len(lately[each.id][network]) for network in networks), default=0),
            of_referrer=len(lately[each.id][OWN]),
        )
    return sights


OWN = "(own)"  # among networks: those of the same referrer, whatever their network


def read_refunds(session: Session, friend_ids: Collection[int]) -> dict[int, datetime]:
    """When each of these friends got money back last."""
    query = select(Event.contact_id, func.max(Event.at)).where(among(Event.contact_id, friend_ids))
    found = query.where(Event.name == REFUND, ~Event.replaced).group_by(Event.contact_id)
    return dict(session.execute(found).all())


def _people(session: Session, ids: Collection[int]) -> dict[int, Person]:
    places: dict[int, set[tuple[str, str]]] = defaultdict(set)
    signed = select(Consent.contact_id, Consent.address, Consent.user_agent).where(
        among(Consent.contact_id, ids), Consent.act.in_(GIVEN), Consent.address.is_not(None)
    )
    for contact_id, address, agent in session.execute(signed.distinct()):
        places[contact_id].add((network_of(address), agent or ""))
    query = select(Contact.id, Contact.email_key, Contact.phone, Contact.address).where(among(Contact.id, ids))
    return {
        contact_id: Person(email_key, phone, address, frozenset(places[contact_id]))
        for contact_id, email_key, phone, address in session.execute(query)
    }


def _others(session: Session, referrals: Sequence[Referral]) -> Mapping[int, list[str]]:
    """The addresses of the friends that the same referrer brought before."""
    brought: dict[int, list[tuple[int, str]]] = defaultdict(list)
    query = select(Referral.referrer_id, Referral.id, Contact.email_key).join(Contact, Contact.id == Referral.friend_id)
    for referrer_id, referral_id, key in session.execute(
        query.where(among(Referral.referrer_id, {each.referrer_id for each in referrals}))
    ):
        brought[referrer_id].append((referral_id, key))
    return {each.id: [key for id_, key in brought[each.referrer_id] if id_ < each.id] for each in referrals}


def _clients(session: Session, boxes: Sequence[str]) -> dict[str, list[tuple[int, datetime]]]:
    found: dict[str, list[tuple[int, datetime]]] = defaultdict(list)
    for contact_id, box, since in session.connection().execute(CLIENTS, {"boxes": list(boxes)}):
        found[box].append((contact_id, since))
    return found


def _is_client(referral: Referral, box: str, clients: Mapping[str, Iterable[tuple[int, datetime]]]) -> bool:
    """Whether somebody else with this mailbox was a client when the friend signed up."""
    return any(
        contact_id != referral.friend_id and referral.joined_at is not None and since < referral.joined_at
        for contact_id, since in clients.get(box, ())
    )


def _before(session: Session, referrals: Sequence[Referral]) -> dict[int, datetime]:
    """When each friend was here, or bought something, before they signed up."""
    query = (
        select(Referral.id, func.min(Event.at))
        .join(Event, Event.contact_id == Referral.friend_id)
        .where(among(Referral.id, [each.id for each in referrals]), Event.name.in_(QUALIFYING), ~Event.replaced)
        .where(Event.at < Referral.joined_at)
        .group_by(Referral.id)
    )
    return dict(session.execute(query).all())


def _lately(session: Session, ids: Sequence[int]) -> dict[int, dict[str, set[int]]]:
    """For each referral the other ones of its last hour: by their networks, and those of its own referrer."""
    found: dict[int, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for this, other, is_own, address in read(session, LATELY, ids=listed(ids), hour=HOUR):
        if network := network_of(address):
            found[this][network].add(other)
        if is_own:
            found[this][OWN].add(other)
    return found
