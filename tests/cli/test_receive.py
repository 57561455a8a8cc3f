"""`everafter receive`: a mail that came back is kept, read behind it, and has its effect; or the mail server waits."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from service.runtime import Runtime
from service.settings import ROOT, Settings
from service.store.contact import Suppression
from service.store.delivery import Delivery
from service.store.notice import Notice
from tests.web.shop import Shop
from workers.mailroom import read_feedback

MAILS = ROOT / "tests" / "providers" / "returned"
BOUNCES = "bounces@mail.glow.example"


@dataclass(frozen=True)
class House:
    """A shop whose mails come back to it; Ana has signed up."""

    runtime: Runtime
    shop: Shop

    @property
    def ours(self) -> str:
        """The address that Ana's first mail comes back to."""
        (delivery,) = self.shop.all(Delivery)
        return self.runtime.marks.sender_of(delivery.id)

    def receive(self, name: str, *arguments: str, **told: str) -> subprocess.CompletedProcess[bytes]:
        settings = self.runtime.settings
        servers = {"DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url}
        mail = (MAILS / f"{name}.eml").read_bytes() if name else b""
        return subprocess.run(
            [sys.executable, "-m", "service.cli", "receive", *arguments],
            input=mail,
            env=os.environ | servers | {"EVERAFTER_HOME": str(settings.home)} | told,
            cwd=ROOT,
            capture_output=True,
            timeout=120,
            check=False,
        )


@pytest.fixture
def house(settings: Settings) -> Iterator[House]:
    runtime = Runtime(settings.model_copy(update={"bounce_address": BOUNCES}))
    shop = Shop(runtime)
    shop.publish()
    shop.sign_up()
    yield House(runtime, shop)
    runtime.close()


def test_a_mail_for_an_address_of_ours_says_that_nobody_is_there(house: House) -> None:
    done = house.receive("exim-plain", "--to", house.ours)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert len(house.shop.all(Notice)) == 1
    assert house.shop.all(Suppression) == [], "it is read by the workers"
    assert read_feedback(house.runtime) == 1
    (line,) = house.shop.all(Suppression)
    assert line.reason == "bounced"
    assert {each.state for each in house.shop.all(Delivery)} == {"cancelled"}


def test_a_mail_that_anybody_wrote_says_nothing(house: House) -> None:
    house.receive("exim-plain", "--to", "bounces+1-00000000000000000000@mail.glow.example")
    read_feedback(house.runtime)
    assert house.shop.all(Suppression) == []


def test_where_it_can_not_be_kept_the_mail_server_tries_again(house: House) -> None:
    away = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    done = house.receive("exim-plain", "--to", house.ours, **away)
    assert done.returncode == 75
    assert b"Traceback" not in done.stderr
    assert b"ana@" not in done.stderr


def test_nothing_on_standard_input_is_no_mail(house: House, tmp_path: Path) -> None:
    assert house.receive("").returncode == 2
