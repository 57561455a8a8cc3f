"""What speaks against a referral: one person as two, people who were there before, rings, and too many at once."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

DOTLESS = frozenset({"gmail.com", "googlemail.com"})  # where dots in the name mean nothing: one mailbox
LEAST_PHONE = 6  # digits
LAST_OF_PHONE = 9  # digits that are compared: with and without the country's code it is one line
LEAST_ADDRESS = 8  # letters and digits of a postal address
TAG = re.compile(r"(.)[+].*@")
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Doubt:
    """A sentence for whoever decides. A sure one is refused at once; for the others a person looks."""

    sentence: str
    is_sure: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """What is compared of somebody. `places` are the (network, device) pairs that they signed up from."""

    email_key: str
    phone: str | None = None
    address: str | None = None
    places: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Sight:
    """All that is known of a referral and could speak against it.

    `above` are those who brought the referrer, and those who brought them; `others` the addresses of the referrer's
    earlier friends. The counts are of the hour up to the signup.
    """

    friend: Person
    referrer: Person
    above: Sequence[Person] = ()
    others: Collection[str] = ()
    client_address: bool = False  # a client's address differs by a tag or dots alone
    was_here_at: datetime | None = None  # a visit or purchase before they signed up
    from_network: int = 0
    of_referrer: int = 0


def canonical(email_key: str) -> str:
    """The mailbox behind an address: without what stands behind a plus, at Gmail without dots.

    `email_key` is `service.domain.contact.Address.key`. The same is written in SQL in `service.store.contact.MAILBOX`.

    >>> canonical("a.na+friend@googlemail.com"), canonical("ana+2@example.org"), canonical("+x@example.org")
    ('ana@gmail.com', 'ana@example.org', '+x@example.org')
    """
    untagged = TAG.sub(r"\1@", email_key, count=1)
    local, _, domain = untagged.rpartition("@")
    return f"{local.replace('.', '')}@gmail.com" if domain in DOTLESS else untagged


def network_of(address: str | None) -> str:
    """The network that an address stands for: itself (IPv4), its /64 (IPv6, RFC 6177); empty where it is none.

    >>> network_of("203.0.113.7"), network_of("2001:db8::1"), network_of(None)
    ('203.0.113.7', '2001:db8::/64', '')
    """
    try:
        read = ip_address(address or "")
    except ValueError:
        return ""
    return str(read) if read.version == 4 else str(ip_network((read, 64), strict=False))


def phone_key(phone: str | None) -> str:
    """The end of a number, by which one line is known however it is written; empty where it is too short.

    >>> phone_key("+49 30 5550123") == phone_key("030/5550123") != ""
    True
    """
    digits = "".join(each for each in phone or "" if each.isdecimal()).lstrip("0")
    return digits[-LAST_OF_PHONE:] if len(digits) >= LEAST_PHONE else ""


def address_key(address: str | None) -> str:
    """A postal address by its letters and digits alone; empty where it is too short to tell anything."""
    signs = "".join(each for each in (address or "").casefold() if each.isalnum())
    return signs if len(signs) >= LEAST_ADDRESS else ""


def doubts(sight: Sight, an_hour: int) -> tuple[Doubt, ...]:
    """What speaks against a referral, the sure things first. `an_hour` friends in an hour are too many."""
    found = [*_same_mailbox(sight), *_known_before(sight), *_same_home(sight), *_too_many(sight, an_hour)]
    return tuple(sorted(found, key=lambda doubt: not doubt.is_sure))


def _same_mailbox(sight: Sight) -> list[Doubt]:
    mine = canonical(sight.friend.email_key)
    if mine == canonical(sight.referrer.email_key):
        return [Doubt("Friend and referrer have the same mailbox.", is_sure=True)]
    if any(mine == canonical(each.email_key) for each in sight.above):
        return [Doubt("The friend is somebody who brought the referrer: a ring.", is_sure=True)]
    if any(mine == canonical(each) for each in sight.others):
        return [Doubt("The same mailbox was brought by this referrer before.", is_sure=True)]
    return []


def _known_before(sight: Sight) -> list[Doubt]:
    found = []
    if sight.client_address:
        found.append(Doubt("A client has the same mailbox under another spelling.", is_sure=True))
    if sight.was_here_at is not None:
        found.append(Doubt(f"The friend was here before they signed up, on {sight.was_here_at:%-d %B %Y}."))
    return found


def _same_home(sight: Sight) -> list[Doubt]:
    found = []
    for who, other in (("the referrer", sight.referrer), *(("somebody above", each) for each in sight.above)):
        if _meet(phone_key(sight.friend.phone), phone_key(other.phone)):
            found.append(Doubt(f"The friend has the same phone number as {who}."))
        if _meet(address_key(sight.friend.address), address_key(other.address)):
            found.append(Doubt(f"The friend has the same postal address as {who}."))
        networks = {network for network, _ in sight.friend.places if network} & {net for net, _ in other.places}
        if any(device and network for network, device in sight.friend.places & other.places):
            found.append(Doubt(f"The friend signed up on the same device as {who}, as far as can be told."))
        elif networks:
            found.append(Doubt(f"The friend signed up from the same network as {who}."))
    return found


def _meet(one: str, other: str) -> bool:
    return bool(one) and one == other


def _too_many(sight: Sight, an_hour: int) -> list[Doubt]:
    found = []
    if sight.from_network > an_hour:
        found.append(Doubt(f"{sight.from_network} friends signed up from one network within an hour."))
    if sight.of_referrer > an_hour:
        found.append(Doubt(f"{sight.of_referrer} friends of one referrer signed up within an hour."))
    return found
