"""What all hosts of one installation must have alike, in words that may be shown: secrets only as a fingerprint."""

from __future__ import annotations

import hashlib
import hmac
import socket
from importlib.metadata import version
from urllib.parse import urlsplit

from service.providers import environment
from service.settings import Settings
from service.store.engine import MOST_CONNECTIONS

PRINTED = 12  # hexadecimal digits


def name_of(settings: Settings) -> str:
    """What tells this host from the others: the machine and the home, as two homes may share a machine."""
    return f"{socket.gethostname()}:{settings.home.resolve()}"


def what_must_agree(settings: Settings, key: bytes) -> dict[str, str]:
    """By the name to set. `key` is the installation's own, so that nobody can try passwords against a fingerprint."""
    said = {
        "BASE_URL": settings.base_url,
        "MAIL_PROVIDER": settings.provider,
        "SMTP_URL": _server(settings.smtp_url, key) if settings.provider == "smtp" else "",
        "DKIM_DOMAIN": settings.dkim_domain,
        "DKIM_SELECTOR": settings.dkim_selector,
        "DKIM_KEY": _print(settings.dkim_key, key),
        "EVERAFTER_SPEED": f"{settings.speed:g}",
        "KEEP_HITS": str(settings.keep_hits),
        "KEEP_DECISIONS": str(settings.keep_decisions),
        "KEEP_NOTICES": str(settings.keep_notices),
        "KEEP_DELIVERIES": str(settings.keep_deliveries),
        "tzdata": version("tzdata"),
    }
    own = {name: _print(value, key) for name, value in environment(settings).items()}  # of a provider over HTTP
    return {name: value for name, value in said.items() if value} | own


def connections_of(settings: Settings) -> int:
    """To the database, that the processes of `everafter up` with these settings may open: web, workers, and beat."""
    return MOST_CONNECTIONS * (settings.web_processes + settings.worker_processes + 1)


def _server(url: str, key: bytes) -> str:
    """Where it is, and of the password only the fingerprint."""
    if not url:
        return ""
    parts = urlsplit(url)
    place = f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
    return f"{place} ({_print(url, key)})"


def _print(secret: str, key: bytes) -> str:
    return (
        hmac.new(key, b"everafter agreement:" + secret.encode(), hashlib.sha256).hexdigest()[:PRINTED] if secret else ""
    )
