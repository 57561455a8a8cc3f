"""What is refused when settings are read, and what it takes to be understood."""

from __future__ import annotations

import subprocess
import sys

import pytest
from redis import Redis
from sqlalchemy import create_engine

from service.providers import (
    SERVICES,
    environment,
    open_pacer,
    open_receiver,
    open_service,
    refuse_faults,
)
from service.runtime import Runtime
from service.settings import MAIL_SERVERS, SettingsError, read_settings
from tests.providers.bench import dialect_of, settings_for

DKIM = {"DKIM_DOMAIN": "glow.example", "DKIM_SELECTOR": "a", "DKIM_KEY": "a key"}


def faults_of(given: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as error:
        refuse_faults(read_settings(given))
    return error.value.faults


def test_there_are_the_ten_that_the_interfaces_name() -> None:
    ten = ["mailbox", "smtp", "postmark", "mailgun", "sendgrid", "ses", "resend", "brevo", "sparkpost", "mailjet"]
    assert sorted((*MAIL_SERVERS, *SERVICES)) == sorted(ten)


def test_a_name_that_no_provider_has_is_refused_with_those_there_are() -> None:
    [fault] = faults_of({"MAIL_PROVIDER": "postmrak"})
    assert fault.startswith("MAIL_PROVIDER: must be one of mailbox, smtp, postmark,")


@pytest.mark.parametrize("name", SERVICES)
def test_all_that_is_missing_is_named_at_once(name: str) -> None:
    missing = [fault.partition(":")[0] for fault in faults_of({"MAIL_PROVIDER": name})]
    assert set(missing) >= set(dialect_of(name).keys)


@pytest.mark.parametrize("name", SERVICES)
def test_a_signature_of_ours_is_refused_where_it_would_be_lost(name: str) -> None:
    dialect = dialect_of(name)
    service = open_service(settings_for(dialect, "https://api.example.org"))
    assert service is not None
    if service.signs:
        [fault] = faults_of({"MAIL_PROVIDER": name, **dialect.given, **DKIM})
        assert fault.startswith(f"DKIM_KEY: {name} signs mails itself")
    else:
        refuse_faults(settings_for(dialect, "https://api.example.org", **DKIM))


@pytest.mark.parametrize(
    "url", ["http://api.example.org", "ftp://127.0.0.1", "https://", "api.example.org", "https://x/?a=b"]
)
def test_keys_go_nowhere_but_over_https(url: str) -> None:
    for name in SERVICES:
        dialect = dialect_of(name)
        faults = faults_of({"MAIL_PROVIDER": name, **dialect.given, dialect.url: url})
        assert faults[0].startswith(f"{dialect.url}: ")


@pytest.mark.parametrize("name", SERVICES)
def test_a_key_is_one_that_a_header_can_carry(name: str) -> None:
    dialect = dialect_of(name)
    for key in dialect.keys:
        for wrong in ("a\nb", "schlüssel"):
            [fault] = faults_of({"MAIL_PROVIDER": name, **dialect.given, key: wrong})
            assert fault.startswith(f"{key}: ")
            assert wrong not in fault
        copied = settings_for(dialect, "https://api.example.org", **{key: f" {dialect.given[key]}\n"})
        assert environment(copied)[key] == dialect.given[key]


def test_a_webhook_secret_that_can_be_none_is_refused_without_being_shown() -> None:
    given = {
        "POSTMARK_WEBHOOK_SECRET": "without-a-user",
        "SENDGRID_WEBHOOK_SECRET": "bm8ga2V5",
        "RESEND_WEBHOOK_SECRET": "not-whsec",
        "MAILJET_WEBHOOK_SECRET": "mailjet:good,:bad",
    }
    faults = faults_of(given)
    assert [fault.partition(":")[0] for fault in faults] == [name for _, name in SERVICES.values() if name in given]
    assert not [fault for fault in faults if any(secret in fault for secret in given.values())]


def test_a_process_does_not_begin_with_such_settings() -> None:
    with pytest.raises(SettingsError, match="POSTMARK_TOKEN: MAIL_PROVIDER=postmark needs it"):
        Runtime(read_settings({"MAIL_PROVIDER": "postmark", "DATABASE_URL": "postgresql://127.0.0.1/none"}))


def test_what_is_given_stands_above_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTMARK_TOKEN", "of the environment")
    monkeypatch.setenv("POSTMARK_STREAM", "newsletter")
    settings = read_settings({"MAIL_PROVIDER": "postmark", "POSTMARK_TOKEN": "given"})
    expected = {"POSTMARK_TOKEN": "given", "POSTMARK_STREAM": "newsletter"}
    assert environment(settings) == expected
    assert environment(settings.model_copy(update={"smtp_url": ""})) == expected
    assert environment(read_settings({})) == {}


def test_keys_are_in_no_text_that_is_made_of_settings() -> None:
    for name in SERVICES:
        dialect = dialect_of(name)
        settings = settings_for(dialect, "https://api.example.org", **{dialect.secret: dialect.secrets[0]})
        shown = repr(open_service(settings)) + repr(settings)
        assert not [key for key in dialect.keys if dialect.given[key] in shown]
        assert dialect.secrets[0] not in shown or dialect.secret == "SES_TOPICS"


def test_webhooks_are_received_from_another_provider_than_that_of_now() -> None:
    settings = read_settings(
        {"MAIL_PROVIDER": "mailbox", "POSTMARK_WEBHOOK_SECRET": "a:b,berlin=c:d=e,berlin=f:g,=h:i"}
    )
    found = open_receiver("postmark", settings)
    assert found is not None
    assert (found[0].name, found[1]) == ("postmark", {"": ("a:b", "=h:i"), "berlin": ("c:d=e", "f:g")})
    assert open_receiver("mailjet", settings) is None
    assert open_receiver("nobody", settings) is None


def test_what_is_not_used_is_not_imported() -> None:
    """Whatever anybody posts to: the libraries of a provider that isn't set up cost nothing."""
    program = (
        "import sys; from service.providers import SERVICES, open_receiver; from service.settings import read_settings;"
        "print([open_receiver(name, read_settings({})) for name in SERVICES].count(None),"
        "[name for name in sys.modules if name.startswith(('botocore', 'service.providers.ses'))])"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert told.split() == ["8", "[]"]


def test_mail_through_a_provider_is_paced_and_that_into_the_mailbox_is_not() -> None:
    redis, engine = Redis(port=1), create_engine("postgresql+psycopg://")
    assert open_pacer(settings_for(dialect_of("postmark"), "https://api.example.org"), redis, engine) is not None
    assert open_pacer(read_settings({}), redis, engine) is None
