from __future__ import annotations

import json
import re
import subprocess

from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from service.domain.access import KEY, OF_THE_API, Scope, key_digest
from service.settings import Settings
from service.store.access import ApiKey, find_key
from tests.cli.command import everafter


def key(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    told = {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "EVERAFTER_HOME": str(settings.home),
    }
    return everafter("key", *arguments, **told)


def find(settings: Settings, secret: str) -> ApiKey | None:
    engine = create_engine(settings.database_url)
    with Session(engine) as session:
        found = find_key(session, key_digest(secret))
    engine.dispose()
    return found


def test_a_new_key_stands_alone_on_standard_output_and_opens_what_it_was_made_for(settings: Settings) -> None:
    made = key(settings, "create", "booking-system", "--scope", "events:write", "--scope", "contacts:read")
    assert made.returncode == 0
    assert KEY.fullmatch(made.stdout.removesuffix("\n"))
    assert "not shown again" in made.stderr
    row = find(settings, made.stdout.strip())
    assert row is not None
    assert (row.name, row.scopes) == ("booking-system", ["contacts:read", "events:write"])


def test_a_key_may_use_the_whole_api_where_nothing_else_is_said(settings: Settings) -> None:
    row = find(settings, key(settings, "create", "crm").stdout.strip())
    assert row is not None
    assert set(row.scopes) == OF_THE_API
    assert Scope.METRICS not in row.scopes


def test_a_name_is_given_once(settings: Settings) -> None:
    key(settings, "create", "crm")
    key(settings, "revoke", "crm")
    again = key(settings, "create", "crm")
    assert (again.returncode, again.stdout) == (1, "")
    assert "“crm”" in again.stderr
    assert "Traceback" not in again.stderr


def test_a_revoked_key_is_found_no_more(settings: Settings) -> None:
    made = key(settings, "create", "crm").stdout.strip()
    for _ in range(2):
        gone = key(settings, "revoke", "crm")
        assert (gone.returncode, gone.stdout) == (0, "")
    assert find(settings, made) is None
    unknown = key(settings, "revoke", "nobody")
    assert unknown.returncode == 1
    assert "everafter key list" in unknown.stderr


def test_what_can_not_be_meant_is_the_calls_fault(settings: Settings) -> None:
    for arguments in (["create"], ["create", "Two Words"], ["create", "x" * 61], ["create", "crm", "--scope", "root"]):
        assert key(settings, *arguments).returncode == 2


def test_the_list_shows_what_each_may_do_and_no_secret(settings: Settings) -> None:
    secret = key(settings, "create", "booking-system", "--scope", "events:write").stdout.strip()
    key(settings, "create", "crm")
    key(settings, "revoke", "crm")
    lines = key(settings, "list").stdout.splitlines()
    assert lines[0].startswith("booking-system   since ")
    assert lines[0].endswith("events:write")
    assert "revoked" in lines[1]
    listed = key(settings, "list", "--json").stdout
    assert [each["name"] for each in json.loads(listed)] == ["booking-system", "crm"]
    assert secret not in listed


def test_a_webhooks_secret_is_printed_alone_and_stays(settings: Settings) -> None:
    first, again, other = (key(settings, "webhook", name) for name in ("crm", "crm", "shop"))
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=\n", first.stdout)
    assert (first.stdout, first.returncode) == (again.stdout, 0)
    assert other.stdout != first.stdout
