"""What the DNS says of the sender's domain and of the server that hands our mail on, within seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from dns.exception import DNSException
from dns.resolver import NXDOMAIN, NoAnswer, NoNameservers, Resolver
from dns.reversename import from_address

from service.domain.sender_check import Host, Names, Sending, parents

LOOKUP = 4.0  # seconds for one name
AT_ONCE = 8
MOST_HOSTS = 4  # addresses of one mail server that are looked at

Ask = Callable[[str, str], tuple[str, ...] | None]  # the records of a name and type


def look_up(resolver: Resolver, sending: Sending, server: str = "", within: float = LOOKUP) -> Names:
    """What is published. `server` is the mail server that our mail leaves by, where it is one of the world's; `within`
    are the seconds for each name."""
    domains = [each for each in (sending.domain, sending.returns_to, sending.signs_as) if each]
    places = list(dict.fromkeys(place for domain in domains for place in parents(domain)))
    ask = partial(_ask, resolver, within)
    text = partial(_texts, ask)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        spf = pool.submit(text, sending.returns_to)
        dkim = pool.submit(text, f"{sending.selector}._domainkey.{sending.signs_as}") if sending.signs_as else None
        servers = pool.submit(ask, sending.domain, "MX")
        hosts = pool.submit(_hosts, ask, server)
        dmarc = dict(zip(places, pool.map(text, [f"_dmarc.{place}" for place in places]), strict=True))
    found = servers.result()
    return Names(
        spf.result(),
        dkim.result() if dkim else (),
        {place: records or () for place, records in dmarc.items()},
        None if found is None else tuple(each.split(" ", 1)[-1].rstrip(".") for each in found),
        hosts.result(),
    )


def _hosts(ask: Ask, server: str) -> tuple[Host, ...]:
    """The addresses of a server, each with the names that lead to it and back (forward-confirmed reverse DNS)."""
    if not server:
        return ()
    addresses = [*(ask(server, "A") or ()), *(ask(server, "AAAA") or ())]
    return tuple(Host(each, tuple(_names_of(ask, each))) for each in addresses[:MOST_HOSTS])


def _names_of(ask: Ask, address: str) -> Iterable[str]:
    kind = "AAAA" if ":" in address else "A"
    for name in ask(from_address(address).to_text(), "PTR") or ():
        if address in (ask(name, kind) or ()):
            yield name.rstrip(".")


def _texts(ask: Ask, name: str) -> tuple[str, ...] | None:
    """TXT records, the pieces of each put together (RFC 7208 §3.3)."""
    found = ask(name, "TXT")
    return None if found is None else tuple(_joined(each) for each in found)


def _ask(resolver: Resolver, within: float, name: str, kind: str) -> tuple[str, ...] | None:
    """The records of a name as texts; none where there are none, None where nobody answered."""
    try:
        return tuple(each.to_text() for each in resolver.resolve(name, kind, lifetime=within))
    except (NXDOMAIN, NoAnswer):
        return ()
    except (DNSException, NoNameservers, OSError, UnicodeError):
        return None


def _joined(record: str) -> str:
    """`"v=spf1 " "-all"` as it is meant."""
    pieces = record.split('"')[1::2] if record.startswith('"') else [record]
    return "".join(pieces)
