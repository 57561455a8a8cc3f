"""What `everafter doctor` sees of the service that mail goes through."""

from __future__ import annotations

from collections.abc import Iterator

from service.cli.finding import Finding
from service.providers import SERVICES, open_receiver, open_service
from service.settings import Settings

DEAF = "Bounces and complaints are not heard of: set {}, as docs/providers.md says, and the webhook at {}."


def provider_findings(settings: Settings) -> Iterator[Finding]:
    """What it leaves out of mails, and whether it can tell what becomes of them. Raises SettingsError."""
    name = settings.provider
    service = open_service(settings)
    yield Finding("provider", f"{name}: {service.shortfall}" if service and service.shortfall else name)
    if service is not None:
        hears = open_receiver(name, settings) is not None
        advice = "" if hears else DEAF.format(SERVICES[name][1], name)
        yield Finding("webhooks", f"{settings.base_url}/webhooks/{name}" if hears else "not set up", advice)
