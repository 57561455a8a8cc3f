"""Services that take mail: a class each, and the one place that knows them all by name."""

from __future__ import annotations

from service.ports import Provider
from service.providers.smtp import Smtp
from service.settings import Settings


def open_provider(settings: Settings) -> Provider:
    """The provider that the settings name. The development mailbox is an SMTP server too, on this machine."""
    return Smtp(settings.smtp_url, name=settings.provider)
