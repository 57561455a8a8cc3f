"""Services that take mail: a class each, and the one place that knows them all by name."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from dns.exception import DNSException
from dns.resolver import Resolver
from pydantic import Field, create_model
from redis import Redis
from sqlalchemy import Engine

from service.ports import Pacer, Provider, Receiver
from service.providers.mx import MailboxGroups
from service.providers.pace import Pace
from service.providers.service import Service
from service.providers.smtp import Smtp
from service.providers.smtp_session import read_url
from service.settings import LOOPBACK, MAIL_SERVERS, Account, Settings, SettingsError
from service.store.seat import Seats

# MAIL_PROVIDER: the class, imported when it is used; and the setting that its webhooks need.
SERVICES: Mapping[str, tuple[str, str]] = {
    "postmark": ("service.providers.postmark:Postmark", "POSTMARK_WEBHOOK_SECRET"),
    "sendgrid": ("service.providers.sendgrid:SendGrid", "SENDGRID_WEBHOOK_SECRET"),
    "resend": ("service.providers.resend:Resend", "RESEND_WEBHOOK_SECRET"),
    "mailjet": ("service.providers.mailjet:Mailjet", "MAILJET_WEBHOOK_SECRET"),
    "mailgun": ("service.providers.mailgun:Mailgun", "MAILGUN_WEBHOOK_SECRET"),
    "ses": ("service.providers.ses:Ses", "SES_TOPICS"),
    "brevo": ("service.providers.brevo:Brevo", "BREVO_WEBHOOK_SECRET"),
    "sparkpost": ("service.providers.sparkpost:SparkPost", "SPARKPOST_WEBHOOK_SECRET"),
}

_settings: dict[str, Any] = {name: (str, Field("", validation_alias=key)) for name, (_, key) in SERVICES.items()}
_Webhooks = create_model("_Webhooks", __base__=Account, **_settings)  # whether they are set, before a class is imported


def open_provider(settings: Settings) -> Provider:
    """The provider that the settings name. Raises SettingsError.

    The development mailbox is an SMTP server too, on this machine.
    """
    service = open_service(settings)
    if service is None:
        return Smtp(settings.smtp_url, settings.provider, settings.smtp_sessions)
    make: Callable[..., Provider] = pkgutil.resolve_name("service.providers.http:HttpProvider")
    return make(service, processes=settings.worker_processes)


def open_receiver(name: str, settings: Settings) -> tuple[Receiver, Mapping[str, tuple[str, ...]]] | None:
    """What understands a provider's webhooks, and its secrets by the NAME of /webhooks/PROVIDER/NAME ("" without one).

    None where there is no such provider, or its webhooks are not set up. It need not be the one that mail goes through
    now. Raises SettingsError.
    """
    if name not in SERVICES or name not in _told_by(settings):
        return None  # and nothing is imported for it
    service = settings.account(_class_of(name))
    return service, service.secrets()


def open_service(settings: Settings) -> Service | None:
    """The service over HTTP that the settings name; None where mail goes to a mail server. Raises SettingsError."""
    name = settings.provider
    if name in MAIL_SERVERS:
        return None
    if name not in SERVICES:
        raise SettingsError([f"MAIL_PROVIDER: must be one of {', '.join((*MAIL_SERVERS, *SERVICES))}"])
    service = settings.account(_class_of(name))
    faults = [f"{missing}: MAIL_PROVIDER={name} needs it" for missing in service.missing()]
    if service.signs and settings.dkim_key:
        faults.append(f"DKIM_KEY: {name} signs mails itself, and ours would be lost; leave the three of DKIM out")
    if faults:
        raise SettingsError(faults)
    return service


def environment(settings: Settings) -> dict[str, str]:
    """What is set for the service that mail goes through, by the names to set, keys included. Raises SettingsError."""
    service = open_service(settings)
    if service is None:
        return {}
    names = {name: str(info.validation_alias) for name, info in type(service).model_fields.items()}
    return {names[name]: str(getattr(service, name)) for name in sorted(service.model_fields_set)}


def refuse_faults(settings: Settings) -> None:
    """Raises SettingsError with all that the services named in the settings find amiss with theirs."""
    faults = list(dict.fromkeys(_faults(settings)))
    if faults:
        raise SettingsError(faults)


def _faults(settings: Settings) -> Iterator[str]:
    try:
        open_service(settings)
    except SettingsError as error:
        yield from error.faults
    for name in _told_by(settings):
        try:
            settings.account(_class_of(name))
        except SettingsError as error:
            yield from error.faults


def _told_by(settings: Settings) -> list[str]:
    """The providers whose webhooks are set up."""
    found = settings.account(_Webhooks)
    return [name for name in SERVICES if getattr(found, name)]


def _class_of(name: str) -> type[Service]:
    found: type[Service] = pkgutil.resolve_name(SERVICES[name][0])
    return found


def open_pacer(settings: Settings, redis: Redis, engine: Engine) -> Pacer | None:
    """What paces that provider's mail: nothing does on the way into the development mailbox.

    Mail servers are not looked up where the next one is this machine: whoever tries things out asks nobody's DNS.
    """
    if settings.provider == "mailbox":
        return None
    service = open_service(settings)
    host = urlsplit(service.url).hostname if service else read_url(settings.smtp_url).host
    # Until Valkey has told how many processes there are: this host's workers, and beat, which works in their place.
    groups = MailboxGroups(redis, None if host in LOOPBACK else open_resolver())
    return Pace(redis, groups, settings.worker_processes + 1, Seats(engine))


def open_resolver() -> Resolver | None:
    """What asks the name servers of this machine; None where it has none."""
    try:
        return Resolver()
    except (DNSException, OSError):  # no name server is configured here
        return None
