"""How the pace stands, for people and programs: what each group got, what it may get, and what waits."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from service.domain.bucket import Bucket
from service.domain.pacing import DAY, Pacing, Rate
from service.domain.pacing_sight import ALL_MAIL, look_at_pace

NOW = datetime(2026, 11, 25, 14, tzinfo=ZoneInfo("Europe/Berlin"))
TODAY = NOW.date().toordinal()
PACING = Pacing(in_all=(Rate(14, 1), Rate(50_000, DAY)), groups=(("yahoo", Rate(30, 60)),), warm_up=date(2026, 11, 22))
CALM = Bucket(at=NOW.timestamp(), day=TODAY)


def test_every_group_that_is_named_known_or_waited_for_is_there_once_below_all_mail() -> None:
    buckets = {"": replace(CALM, count=412), "outlook": replace(CALM, factor=0.5, until=NOW.timestamp() + 480)}
    sight = look_at_pace(PACING, "glow.example", buckets, {"gmail": 7, "outlook": 2}, NOW)
    assert (sight.sender, sight.warm_up) == ("glow.example", 4)
    assert [each.title for each in sight.groups] == [ALL_MAIL, "Gmail", "Outlook.com", "Yahoo"]
    everything, gmail, outlook, yahoo = sight.groups
    assert (everything.left, everything.quota, everything.rate, everything.waiting) == (412, 50_000, 14.0, 9)
    assert (gmail.quota, gmail.allowed, gmail.rate, gmail.tokens, gmail.waiting) == (50, 32, 0.0, None, 7)
    assert (outlook.factor, outlook.paused, outlook.rate) == (0.5, 480.0, 5.0)
    assert (yahoo.rate, yahoo.left) == (0.5, 0)


def test_yesterdays_mails_are_not_todays() -> None:
    sight = look_at_pace(PACING, "glow.example", {"gmail": replace(CALM, day=TODAY - 1, count=50)}, {}, NOW)
    assert sight.groups[1].left == 0


def test_without_pacing_nothing_is_shown_but_all_mail() -> None:
    (everything,) = look_at_pace(Pacing(), "glow.example", {}, {}, NOW).groups
    assert (everything.quota, everything.rate, everything.factor) == (None, 0.0, 1.0)
