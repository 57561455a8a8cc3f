"""Whether the sender's domain says what mailbox providers ask for: SPF, DKIM, DMARC and its alignment, MX, PTR.

Gmail, Yahoo and Outlook.com refuse bulk mail whose From isn't aligned with SPF or DKIM (support.google.com/a/answer/
81126, senders.yahooinc.com). What is amiss comes with the record to publish.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

LEAST_BITS = 1024  # RFC 8301 §3.2; Gmail prefers 2048
MOST_LOOKUPS = 10  # RFC 7208 §4.6.4

_ASKS = re.compile(r"[+?~-]?(include:|a\b|mx\b|ptr\b|exists:)|redirect=", re.IGNORECASE)
_TAG = re.compile(r"\s*(\w+)\s*=\s*([^;]*)")


class Remark(NamedTuple):
    """One thing that was looked at. `advice` says what to publish where it is amiss, and is empty where it is well."""

    what: str
    seen: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Sending:
    """How mail leaves: the domain people see, the one that bounces go to, and what signs it where that is us.

    `public_key` is our key's as a DKIM record has it (base64), `bits` its length.
    """

    domain: str
    returns_to: str
    signs_as: str = ""
    selector: str = ""
    public_key: str = ""
    bits: int = 0


class Host(NamedTuple):
    """A mail server that hands our mail on: an address, and the names that lead back to it."""

    address: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Names:
    """What the DNS says. None where it could not be asked; a name that isn't there has no records.

    `spf` are the TXT records of `returns_to`, `dkim` those of the selector; `dmarc` those of `_dmarc.NAME` by name,
    for the domains and their parents; `mx` the mail servers of `domain`.
    """

    spf: tuple[str, ...] | None = ()
    dkim: tuple[str, ...] | None = ()
    dmarc: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    mx: tuple[str, ...] | None = ()
    hosts: tuple[Host, ...] = ()


def remarks(sending: Sending, names: Names) -> Iterator[Remark]:
    """What there is to say, each with what to do."""
    yield _spf(sending, names.spf)
    if sending.signs_as:
        yield _dkim(sending, names.dkim)
    yield _dmarc(sending, names)
    yield alignment(sending, names.dmarc)
    yield _mx(sending, names.mx)
    for host in names.hosts:
        yield _ptr(host)


def parents(domain: str) -> list[str]:
    """A domain and those above it, without the top-level one; where DMARC is looked for (RFC 9989 §4.10).

    >>> parents("mail.glow.example")
    ['mail.glow.example', 'glow.example']
    """
    labels = domain.split(".")
    return [".".join(labels[start:]) for start in range(min(len(labels) - 1, 8))] or [domain]


def is_surely_unaligned(sending: Sending) -> bool:
    """Whether neither signature nor bounces can be aligned with From, whatever the DNS says: then it is refused."""
    return not any(_are_near(sending.domain, other) for other in (sending.signs_as, sending.returns_to))


def _are_near(one: str, other: str) -> bool:
    """Whether one is the other, or stands below it."""
    one, other = one.lower(), other.lower()
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


def alignment(sending: Sending, dmarc: Mapping[str, tuple[str, ...]]) -> Remark:
    """Whether From is aligned, relaxed, with what signs or with where bounces go (RFC 9989 §4.4)."""
    ours = _organisation(sending.domain, dmarc)
    by = {"DKIM": sending.signs_as, "SPF": sending.returns_to}
    aligned = [name for name, domain in by.items() if domain and _organisation(domain, dmarc) == ours]
    if aligned:
        return Remark("alignment", f"From is aligned by {' and '.join(aligned)}")
    seen = f"From is {sending.domain}, signed by {sending.signs_as or 'nobody here'}, returned to {sending.returns_to}"
    return Remark("alignment", seen, f"Sign as {sending.domain} (DKIM_DOMAIN), or Gmail and Outlook.com refuse it.")


def _spf(sending: Sending, found: tuple[str, ...] | None) -> Remark:
    if found is None:
        return _unknown("SPF")
    records = [each for each in found if each.lower().split(" ")[0] == "v=spf1"]
    where = f"Publish one TXT record at {sending.returns_to}"
    if not records:
        return Remark("SPF", "none", f'{where}: "v=spf1 include:THE-SERVICE-YOU-SEND-BY ~all".')
    if len(records) > 1:
        return Remark("SPF", f"{len(records)} records", f"{where}; several are an error (RFC 7208 §4.5).")
    terms = records[0].split()[1:]
    if {"all", "+all"} & {each.lower() for each in terms}:
        return Remark("SPF", records[0], "It lets everybody send in your name: end it in ~all or -all.")
    asked = sum(bool(_ASKS.match(each)) for each in terms)
    if asked > MOST_LOOKUPS:
        return Remark("SPF", records[0], f"It asks for {asked} other names; more than ten are an error.")
    return Remark("SPF", records[0])


def _dkim(sending: Sending, found: tuple[str, ...] | None) -> Remark:
    if found is None:
        return _unknown("DKIM")
    name = f"{sending.selector}._domainkey.{sending.signs_as}"
    advice = f'Publish a TXT record at {name}: "v=DKIM1; k=rsa; p={sending.public_key}".'
    keys = ["".join(tags["p"].split()) for each in found if "p" in (tags := _tags(each))]
    if not keys:
        return Remark("DKIM", f"no key at {name}", advice)
    if sending.public_key not in keys:
        return Remark("DKIM", f"another key at {name}", advice)
    if sending.bits < LEAST_BITS:
        return Remark("DKIM", f"a key of {sending.bits} bits", "Make one of 2048 bits: shorter than 1024 is ignored.")
    return Remark("DKIM", f"our key of {sending.bits} bits at {name}")


def _dmarc(sending: Sending, names: Names) -> Remark:
    for name in parents(sending.domain):
        records = [each for each in names.dmarc.get(name, ()) if _is_dmarc(each)]
        if len(records) > 1:
            return Remark("DMARC", f"{len(records)} records at _dmarc.{name}", "Keep one: several count as none.")
        if records:
            policy = _tags(records[0]).get("p", "").lower()
            advice = "" if policy in {"none", "quarantine", "reject"} else "Say p=none, p=quarantine or p=reject in it."
            return Remark("DMARC", f"{records[0]} (_dmarc.{name})", advice)
    record = f'"v=DMARC1; p=none; rua=mailto:postmaster@{sending.domain}"'
    return Remark("DMARC", "none", f"Publish a TXT record at _dmarc.{sending.domain}: {record}.")


def _mx(sending: Sending, found: tuple[str, ...] | None) -> Remark:
    if found is None:
        return _unknown("MX")
    advice = f"Publish an MX record for {sending.domain}: answers and complaints go there, and some servers ask for it."
    return Remark("MX", ", ".join(found) or "none", "" if found else advice)


def _ptr(host: Host) -> Remark:
    if host.names:
        return Remark("PTR", f"{host.address} is {host.names[0]}, and back")
    advice = "Let whoever runs that address give it a name (PTR) that leads back to it: Gmail refuses others."
    return Remark("PTR", f"{host.address} has no name that leads back to it", advice)


def _organisation(domain: str, dmarc: Mapping[str, tuple[str, ...]]) -> str:
    """The domain that alignment compares: the topmost with a DMARC record (RFC 9989 §4.10.2), else its own."""
    known = [name for name in parents(domain) if any(map(_is_dmarc, dmarc.get(name, ())))]
    return known[-1] if known else domain


def _is_dmarc(record: str) -> bool:
    return record.lower().startswith("v=dmarc1")


def _unknown(what: str) -> Remark:
    return Remark(what, "not known", "The name server didn't answer; look again later.")


def _tags(record: str) -> dict[str, str]:
    """The tags of a DKIM or DMARC record, by their names in lower case."""
    return {found[1].lower(): found[2].strip() for part in record.split(";") if (found := _TAG.match(part))}
