"""What was told is read by the job, before mail is decided about, and takes no more than its share of a worker."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from sqlalchemy import func, select, text

from service.actions.erase import erase
from service.actions.prune import Keeping, forget_strangers, look_after_months, prune_deliveries
from service.actions.receive_feedback import BUDGET
from service.cli.feedback_findings import feedback_findings
from service.clock import machine_now
from service.runtime import Runtime
from service.settings import read_settings
from service.store.contact import Suppression
from service.store.delivery import Delivery
from service.store.feedback import ToldFeedback
from service.store.notice import Notice, count_notices, keep_notices
from service.store.task import Task
from tests.web.shop import Shop
from workers.job import run
from workers.mailroom import SHARE, Allowance, read_feedback, settle

YEAR = timedelta(days=365)
NOBODY = "smtp://127.0.0.1:9"  # no mail server is there
PASSWORD = ("everafter", "new-and-long-enough")


@pytest.fixture
def shop(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Shop]:
    """A shop from which Ana got her checklist, and whose provider tells what becomes of mails."""
    own = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "EVERAFTER_HOME": str(tmp_path), "SMTP_URL": NOBODY}
    secrets = dict.fromkeys(("POSTMARK_WEBHOOK_SECRET", "INBOUND_WEBHOOK_SECRET"), ":".join(PASSWORD))
    more = {"FORM_LIMITS": "off", "BOUNCE_ADDRESS": "bounces@mail.glow.example"}
    shop = Shop(Runtime(read_settings({**own, **secrets, **more})))
    shop.publish()
    shop.sign_up()
    yield shop
    shop.hand_on_hits()
    shop.runtime.close()


def tell(shop: Shop, kind: str = "HardBounce", details: str = "smtp; 550 5.1.1 no such user", number: int = 1) -> None:
    """Postmark posts it."""
    mail = shop.delivery_of(shop.contact())
    bounce = {
        "RecordType": "SpamComplaint" if kind == "SpamComplaint" else "Bounce",
        "ID": number,
        "Type": kind,
        "Email": "ana@example.org",
        "BouncedAt": machine_now().isoformat(),
        "Details": details,
        "Metadata": {"everafter_delivery": str(mail.id), "everafter_message": mail.message_id.strip("<>")},
    }
    assert shop.client.post("/webhooks/postmark", data=orjson.dumps(bounce), auth=PASSWORD).status_code == 200


def test_the_job_reads_what_was_told_before_it_decides_who_gets_mail(shop: Shop) -> None:
    """Her mail is due and its server is not there: only a bounce that is read first keeps it from being tried."""
    tell(shop)
    run(shop.runtime, threading.Event(), budget=20)
    assert [each.reason for each in shop.all(Suppression)] == ["bounced"]
    mail = shop.delivery_of(shop.contact())
    assert (mail.state, mail.attempts) == ("cancelled", 0)


BOUNCE = """From: MAILER-DAEMON@mx.example.org
To: {to}
Subject: Undelivered Mail Returned to Sender
Message-ID: <returned-1@mx.example.org>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

<ana@example.org>: no such user
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Final-Recipient: rfc822; ana.forwarded@example.net
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such user

--b--
"""
ANSWER = """From: Ana <ana@example.org>
To: mia@glow.example
Subject: Re: Here it is
Message-ID: <answer-1@example.org>
In-Reply-To: {id}

Thank you! When may I come?
"""


def comes_in(shop: Shop, mail: str) -> None:
    """A provider's inbound route posts a mail."""
    kind = {"Content-Type": "message/rfc822"}
    answer = shop.client.post("/webhooks/inbound", data=mail.encode(), auth=PASSWORD, headers=kind)
    assert answer.status_code == 200


def test_a_bounce_by_mail_counts_where_it_came_to_an_address_that_we_signed(shop: Shop) -> None:
    mail = shop.delivery_of(shop.contact())
    real = shop.runtime.marks.sender_of(mail.id)
    comes_in(shop, BOUNCE.format(to=real.replace("-", "-0", 1)))
    assert read_feedback(shop.runtime) == 0
    assert shop.all(Suppression) == []
    comes_in(shop, BOUNCE.format(to=real))
    read_feedback(shop.runtime)
    assert [(each.reason, each.address_hash) for each in shop.all(Suppression)] == [
        ("bounced", shop.contact().address_hash)
    ]


def test_a_persons_answer_opens_a_task_and_somebody_elses_does_not(shop: Shop) -> None:
    mail = shop.delivery_of(shop.contact())
    answer = ANSWER.format(id=mail.message_id)
    comes_in(shop, answer.replace("ana@", "mallory@").replace("answer-1", "answer-2"))
    read_feedback(shop.runtime)
    assert shop.all(Task) == []
    comes_in(shop, answer)
    read_feedback(shop.runtime)
    assert [task.what for task in shop.all(Task)] == ["answer the reply"]


def test_metrics_count_what_was_told_by_provider(shop: Shop) -> None:
    tell(shop)
    tell(shop, "SpamComplaint", number=2)
    read_feedback(shop.runtime)
    tell(shop, number=3)
    said = shop.client.get("/metrics").text
    assert 'everafter_feedback_total{bounce="hard",matched="yes",provider="postmark",what="bounced"} 1.0' in said
    assert 'everafter_feedback_total{bounce="",matched="yes",provider="postmark",what="complained"} 1.0' in said
    assert 'everafter_notices{state="waiting"} 1.0' in said


def findings(shop: Shop) -> dict[str, tuple[str, bool]]:
    """What the doctor says, by name, and whether it is amiss."""
    with shop.runtime.session() as session:
        return {each.what: (each.seen, bool(each.advice)) for each in feedback_findings(session)}


def test_the_doctor_tells_what_lies_aside_who_refuses_us_and_who_complains(shop: Shop) -> None:
    assert findings(shop) == {
        "provider webhooks": ("0 unread", False),
        "refused senders": ("none in 24 hours", False),
        "complaints": ("0 on 0 mails in 30 days", False),
    }
    tell(shop, "Blocked", "smtp; 550 5.7.26 unauthenticated")
    tell(shop, "SpamComplaint", number=2)
    read_feedback(shop.runtime)
    with shop.runtime.session() as session:
        body = {"at": machine_now(), "provider": "gone", "account": "", "headers": {}, "body": b"{}", "items": 1}
        keep_notices(session, [body])
        # A second complaint, and a thousand mails.
        session.execute(
            text("INSERT INTO suppression (address_hash, reason, source, at) VALUES ('x', 'complained', 'x', now())")
        )
        session.execute(
            text(
                "INSERT INTO delivery (enrolment_id, contact_id, step, occasion, priority, state, due_at, message_id,"
                " handed_at) SELECT enrolment_id, contact_id, step, n, 5, 'sent', now(), n::text, now()"
                " FROM delivery, generate_series(1, 1000) AS n WHERE occasion = 0"
            )
        )
    read_feedback(shop.runtime)
    assert findings(shop) == {
        "provider webhooks": ("0 unread, 1 set aside", True),
        "refused senders": ("1 mails in 24 hours", True),
        "complaints": ("2 on 1,000 mails in 30 days, 0.20%", True),
    }


def test_what_became_uncertain_later_is_settled_by_beat(shop: Shop) -> None:
    tell(shop, "SoftBounce", "smtp; 452 4.2.2 full")
    read_feedback(shop.runtime)
    with shop.runtime.session() as session:
        session.execute(text("UPDATE delivery SET state = 'uncertain', handed_at = now()"))
    assert settle(shop.runtime) == 1
    assert shop.delivery_of(shop.contact()).state == "sent"


def test_what_is_past_its_time_goes(shop: Shop) -> None:
    tell(shop)
    read_feedback(shop.runtime)
    with shop.runtime.session() as session:
        keeping = Keeping(YEAR, YEAR, None, notices=timedelta(days=40))
        dropped = look_after_months(session, keeping, machine_now() + timedelta(days=100))
        assert [name for name in dropped if name.startswith("notice_")]
        assert session.scalar(select(func.count()).select_from(Notice)) == 0
        assert forget_strangers(session, keeping, machine_now() + YEAR) == 0, "what is told of people is kept with them"
        session.execute(text("UPDATE feedback SET contact_id = NULL"))
        assert forget_strangers(session, keeping, machine_now() + timedelta(days=39)) == 0
        assert forget_strangers(session, keeping, machine_now() + timedelta(days=41)) == 1


def test_what_was_told_of_a_mail_goes_with_it(shop: Shop) -> None:
    tell(shop)
    read_feedback(shop.runtime)
    with shop.runtime.session() as session:
        session.execute(text("UPDATE enrolment SET state = 'left', ended_at = now() - interval '3 years'"))
        session.execute(text("UPDATE delivery SET due_at = now() - interval '3 years', state = 'sent'"))
        prune_deliveries(session, 2 * YEAR)
        assert session.scalar(select(func.count()).select_from(Delivery)) == 0
        assert session.scalar(select(func.count()).select_from(ToldFeedback)) == 0


def test_reading_takes_its_share_while_mail_waits_and_no_more(shop: Shop) -> None:
    allowance = Allowance()
    tell(shop)
    assert allowance.read(shop.runtime) == 1
    allowance._seconds = -0.1  # it took long
    tell(shop, number=2)
    assert allowance.read(shop.runtime) == 0
    allowance.earn(0.05 / SHARE, mail_waits=True)
    assert allowance.read(shop.runtime) == 0
    allowance.earn(0.1 / SHARE, mail_waits=True)
    assert allowance.read(shop.runtime) == 1
    allowance._seconds = -10.0
    allowance.earn(1.0, mail_waits=False)
    tell(shop, number=3)
    assert allowance.read(shop.runtime) == 1
    allowance.earn(1e9, mail_waits=True)
    assert allowance._seconds <= BUDGET


def test_a_database_that_is_away_keeps_no_mail_from_leaving(shop: Shop) -> None:
    tell(shop)
    with shop.runtime.session() as session:
        session.execute(text("ALTER TABLE feedback RENAME TO elsewhere"))
    assert read_feedback(shop.runtime) == 0
    with shop.runtime.session() as session:
        assert count_notices(session).waiting == 1
        session.execute(text("ALTER TABLE elsewhere RENAME TO feedback"))
    assert read_feedback(shop.runtime) == 1


def test_somebody_forgotten_is_told_of_no_more(shop: Shop) -> None:
    tell(shop)
    with shop.runtime.session() as session:
        erase(session, shop.contact().id)
    read_feedback(shop.runtime)
    assert [each.contact_id for each in shop.all(ToldFeedback)] == [None]
    assert [each.reason for each in shop.all(Suppression)] == ["bounced"]
