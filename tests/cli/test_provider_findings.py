"""What `everafter doctor` says of the service that mail goes through."""

from __future__ import annotations

from service.cli.finding import Finding
from service.cli.provider_findings import provider_findings
from service.settings import read_settings
from tests.providers.bench import dialect_of, settings_for


def test_a_mail_server_is_named() -> None:
    assert list(provider_findings(read_settings({}))) == [Finding("provider", "mailbox")]


def test_what_a_provider_leaves_out_of_mails_is_said() -> None:
    dialect = dialect_of("mailjet")
    settings = settings_for(dialect, "https://api.example.org", **{dialect.secret: dialect.secrets[0]})
    provider, webhooks = provider_findings(settings)
    assert provider.seen.startswith("mailjet: Mails carry no List-Id")
    assert webhooks == Finding("webhooks", "http://127.0.0.1:8000/webhooks/mailjet")


def test_a_provider_that_can_not_tell_of_bounces_is_amiss() -> None:
    provider, webhooks = provider_findings(settings_for(dialect_of("ses"), "https://api.example.org"))
    assert provider.what == "provider"
    assert webhooks.seen == "not set up"
    assert "set SES_TOPICS" in webhooks.advice
