"""`everafter access`: all that is stored about a person."""

from __future__ import annotations

import json

from sqlalchemy import Engine

from service.settings import Settings
from tests.actions.house import House
from tests.cli.command import everafter


def access(settings: Settings, address: str):  # type: ignore[no-untyped-def]
    told = {"DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url}
    return everafter("access", address, **told, EVERAFTER_HOME=str(settings.home))


def test_it_prints_what_is_stored_and_refuses_what_it_can_not_find(engine: Engine, settings: Settings) -> None:
    House(engine).sign_up(first_name="Ana")
    found = access(settings, "Ana@Example.org")
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout)["person"]["first_name"] == "Ana"
    missing = access(settings, "bea@example.org")
    assert (missing.returncode, missing.stdout) == (1, "")
    assert "Nothing is stored about this address." in missing.stderr
    wrong = access(settings, "nonsense")
    assert wrong.returncode == 2
    assert "Traceback" not in wrong.stderr
