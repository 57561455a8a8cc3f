"""`everafter pacing`: the table for people, the object for programs, and what it says while Valkey is away."""

from __future__ import annotations

import json

import pytest
from redis import Redis
from sqlalchemy import text

from service.actions.publish import Edition, publish
from service.clock import machine_now
from service.domain.bucket import Answers, Ask, Limit
from service.providers.mx import MailboxGroups
from service.providers.pace import Pace
from service.runtime import Runtime
from service.settings import Settings
from tests.cli.command import everafter
from tests.small_hours import small_hours
from tests.web.shop import BUSINESS, FILES, Shop

PACING = """\
pacing:
  in all: 50000 a day
  groups: {gmail: 120 a minute, yahoo: 30 a day}
"""


@pytest.fixture
def told(settings: Settings, redis: Redis) -> dict[str, str]:
    """A house that sends through a mail service, and what a shell tells the command."""
    runtime = Runtime(settings)
    shop = Shop(runtime)
    zone = small_hours()
    business = BUSINESS.replace("Europe/Berlin", zone.key) + PACING
    with runtime.session() as session:
        publish(session, Edition({**FILES, "sequences/business.yaml": business.encode()}, set()))
    shop.sign_up()
    shop.sign_up("bea@example.org")
    with runtime.session() as session:
        session.execute(text("UPDATE delivery SET state = 'cleared', pace_group = 'gmail'"))
        session.execute(text("UPDATE delivery SET pace_group = '' WHERE id = (SELECT max(id) FROM delivery)"))
    pace = Pace(redis, MailboxGroups(redis, None))
    today = machine_now().astimezone(zone).date().toordinal()
    pace.draw("glow.example", [Ask("yahoo", Limit(day=today, quota=30, allowed=30), 0, 3)])
    pace.settle("glow.example", {"outlook": Answers(strikes=1.0)})
    runtime.close()
    return {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "EVERAFTER_HOME": str(settings.home),
        "MAIL_PROVIDER": "smtp",
        "SMTP_URL": "smtp://mail.example.org:587",
    }


def test_it_shows_every_group_that_is_limited_slowed_down_or_waited_for(told: dict[str, str]) -> None:
    shown = everafter("pacing", **told)
    assert shown.returncode == 0, shown.stderr
    lines = [line.split("   ")[0].strip() for line in shown.stdout.splitlines()[3:]]
    assert lines == ["all mail", "Gmail", "Outlook.com", "Yahoo"]
    assert "120 a minute" not in shown.stdout
    assert "2 a second" in shown.stdout
    assert "10 min" in shown.stdout
    assert "3 of 30" in shown.stdout


def test_programs_get_the_numbers(told: dict[str, str]) -> None:
    shown = json.loads(everafter("pacing", "--json", **told).stdout)
    groups = {each["group"]: each for each in shown["groups"]}
    assert (shown["paced"], shown["warm_up_day"]) == (True, None)
    assert (groups["gmail"]["waiting"], groups["gmail"]["rate"], groups[""]["waiting"]) == (1, 2.0, 2)
    assert (groups["outlook"]["factor"], groups["yahoo"]["quota"], groups[""]["quota"]) == (0.5, 30, 50_000)


def test_without_valkey_it_says_what_holds_meanwhile(told: dict[str, str]) -> None:
    shown = everafter("pacing", **{**told, "REDIS_URL": "redis://127.0.0.1:1"})
    assert (shown.returncode, shown.stdout) == (1, "")
    assert "keeps to its share" in shown.stderr
    assert "Traceback" not in shown.stderr
