"""Services that take mail: a class each, and the one place that knows them all by name."""

from __future__ import annotations

from dns.exception import DNSException
from dns.resolver import Resolver
from redis import Redis

from service.ports import Pacer, Provider
from service.providers.mx import MailboxGroups
from service.providers.pace import Pace
from service.providers.smtp import Smtp, read_url
from service.settings import LOOPBACK, Settings


def open_provider(settings: Settings) -> Provider:
    """The provider that the settings name. The development mailbox is an SMTP server too, on this machine."""
    return Smtp(settings.smtp_url, name=settings.provider)


def open_pacer(settings: Settings, redis: Redis) -> Pacer | None:
    """What paces that provider's mail: nothing does on the way into the development mailbox.

    Mail servers are not looked up where the next one is this machine: whoever tries things out asks nobody's DNS.
    """
    if settings.provider == "mailbox":
        return None
    at_home = read_url(settings.smtp_url).host in LOOPBACK
    # Until Valkey has told how many processes there are: this host's workers, and beat, which works in their place.
    return Pace(redis, MailboxGroups(redis, None if at_home else _resolver()), settings.worker_processes + 1)


def _resolver() -> Resolver | None:
    try:
        return Resolver()
    except (DNSException, OSError):  # no name server is configured here
        return None
