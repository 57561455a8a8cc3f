"""What `everafter doctor` sees of the service that mail goes through."""

from __future__ import annotations

from collections.abc import Iterator

from service.cli.finding import Finding
from service.providers import SERVICES, open_receiver, open_service
from service.providers.trial import Standing, Trial, try_keys
from service.settings import Settings

DEAF = "Bounces and complaints are not heard of: set {}, as docs/providers.md says, and the webhook at {}."
REFUSED = "All mail waits until {} is right: docs/providers.md says which key it takes."
UNREACHED = "Mail waits while it can't be reached: look at this machine's way to it, and ask again."


def provider_findings(settings: Settings) -> Iterator[Finding]:
    """What it leaves out of mails, whether it knows us, and whether it can tell what becomes of them. Raises
    SettingsError."""
    name = settings.provider
    service = open_service(settings)
    yield Finding("provider", f"{name}: {service.shortfall}" if service and service.shortfall else name)
    trial = try_keys(settings)
    if trial is not None:
        yield _credentials(trial)
    if service is not None:
        hears = open_receiver(name, settings) is not None
        advice = "" if hears else DEAF.format(SERVICES[name][1], name)
        yield Finding("webhooks", f"{settings.base_url}/webhooks/{name}" if hears else "not set up", advice)


def _credentials(trial: Trial) -> Finding:
    match trial.standing:
        case Standing.KNOWN:
            return Finding("credentials", f"{trial.name} takes them", trial.words)
        case Standing.REFUSED:
            return Finding(
                "credentials", f"{trial.name} refuses them: {trial.words}", REFUSED.format(" and ".join(trial.keys))
            )
        case Standing.UNREACHED:
            return Finding("credentials", f"{trial.name} could not be asked: {trial.words}", UNREACHED)
