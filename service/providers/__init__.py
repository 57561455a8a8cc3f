"""Services that take mail: a class each, and the one place that knows them all by name."""

from __future__ import annotations

from dns.exception import DNSException
from dns.resolver import Resolver
from redis import Redis
from sqlalchemy import Engine

from service.ports import Pacer, Provider
from service.providers.mx import MailboxGroups
from service.providers.pace import Pace
from service.providers.smtp import Smtp
from service.providers.smtp_session import read_url
from service.settings import LOOPBACK, Settings
from service.store.seat import Seats


def open_provider(settings: Settings) -> Provider:
    """The provider that the settings name. The development mailbox is an SMTP server too, on this machine."""
    return Smtp(settings.smtp_url, settings.provider, settings.smtp_sessions)


def open_pacer(settings: Settings, redis: Redis, engine: Engine) -> Pacer | None:
    """What paces that provider's mail: nothing does on the way into the development mailbox.

    Mail servers are not looked up where the next one is this machine: whoever tries things out asks nobody's DNS.
    """
    if settings.provider == "mailbox":
        return None
    at_home = read_url(settings.smtp_url).host in LOOPBACK
    # Until Valkey has told how many processes there are: this host's workers, and beat, which works in their place.
    groups = MailboxGroups(redis, None if at_home else _resolver())
    return Pace(redis, groups, settings.worker_processes + 1, Seats(engine))


def _resolver() -> Resolver | None:
    try:
        return Resolver()
    except (DNSException, OSError):  # no name server is configured here
        return None
