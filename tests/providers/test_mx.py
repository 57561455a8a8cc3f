"""Mail servers are looked up by DNS, once, in bounded time; whatever fails, a domain is a group of its own."""

from __future__ import annotations

import time

import pytest
from redis import Redis

from service.providers import mx
from service.providers.mx import DEADLINE, MailboxGroups
from tests.providers.name_server import Zone, naming

HOSTED = {
    "glow.example": ("10 backup.other.example.", "1 aspmx.l.google.com."),
    "office.example": ("0 office-example.mail.protection.outlook.com.",),
    "small.example": ("10 mx1.host.co.uk.",),
    "silent.example": ("0 .",),
    "bare.example": (),
    "xn--mnchen-3ya.example": ("10 mx00.gmx.net.",),
}


@pytest.fixture
def _calm(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine even the right answer may take seconds."""
    monkeypatch.setattr(mx, "LOOKUP", 60.0)
    monkeypatch.setattr(mx, "DEADLINE", 60.0)


@pytest.mark.usefixtures("_calm")
def test_a_domain_belongs_to_whoever_runs_its_preferred_mail_server(redis: Redis) -> None:
    zone = Zone(HOSTED)
    with naming(zone) as resolver:
        groups = MailboxGroups(redis, resolver).of([*HOSTED, "gone.example", "gmail.com", "münchen.example"])
    assert groups == {
        "glow.example": "gmail",
        "office.example": "microsoft365",
        "small.example": "host.co.uk",
        "silent.example": "silent.example",
        "bare.example": "bare.example",
        "gone.example": "gone.example",
        "gmail.com": "gmail",
        "münchen.example": "gmx",
        "xn--mnchen-3ya.example": "gmx",
    }
    assert "gmail.com" not in zone.asked, "everybody knows them"


@pytest.mark.usefixtures("_calm")
def test_a_domain_is_looked_up_once_for_all_processes(redis: Redis) -> None:
    zone = Zone(HOSTED)
    with naming(zone) as resolver:
        first = MailboxGroups(redis, resolver)
        assert first.of(["glow.example"]) == first.of(["glow.example"]) == {"glow.example": "gmail"}
        assert MailboxGroups(redis, resolver).of(["glow.example"]) == {"glow.example": "gmail"}
    assert zone.asked == ["glow.example"]
    assert 0 < redis.ttl("mx:glow.example") <= 86_400


@pytest.mark.usefixtures("_calm")
def test_without_valkey_it_is_looked_up_once_a_process() -> None:
    zone = Zone(HOSTED)
    nobody = Redis.from_url("redis://127.0.0.1:1", socket_connect_timeout=0.2)
    with naming(zone) as resolver:
        groups = MailboxGroups(nobody, resolver)
        assert groups.of(["glow.example"]) == groups.of(["glow.example"]) == {"glow.example": "gmail"}
    assert zone.asked == ["glow.example"]


def test_a_name_server_that_does_not_answer_costs_seconds_once(redis: Redis) -> None:
    zone = Zone(HOSTED, silence=20.0)
    domains = [f"d{number}.example" for number in range(25)]
    with naming(zone) as resolver:
        groups = MailboxGroups(redis, resolver)
        began = time.monotonic()
        assert groups.of(domains) == {domain: domain for domain in domains}
        assert time.monotonic() - began < 15, f"{DEADLINE:g} seconds, where each domain would take twenty"
        assert groups.of(["glow.example"]) == {"glow.example": "glow.example"}
    assert "glow.example" not in zone.asked, "nobody is asked again for a while"
    assert redis.keys("mx:*") == []


@pytest.mark.usefixtures("_calm")
def test_what_one_process_remembers_is_bounded(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mx, "MOST", 3)
    zone = Zone({f"d{number}.example": ("1 aspmx.l.google.com.",) for number in range(9)})
    with naming(zone) as resolver:
        groups = MailboxGroups(redis, resolver)
        groups.of(zone.servers)
    assert len(groups._memory) == 3


def test_without_a_resolver_nobody_is_asked(redis: Redis) -> None:
    assert MailboxGroups(redis, None).of(["glow.example", "hotmail.de"]) == {
        "glow.example": "glow.example",
        "hotmail.de": "outlook",
    }
    assert redis.keys("*") == []
