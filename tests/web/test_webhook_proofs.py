"""Each way's proof, good, wrong, missing, malformed, replayed, rotated and too old, at its own address: those of the
eight providers with an API, and mail that comes back to whoever sends by SMTP.

The table is whole: a way for which one of the seven is neither shown nor excused fails.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from sqlalchemy import func, select

from service.clock import machine_now
from service.ports import Received
from service.providers import SERVICES
from service.runtime import Runtime
from service.settings import read_settings
from service.store.delivery import Delivery
from service.store.feedback import ToldFeedback
from service.store.notice import Notice
from tests.providers.bench import dialect_of
from tests.providers.dialects import Dialect, Reply, Request
from tests.providers.payloads import Case, cases
from tests.web.shop import Shop
from workers.mailroom import read_feedback

RETURNED = Path(__file__).parents[1] / "providers" / "returned" / "postfix-no-such-user.eml"
NINE = (*SERVICES, "inbound")
SEVEN = {"good", "wrong", "missing", "malformed", "replayed", "rotated", "too old"}
# A password says nothing of the time, and is good until it is taken out of the settings.
TIMELESS = {name: {"too old"} for name in ("postmark", "mailjet", "brevo", "sparkpost", "inbound")}


class InboundRoute(Dialect):
    """Whoever posts the mail that comes back: a provider's inbound route, or a mail server's pipe."""

    name = "inbound"
    given: ClassVar = {"BOUNCE_ADDRESS": "bounces@mail.glow.example"}
    secret = "INBOUND_WEBHOOK_SECRET"
    secrets = ("route:new-and-long-enough", "route:old-and-long-enough")

    def answer(self, request: Request) -> Reply:
        raise AssertionError("nothing is sent by it")

    def post(self, body: Any, at: datetime, nth: int = 0, headers: Mapping[str, str] | None = None) -> Received:
        password = b64encode(self.secrets[nth].encode()).decode()
        return Received({"authorization": f"Basic {password}"} | dict(headers or {}), body, at)


@dataclass
class Door:
    """A provider's webhook, with the secrets that are set."""

    dialect: Dialect
    shop: Shop
    case: Case

    def post(self, received: Received) -> int:
        path, headers = f"/webhooks/{self.dialect.name}", dict(received.headers)
        return self.shop.client.post(path, data=received.body, headers=headers).status_code

    def proven(self, nth: int = 0, age: timedelta = timedelta(0)) -> Received:
        return self.dialect.post(self.case.body, machine_now() - age, nth, self.case.headers)

    def kept(self) -> int:
        with self.shop.runtime.session() as session:
            return session.scalar(select(func.count()).select_from(Notice)) or 0

    def told(self) -> int:
        read_feedback(self.shop.runtime)
        return len(self.shop.all(ToldFeedback))


@pytest.fixture
def open_door(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[object]:
    opened: list[Shop] = []

    def open_one(name: str, *secrets: str) -> Door:
        dialect = _dialect(name)
        own = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "EVERAFTER_HOME": str(tmp_path)}
        shop = Shop(Runtime(read_settings({**own, **dialect.given, dialect.secret: ",".join(secrets)})))
        opened.append(shop)
        shop.publish()
        return Door(dialect, shop, _case(name, shop))

    yield open_one
    for shop in opened:
        shop.runtime.close()


def _dialect(name: str) -> Dialect:
    return InboundRoute() if name == "inbound" else dialect_of(name)


def _case(name: str, shop: Shop) -> Case:
    """One thing that is told; in mail, of one that somebody got."""
    if name != "inbound":
        return next(each for each in cases(name) if len(each.told) == 1)
    shop.sign_up()
    address = shop.runtime.marks.sender_of(shop.all(Delivery)[0].id)
    mail = RETURNED.read_bytes().replace(b"{came_to}", address.encode())
    return Case(name, "a bounce", mail, {"content-type": "message/rfc822"}, [])


@pytest.mark.parametrize("name", NINE)
def test_of_the_seven_proofs_each_is_taken_or_refused_as_it_deserves(name: str, open_door) -> None:  # type: ignore[no-untyped-def]
    new, old = _dialect(name).secrets
    door: Door = open_door(name, new)
    shown = set()

    for kind, forged in door.dialect.forged(door.case.body, machine_now()).items():
        for received in forged:
            try:
                status = door.post(received)
            except (UnicodeEncodeError, ValueError):  # what no client can put into a header
                continue
            assert status in {400, 401}, kind
            shown.add(kind)
    if door.dialect.good_for is not None:
        assert door.post(door.proven(age=door.dialect.good_for + timedelta(minutes=1))) == 401
        assert door.post(door.proven(age=-timedelta(days=1))) == 401, "nor is one from the future"
        shown.add("too old")
    assert door.post(door.proven(nth=1)) == 401, "a secret that is not set yet, or not any more"
    assert door.kept() == 0, "and of all that nothing is written"

    good = door.proven()
    assert door.post(good) == 200
    assert (door.kept(), door.told()) == (1, 1)
    shown.add("good")
    assert {door.post(good) for _ in range(3)} == {200}
    assert door.told() == 1, "it counts once"
    shown.add("replayed")

    both: Door = open_door(name, new, old)
    assert (both.post(both.proven(nth=0)), both.post(both.proven(nth=1))) == (200, 200)
    shown.add("rotated")
    assert shown == SEVEN - TIMELESS.get(name, set())


def test_each_event_of_each_provider_has_more_than_one_payload_in_all() -> None:
    """Several an event: what happened is told of in more than one shape wherever its provider has more than one."""
    for name in SERVICES:
        counted: dict[str, int] = {}
        for case in cases(name):
            for told in case.told:
                counted[told["what"]] = counted.get(told["what"], 0) + 1
        for what in ("delivered", "bounced", "deferred", "complained"):
            least = 0 if what in {each.value for each in dialect_of(name).never_tells} else 2
            assert counted.get(what, 0) >= least, f"{name}: {what}"
