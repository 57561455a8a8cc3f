"""Whether a provider knows our keys: asked of each by a request that sends nothing, and answered by three words."""

from __future__ import annotations

import time

import pytest

from service.providers import SERVICES
from service.providers.line import Patience
from service.providers.trial import Standing, try_keys
from service.settings import read_settings
from tests.providers.bench import CALM, Bench, dialect_of, settings_for
from tests.providers.dialects import Reply
from tests.providers.http_server import Fault
from tests.providers.http_server import serving as serving_api
from tests.providers.smtp_server import Script, serving

BRIEF = Patience(connect=0.5, silence=0.3, deadline=0.6)


def test_right_keys_are_known_and_nothing_is_sent(bench: Bench) -> None:
    trial = try_keys(settings_for(bench.dialect, bench.api.url), CALM)
    assert trial is not None
    assert (trial.name, trial.standing, trial.words) == (bench.name, Standing.KNOWN, "")
    assert len(bench.api.requests) == 1
    assert bench.taken == []


def test_other_keys_are_refused_and_shown_to_nobody(bench: Bench) -> None:
    wrong = dict.fromkeys(bench.dialect.keys, "another-key-than-it-knows")
    trial = try_keys(settings_for(bench.dialect, bench.api.url, **wrong), CALM)
    assert trial is not None
    assert trial.standing is Standing.REFUSED
    assert set(trial.keys) >= set(bench.dialect.keys)
    assert trial.words.startswith("it answered 40")
    assert "another-key" not in repr(trial)


@pytest.mark.parametrize("fault", [Fault.CUT, Fault.TRICKLE, Fault.ENDLESS, Reply(500), Reply(429)])
def test_where_nobody_can_say_it_is_said_within_bounds(bench: Bench, fault: Fault | Reply) -> None:
    bench.api.faults.append(fault)
    began = time.monotonic()
    trial = try_keys(settings_for(bench.dialect, bench.api.url), BRIEF)
    assert time.monotonic() - began < 15
    assert trial is not None
    assert trial.standing is Standing.UNREACHED


@pytest.mark.parametrize("name", SERVICES)
def test_where_nobody_listens_no_key_is_called_wrong(name: str) -> None:
    trial = try_keys(settings_for(dialect_of(name), "http://127.0.0.1:9"), BRIEF)
    assert trial is not None
    assert trial.standing is Standing.UNREACHED


def answered(name: str, reply: Reply, **more: str) -> tuple[Standing, str]:
    from_dialect = dialect_of(name)
    from_dialect.answer = lambda _: reply  # type: ignore[method-assign]
    with serving_api(from_dialect) as api:
        trial = try_keys(settings_for(from_dialect, api.url, **more), CALM)
    assert trial is not None
    return trial.standing, trial.words


@pytest.mark.parametrize(
    ("name", "reply"),
    [
        ("sendgrid", Reply(200, {"scopes": ["stats.read"]})),
        ("sendgrid", Reply(200, {"scopes": "mail.send"})),
        ("brevo", Reply(401, {"code": "unauthorized", "message": "Key not found"})),
        ("sparkpost", Reply(401, {"errors": [{"message": "Unauthorized."}]})),
        ("mailgun", Reply(404, {"message": "Domain not found: mg.glow.example"})),
    ],
)
def test_keys_that_are_good_for_other_things_than_mail_are_refused(name: str, reply: Reply) -> None:
    assert answered(name, reply)[0] is Standing.REFUSED


def test_a_key_of_brevo_that_may_not_look_at_the_account_is_known() -> None:
    said = 'Access denied for resource "account". The API key does not include the required permission.'
    assert answered("brevo", Reply(403, {"message": said}))[0] is Standing.KNOWN


@pytest.mark.parametrize(
    ("told", "rate", "says"),
    [
        ({"SendingEnabled": True, "ProductionAccessEnabled": True}, "", ""),
        ({"SendingEnabled": True, "ProductionAccessEnabled": False}, "", "sandbox"),
        ({"SendingEnabled": False, "ProductionAccessEnabled": True}, "", "stopped"),
        ({"SendQuota": {"MaxSendRate": 14.0}}, "14", ""),
        ({"SendQuota": {"MaxSendRate": 50.0}}, "14", "grants 50 mails a second"),
        ({"SendQuota": 7}, "14", ""),
    ],
)
def test_what_amazon_says_of_the_account_is_passed_on(told: dict[str, object], rate: str, says: str) -> None:
    standing, words = answered("ses", Reply(200, told), **({"SES_RATE": rate} if rate else {}))
    assert standing is Standing.KNOWN
    assert says in words
    assert bool(words) == bool(says)


def test_a_mail_server_is_asked_by_opening_a_session() -> None:
    script = Script(replies={"ehlo": "250-here\r\n250 AUTH PLAIN", "auth": "235 welcome"})
    with serving(script) as url:
        own = {"MAIL_PROVIDER": "smtp", "SMTP_URL": url.replace("//", "//ana:secret@")}
        known = try_keys(read_settings(own))
        script.replies["auth"] = "535 5.7.8 no such user"
        refused = try_keys(read_settings(own))
        script.greeting = "554 go away"
        away = try_keys(read_settings(own))
    assert known is not None
    assert (known.name, known.standing) == ("127.0.0.1", Standing.KNOWN)
    assert refused is not None
    assert (refused.standing, refused.words, refused.keys) == (
        Standing.REFUSED,
        "535 5.7.8 no such user",
        ("SMTP_URL",),
    )
    assert away is not None
    assert away.standing is Standing.UNREACHED
    gone = try_keys(read_settings({"MAIL_PROVIDER": "smtp", "SMTP_URL": "smtp://127.0.0.1:9"}))
    assert gone is not None
    assert gone.standing is Standing.UNREACHED
    assert script.taken == []


def test_there_is_nobody_to_ask_where_mail_stays_here() -> None:
    assert try_keys(read_settings({})) is None
