"""`everafter send-test` through each provider's API: the mail that we really write, as they understand it."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from service.cli.send_test import send_test
from service.providers import SERVICES
from service.settings import ROOT
from tests.providers.bench import dialect_of
from tests.providers.http_server import serving

EXAMPLES = ROOT / "tests" / "domain" / "sequence" / "examples"


@pytest.mark.parametrize("name", SERVICES)
def test_the_mail_that_we_really_write_arrives_whole(
    name: str, database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialect = dialect_of(name)
    with serving(dialect) as api:
        told = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "EVERAFTER_SEQUENCES": str(EXAMPLES)}
        for key, value in {**told, "MAIL_PROVIDER": name, **dialect.given, dialect.url: api.url}.items():
            monkeypatch.setenv(key, value)
        result = CliRunner().invoke(send_test, ["salon-checklist", "your-checklist", "--to", "mia@glow.example"])
    assert (result.exit_code, result.stdout) == (0, f"Sent to mia@glow.example by {name}.\n"), result.output
    [taken] = dialect.taken
    assert (taken.recipient, taken.subject) == ("mia@glow.example", "[Test] Here is your checklist, Ana")
    assert taken.sender[1].endswith(".example")
    assert taken.html.lstrip().startswith("<!doctype html>")
    assert "</html>" in taken.html
    assert "=\n" not in taken.text, "no trace of the encoding is left"
    assert taken.headers["list-unsubscribe"].startswith("<http")
    assert taken.headers["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    assert taken.headers["x-everafter-test"] == "1"
