"""Who runs the mailbox behind an address: mail is paced by them, because it is them who judge a sender.

The great ones are known by their domains, those who host other people's mail by the names of their mail servers (MX,
RFC 5321 §5.1). Anybody else is a group by the registered domain of the mail server, or by the domain itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

# How a group is called in a sentence; one that is missing here is a domain and called by it.
TITLES = {
    "gmail": "Gmail",
    "outlook": "Outlook.com",
    "microsoft365": "Microsoft 365",
    "yahoo": "Yahoo",
    "icloud": "iCloud",
    "gmx": "GMX and WEB.DE",
    "t-online": "T-Online",
    "proton": "Proton Mail",
    "zoho": "Zoho Mail",
}
_DOMAINS = {
    "gmail.com": "gmail",
    "googlemail.com": "gmail",
    "google.com": "gmail",
    "msn.com": "outlook",
    "passport.com": "outlook",
    "ymail.com": "yahoo",
    "rocketmail.com": "yahoo",
    "aol.com": "yahoo",
    "aol.de": "yahoo",
    "icloud.com": "icloud",
    "me.com": "icloud",
    "mac.com": "icloud",
    "web.de": "gmx",
    "mail.com": "gmx",
    "t-online.de": "t-online",
    "magenta.de": "t-online",
    "proton.me": "proton",
    "protonmail.com": "proton",
    "protonmail.ch": "proton",
    "pm.me": "proton",
    "zoho.com": "zoho",
    "zohomail.eu": "zoho",
}
# These have one domain a country: hotmail.de, yahoo.co.uk, live.com.au.
_COUNTRIES = {"hotmail": "outlook", "outlook": "outlook", "live": "outlook", "yahoo": "yahoo", "gmx": "gmx"}
_COUNTRY = re.compile(r"com|net|[a-z]{2}|com?\.[a-z]{2}")
_SERVERS = (
    (".google.com", "gmail"),
    (".googlemail.com", "gmail"),
    (".olc.protection.outlook.com", "outlook"),
    (".mail.protection.outlook.com", "microsoft365"),
    (".mx.microsoft", "microsoft365"),
    (".yahoodns.net", "yahoo"),
    (".icloud.com", "icloud"),
    (".gmx.net", "gmx"),
    (".web.de", "gmx"),
    (".t-online.de", "t-online"),
    (".protonmail.ch", "proton"),
    (".zoho.com", "zoho"),
    (".zoho.eu", "zoho"),
)
# Second levels under which domains are registered; enough to tell `mx.host.co.uk` by `host.co.uk`.
_SECOND_LEVELS = frozenset({"ac", "co", "com", "edu", "gov", "gv", "ne", "net", "or", "org"})


def known_group(domain: str) -> str | None:
    """The group of a domain that everybody knows, None where its mail servers have to be looked up."""
    domain = domain.casefold().rstrip(".")
    first, _, rest = domain.partition(".")
    if first in _COUNTRIES and _COUNTRY.fullmatch(rest):
        return _COUNTRIES[first]
    return _DOMAINS.get(domain)


def group_of(domain: str, servers: Sequence[str] = ()) -> str:
    """The group of a domain whose mail servers are `servers`, the preferred first; the domain itself without any."""
    domain = domain.casefold().rstrip(".")
    known = known_group(domain)
    if known is not None or not servers:
        return known or domain
    server = servers[0].casefold().rstrip(".")
    return next((group for suffix, group in _SERVERS if f".{server}".endswith(suffix)), None) or (
        registered_domain(server) or domain
    )


def registered_domain(host: str) -> str:
    """The part of a host name that somebody registered, by rule of thumb: `host.co.uk` of `mx1.host.co.uk`."""
    labels = host.casefold().strip(".").split(".")
    length = 3 if len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVELS else 2
    return ".".join(labels[-length:])


def title_of(group: str) -> str:
    """A group's name in a sentence."""
    return TITLES.get(group, group)
