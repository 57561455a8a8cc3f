"""Five people sign up, their mails leave through Postmark's API, and Postmark tells what became of each: a story."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from service.actions.publish import Edition, publish
from service.cli.feedback_findings import feedback_findings
from service.clock import machine_now
from service.pace_sight import read_sight
from service.runtime import Runtime
from service.settings import ROOT, read_settings
from service.store.contact import Suppression
from service.store.delivery import Delivery
from service.store.enrolment import Enrolment
from service.store.event import Event
from tests.providers.bench import dialect_of
from tests.providers.dialects import Dialect
from tests.providers.http_server import serving
from tests.web.shop import FILES, Shop
from workers.job import run

ANA, BEN, CLEO, DORA, EMIL = (f"{name}@{name}.example" for name in ("ana", "ben", "cleo", "dora", "emil"))


@pytest.fixture
def postmark() -> Dialect:
    return dialect_of("postmark")


@pytest.fixture
def shop(database_url: str, redis_url: str, tmp_path: Path, postmark: Dialect) -> Iterator[Shop]:
    with serving(postmark) as api:
        own = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "EVERAFTER_HOME": str(tmp_path)}
        mail = {"MAIL_PROVIDER": "postmark", **postmark.given, postmark.url: api.url}
        secret = {postmark.secret: postmark.secrets[0], "FORM_LIMITS": "off"}
        shop = Shop(Runtime(read_settings({**own, **mail, **secret})))
        with shop.runtime.session() as session:
            publish(session, Edition({**FILES, **_templates()}, set()))
        yield shop
        shop.hand_on_hits()
        shop.runtime.close()


def _templates() -> dict[str, bytes]:
    """The layouts that mails are put into, as they are shipped."""
    folder = ROOT / "email_templates"
    found = (path for path in folder.rglob("*") if path.is_file())
    return {f"email_templates/{path.relative_to(folder)}": path.read_bytes() for path in found}


def works(shop: Shop) -> None:
    run(shop.runtime, threading.Event(), budget=20)


def tells(shop: Shop, postmark: Dialect, kind: str, email: str, details: str, *, days_ago: float = 0.0) -> None:
    """Postmark posts a bounce or a complaint, of the mail that left, or of one before our metadata."""
    at = machine_now() - timedelta(days=days_ago)
    event: dict[str, object] = {
        "RecordType": "SpamComplaint" if kind == "SpamComplaint" else "Bounce",
        "ID": abs(hash((kind, email, days_ago))) % 10**9,
        "Type": kind,
        "Email": email,
        "BouncedAt": at.isoformat(),
        "Details": details,
    }
    if not days_ago:
        [taken] = [each for each in postmark.taken if each.recipient == email]
        event["Metadata"] = {"everafter_delivery": taken.delivery, "everafter_message": taken.message}
    received = postmark.post(event, machine_now())
    answer = shop.client.post("/webhooks/postmark", data=received.body, headers=dict(received.headers))
    assert answer.status_code == 200


def silenced(shop: Shop) -> dict[str, str]:
    """Who gets no more mail, and why."""
    reasons = {each.address_hash: each.reason for each in shop.all(Suppression)}
    people = {email: shop.contact(email).address_hash for email in (ANA, BEN, CLEO, DORA, EMIL)}
    return {email: reasons[hashed] for email, hashed in people.items() if hashed in reasons}


def doctor(shop: Shop) -> dict[str, tuple[str, str]]:
    with shop.runtime.session() as session:
        return {each.what: (each.seen, each.advice) for each in feedback_findings(session)}


def test_what_becomes_of_mails_is_told_and_each_thing_has_its_own_effect(shop: Shop, postmark: Dialect) -> None:
    for email in (ANA, BEN, CLEO, DORA, EMIL):
        shop.sign_up(email)
    works(shop)
    assert sorted(each.recipient for each in postmark.taken) == [ANA, BEN, CLEO, DORA, EMIL]

    tells(shop, postmark, "HardBounce", ANA, "smtp; 550 5.1.1 no such user")
    tells(shop, postmark, "SoftBounce", BEN, "smtp; 452 4.2.2 over quota")
    tells(shop, postmark, "Blocked", CLEO, "smtp; 550 5.7.26 unauthenticated mail from glow.example")
    tells(shop, postmark, "SpamComplaint", DORA, "a feedback loop")
    works(shop)
    assert silenced(shop) == {ANA: "bounced", DORA: "complained"}, "at once, and nobody else"
    with shop.runtime.session() as session:
        left = set(session.scalars(select(Enrolment.contact_id).where(Enrolment.state == "left")))
        told = set(session.scalars(select(Event.name).where(Event.name.in_(("bounced", "complained")))))
    assert left == {shop.contact(ANA).id, shop.contact(DORA).id}
    assert told == {"bounced", "complained"}

    # The sender has something to mend: mail to that mailbox provider waits, and somebody is told.
    with shop.runtime.session() as session:
        sight = read_sight(shop.runtime, session)
    assert [each.group for each in sight.groups if each.factor < 1 or each.paused] == ["cleo.example"]
    seen, advice = doctor(shop)["refused senders"]
    assert seen == "1 mails in 24 hours"
    assert "5.7.26" in advice

    # Three mails in a row that came back softly, over 15 days: the mailbox is given up.
    tells(shop, postmark, "SoftBounce", BEN, "smtp; 452 4.2.2 over quota", days_ago=8)
    works(shop)
    assert BEN not in silenced(shop)
    tells(shop, postmark, "SoftBounce", BEN, "smtp; 452 4.2.2 over quota", days_ago=16)
    works(shop)
    assert silenced(shop)[BEN] == "bounced"

    # Complaints are held against what Gmail and Yahoo bear: 0.1 % and 0.3 % of what is no service mail.
    with shop.runtime.session() as session:
        session.execute(update(Delivery).where(Delivery.state == "sent").values(priority=5))
    assert doctor(shop)["complaints"] == ("1 on 5 mails in 30 days, 20.00%", ""), "one says nothing of a sender"
    tells(shop, postmark, "SpamComplaint", EMIL, "a feedback loop")
    works(shop)
    seen, advice = doctor(shop)["complaints"]
    assert seen == "2 on 5 mails in 30 days, 40.00%"
    assert "0.3 %" in advice
