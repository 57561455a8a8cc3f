"""What `everafter doctor` says of the sender: whether their domain is published as mailbox providers ask for."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from dns.resolver import Resolver

from service.cli.finding import Finding
from service.domain.sender_check import Sending, remarks
from service.domain.sequence.model.business import Business
from service.providers.sender_dns import look_up
from service.providers.smtp_session import read_url
from service.rendering.address import mailbox
from service.runtime import open_dkim
from service.settings import LOOPBACK, MAIL_SERVERS, Settings

OF_THE_SERVICE = frozenset({"SPF", "alignment"})  # a service over HTTP signs and sends by a domain that it looks after


def sender_findings(settings: Settings, business: Business, resolver: Resolver | None) -> Iterator[Finding]:
    """SPF, DKIM, DMARC, alignment, MX, PTR; nothing is looked up where something is only tried out on this machine."""
    domain = mailbox(business.sender).domain
    if settings.provider == "mailbox" or urlsplit(settings.base_url).hostname in LOOPBACK:
        yield Finding("sender", f"{domain}, not looked up while everything stays on this machine")
        return
    if resolver is None:
        yield Finding("sender", f"{domain}, not looked up", "This machine has no name server; see /etc/resolv.conf.")
        return
    sending = _sending(settings, domain)
    by_server = settings.provider in MAIL_SERVERS
    server = read_url(settings.smtp_url).host if by_server else ""
    names = look_up(resolver, sending, "" if server in LOOPBACK else server)
    for remark in remarks(sending, names):
        if by_server or remark.what not in OF_THE_SERVICE:
            yield Finding(*remark)


def _sending(settings: Settings, domain: str) -> Sending:
    returns_to = settings.bounce_address.rpartition("@")[2] or domain
    dkim = open_dkim(settings)
    if dkim is None:
        # Whoever sends it signs as what is set there; From's own domain is what they all ask for.
        return Sending(domain, returns_to)
    key, bits = dkim.published()
    return Sending(domain, returns_to, settings.dkim_domain, settings.dkim_selector, key, bits)
