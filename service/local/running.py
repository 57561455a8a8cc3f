"""What runs on a home now: the note that its owner leaves for other commands."""

from __future__ import annotations

import json
import pkgutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from service.local.home import Home
from service.settings import MAIL_SERVERS, Settings, read_settings


@dataclass(frozen=True, slots=True)
class Running:
    """`environment` holds the settings that the owner's processes run with, passwords included (a 0600 file)."""

    pid: int
    environment: Mapping[str, str]

    def write(self, home: Home) -> None:
        fresh = _path(home).with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(asdict(self)))
        fresh.replace(_path(home))


def read_running(home: Home) -> Running | None:
    try:
        return Running(**json.loads(_path(home).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def clear_running(home: Home) -> None:
    _path(home).unlink(missing_ok=True)


def environment(settings: Settings) -> dict[str, str]:
    """The settings that another process of this home must share, as it reads them. Raises SettingsError."""
    return {
        "EVERAFTER_HOME": str(settings.home.resolve()),
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "BASE_URL": settings.base_url,
        "MAIL_PROVIDER": settings.provider,
        "SMTP_URL": settings.smtp_url,
        "EVERAFTER_SPEED": str(settings.speed),
        **_account(settings),
    }


def _account(settings: Settings) -> Mapping[str, str]:
    """What is set for a provider over HTTP, whose libraries are imported only then. Raises SettingsError."""
    if settings.provider in MAIL_SERVERS:
        return {}
    found: Mapping[str, str] = pkgutil.resolve_name("service.providers:environment")(settings)
    return found


def settings_beside(settings: Settings, given: Mapping[str, str]) -> Settings:
    """`settings`, and what they leave unsaid as `given` says it. Raises SettingsError."""
    fields = type(settings).model_fields
    said = {fields[name].validation_alias for name in settings.model_fields_set if getattr(settings, name)}
    return read_settings({name: value for name, value in given.items() if name not in said} | dict(settings.given))


def _path(home: Home) -> Path:
    return home.run / "running.json"
