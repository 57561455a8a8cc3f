"""`everafter send-test`: one real mail over real SMTP, marked as a test, and not a row of it anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, text

from service.cli.send_test import send_test
from service.settings import ROOT
from tests.providers.smtp_server import Script, serving

EXAMPLES = ROOT / "tests" / "domain" / "sequence" / "examples"


@pytest.fixture
def script(database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Script]:
    """A provider that takes mail, set as people set one."""
    script = Script()
    with serving(script) as url:
        told = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "MAIL_PROVIDER": "smtp", "SMTP_URL": url}
        for name, value in (told | {"EVERAFTER_SEQUENCES": str(EXAMPLES)}).items():
            monkeypatch.setenv(name, value)
        yield script


def run(*arguments: str) -> Result:
    return CliRunner().invoke(send_test, arguments)


def taken(script: Script) -> EmailMessage:
    (raw,) = script.taken
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def test_one_real_mail_marked_as_a_test(script: Script) -> None:
    result = run("salon-checklist", "your-checklist", "--to", "mia@glow.example")
    assert (result.exit_code, result.stdout) == (0, "Sent to mia@glow.example by smtp.\n"), result.output
    mail = taken(script)
    assert mail["Subject"] == "[Test] Here is your checklist, Ana"
    assert mail["X-Everafter-Test"] == "1"
    assert mail["To"].addresses[0].addr_spec == "mia@glow.example"
    assert mail["List-Unsubscribe"]


def test_it_stands_in_no_statistics(script: Script, engine: Engine) -> None:
    run("salon-checklist", "before-and-after", "--to", "mia@glow.example")
    body = taken(script).get_body(("html",))
    assert body is not None
    assert 'href="https://glow.example/jana"' in body.get_content()
    assert "/click/" not in body.get_content()
    with engine.connect() as connection:
        rows = [connection.scalar(text(f"SELECT count(*) FROM {table}")) for table in ("delivery", "contact", "hit")]
    assert rows == [0, 0, 0]


def test_a_task_is_mailed_as_its_colleague_would_get_it(script: Script) -> None:
    assert run("salon-checklist", "a-friendly-call", "--to", "mia@glow.example").exit_code == 0
    mail = taken(script)
    assert mail["Subject"].startswith("[Test] Call · Ana García")
    assert mail["X-Everafter-Test"] == "1"


def test_a_provider_that_refuses_is_told(script: Script) -> None:
    script.replies["rcpt"] = "550 5.1.1 nobody here"
    result = run("salon-checklist", "your-checklist", "--to", "mia@glow.example")
    assert result.exit_code == 1
    assert "It was not sent" in result.stderr
    assert "nobody here" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["salon-checklist", "your-checklist"], "--to"),
        (["salon-checklist", "your-checklist", "--to", "mia"], "That doesn't look like an email address"),
        (["salon-checklist", "nowhere", "--to", "mia@glow.example"], "there is no step “nowhere”"),
    ],
)
def test_a_wrong_call_sends_nothing(script: Script, arguments: list[str], said: str) -> None:
    result = run(*arguments)
    assert (result.exit_code, said in result.stderr) == (2, True), result.output
    assert script.taken == []
