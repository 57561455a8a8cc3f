"""What `everafter doctor` says of the service that mail goes through."""

from __future__ import annotations

from service.cli.finding import Finding
from service.cli.provider_findings import provider_findings
from service.settings import read_settings
from tests.providers.bench import dialect_of, settings_for
from tests.providers.http_server import serving


def test_a_mail_server_is_named() -> None:
    assert list(provider_findings(read_settings({}))) == [Finding("provider", "mailbox")]


NOWHERE = "http://127.0.0.1:9"


def test_keys_that_a_provider_takes_refuses_or_can_not_be_asked_about_are_told_apart() -> None:
    dialect = dialect_of("postmark")
    with serving(dialect) as api:
        _, known, _ = provider_findings(settings_for(dialect, api.url))
        _, wrong, _ = provider_findings(settings_for(dialect, api.url, POSTMARK_TOKEN="another-token"))
    _, away, _ = provider_findings(settings_for(dialect, NOWHERE))
    assert known == Finding("credentials", "postmark takes them")
    assert wrong.seen.startswith("postmark refuses them: it answered 401: ")
    assert "POSTMARK_TOKEN" in wrong.advice
    assert "another-token" not in wrong.seen + wrong.advice
    assert away.seen.startswith("postmark could not be asked: ")
    assert away.advice


def test_what_a_provider_leaves_out_of_mails_is_said() -> None:
    dialect = dialect_of("mailjet")
    settings = settings_for(dialect, NOWHERE, **{dialect.secret: dialect.secrets[0]})
    provider, _, webhooks = provider_findings(settings)
    assert provider.seen.startswith("mailjet: Mails carry no List-Id")
    assert webhooks == Finding("webhooks", "http://127.0.0.1:8000/webhooks/mailjet")


def test_a_provider_that_can_not_tell_of_bounces_is_amiss() -> None:
    provider, _, webhooks = provider_findings(settings_for(dialect_of("ses"), NOWHERE))
    assert provider.what == "provider"
    assert webhooks.seen == "not set up"
    assert "set SES_TOPICS" in webhooks.advice
