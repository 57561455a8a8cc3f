"""A person's whole life here, over the real app, real workers and real servers: all that may ever keep their name.

Every word of hers is a canary: it stands nowhere else, so that wherever it is found, it is hers.
"""

from __future__ import annotations

import base64
import re
import threading
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from typing import Any

from aiosmtpd.controller import Controller
from flask.testing import FlaskClient
from sqlalchemy import insert, select
from werkzeug.test import TestResponse

from service.actions.grant import grant
from service.actions.publish import Edition, publish
from service.clock import machine_now
from service.domain.access import OF_THE_API
from service.domain.sequence.library import read_library
from service.local.home import Home
from service.local.mailbox import Keeper
from service.runtime import Runtime
from service.settings import ROOT, Settings
from service.store.contact import Contact
from service.store.delivery import Delivery
from service.store.notice import Notice
from service.store.referral import give_codes
from service.web.app import build_app
from service.web.current import current_hits
from tests.end_to_end.inbox import free_port
from workers.drain import drain
from workers.job import run as work

EMAIL = "Zefira.Quuxling@Canary-Post.example"
FIRST, LAST, PHONE, STREET, WISH = "Zefirina", "Quuxlington", "+49 30 7391842", "Kanariengasse 7391", "lilac-highlights"
NETWORK = "203.0.113.77"
CANARIES = ("zefira.quuxling", "zefirina", "quuxlington", "7391842", "kanariengasse", WISH, NETWORK)
INBOUND = "route:a-long-enough-password-for-it"
FRIEND = "rosa@garden.example"
BUSINESS = """
name: Glow Studio
from: Mia at Glow Studio <mia@glow.example>
address: Lindenweg 4, 10969 Berlin
time zone: Europe/Berlin
people:
  owner: mia@glow.example
topics:
  Tips and ideas: {}
  Your appointments: {basis: service}
links:
  booking: https://glow.example/book
fields:
  wish: text
forms:
  checklist:
    consent: Yes, Glow Studio may write to me.
    topics: [Tips and ideas]
    fields: {first_name: {}, last_name: {}, phone: phone, address: {}, wish: {}}
webhooks:
  crm: http://127.0.0.1:9/hook
"""
HELLO = """---
title: Hello
stage: nurture
topic: Tips and ideas
enrol:
  on: signup
---

## Day 0: hello
Kind: service
Subject: Hello {{ contact.first_name or "you" }}
Webhook: crm

About {{ contact.wish or "your hair" }}: [book](link:booking "button"), [bring a friend](link:referral),
[your data](link:my-data), [less](link:preferences).

## 1 minute later: call
Task: call
Assign: owner

Call {{ contact.first_name or "them" }} on {{ contact.phone or "no number" }}, {{ contact.address or "" }}.

[Reached](answer:reached)
"""
THANKS = """---
title: A friend came
stage: referral
topic: Your appointments
kind: service
enrol:
  on: event referral.joined
  again: always
---

## Day 0: your friend
Subject: {{ event.friend or "A friend" }} is here

{{ event.friend or "A friend" }} came by [your link](link:referral).

## Day 9: again
Subject: Thank you

Say hello to {{ event.friend or "your friend" }}, and [bring another](link:referral).
"""
TEMPLATES = ROOT / "email_templates"
FILES = {
    f"email_templates/{each.relative_to(TEMPLATES).as_posix()}": each.read_bytes()
    for each in TEMPLATES.rglob("*")
    if each.is_file()
} | {
    "sequences/business.yaml": BUSINESS.encode(),
    "sequences/hello.md": HELLO.encode(),
    "sequences/friends.md": THANKS.encode(),
}


@dataclass
class Life:
    """The installation in which it is lived. `answers` is all that the app said."""

    settings: Settings
    home: Home = field(init=False)
    runtime: Runtime = field(init=False)
    client: FlaskClient = field(init=False)
    key: str = field(init=False)
    answers: list[TestResponse] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.home = Home(self.settings.home)
        self.home.make()
        port = free_port()
        self._server = Controller(Keeper(self.home.mailbox), hostname="127.0.0.1", port=port, ready_timeout=60)
        self._server.start()
        changes = {
            "provider": "smtp",
            "smtp_url": f"smtp://127.0.0.1:{port}",
            "inbound_webhook_secret": INBOUND,
            "form_limits": "1000/hour",
        }
        self.runtime = Runtime(self.settings.model_copy(update=changes))
        self.client = build_app(self.runtime).test_client(use_cookies=False)
        library, problems = read_library(FILES)
        assert library is not None, problems
        with self.runtime.session() as session:
            publish(session, Edition(FILES, set()))
            self.key = grant(session, "programs", OF_THE_API)

    def close(self) -> None:
        with self.client.application.app_context():
            current_hits().close()
        self._server.stop()
        self.runtime.close()

    def live(self) -> int:
        """All of it; the id of whoever lived it."""
        self.sign_up(FRIEND, first_name="Rosa")
        with self.runtime.session() as session:
            rosa = session.scalars(select(Contact.id).where(Contact.email_key == FRIEND)).one()
            code = give_codes(session, [rosa])[rosa]
        words = {"first_name": FIRST, "last_name": LAST, "phone": PHONE, "address": STREET, "wish": WISH}
        self.sign_up(EMAIL, ref=code, **words)
        self.sign_up(EMAIL, **words)
        self.work()
        her = self.contact()
        self._read_her_mail(her.id)
        self._comes_back(her.id)
        self._programs_speak_of_her(her.id)
        self.work()
        return int(her.id)

    def sign_up(self, email: str, **fields: str) -> None:
        answer = self.client.post(
            "/forms/checklist",
            data={"email": email, **fields},
            headers={"User-Agent": "Mozilla/5.0 Firefox/140", "Referer": "https://glow.example/"},
            environ_base={"REMOTE_ADDR": NETWORK if email == EMAIL else "198.51.100.4"},
        )
        assert answer.status_code in {200, 303}, answer.text
        self._note(answer)

    def work(self) -> None:
        work(self.runtime, threading.Event(), 20)
        drain(self.runtime)

    def contact(self, email: str = EMAIL) -> Contact:
        with self.runtime.session() as session:
            return session.scalars(select(Contact).where(Contact.email_key == email.lower())).one()

    def api(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        named = {"Authorization": f"Bearer {self.key}"} | {
            name.replace("_", "-"): each for name, each in headers.items()
        }
        answer = self.client.open(f"/api/v1{path}", method=method, json=body, headers=named)
        assert answer.status_code < 300, answer.text
        self._note(answer)
        return answer

    def mails(self) -> list[Message]:
        """What the mailbox holds."""
        files = (each for part in ("new", "cur") for each in (self.home.mailbox / part).glob("*"))
        return [message_from_bytes(each.read_bytes()) for each in files]

    def links(self) -> list[str]:
        """Every address in every mail."""
        texts = (part.get_payload(decode=True) for mail in self.mails() for part in mail.walk())
        said = b"\n".join(each for each in texts if isinstance(each, bytes)).decode()
        fields = "\n".join(str(each) for mail in self.mails() for each in mail.get_all("List-Unsubscribe", []))
        return re.findall(r"https?://[^\s\"<>)]+", said + fields)

    def _read_her_mail(self, contact_id: int) -> None:
        """She opens, clicks, looks at every page that her mail leads to."""
        for link in self.links():
            if link.startswith(self.runtime.settings.base_url):
                path = link.removeprefix(self.runtime.settings.base_url).replace("&amp;", "&")
                self._note(self.client.get(path, headers={"User-Agent": "Mozilla/5.0 Firefox/140"}))
        data = self.runtime.signer.sign("my-data", f"{contact_id}.{int(machine_now().timestamp())}")
        self._note(self.client.get(f"/my-data/{data}?format=json"))
        with self.client.application.app_context():
            current_hits().close()

    def _comes_back(self, contact_id: int) -> None:
        """She answers, a mail of hers bounces; one notice is read, one is set aside, one is not looked at yet."""
        with self.runtime.session() as session:
            mails = select(Delivery.message_id).where(Delivery.contact_id == contact_id, Delivery.staff_to.is_(None))
            message_id = session.scalars(mails.order_by(Delivery.id)).first()
        reply = f"From: {FIRST} {LAST} <{EMAIL}>\r\nTo: mia@glow.example\r\nSubject: Re: Hello\r\n"
        reply += f"In-Reply-To: {message_id}\r\nMessage-ID: <answer-1@canary-post.example>\r\n"
        hidden = base64.b64encode(f"Call me, {EMAIL}, {PHONE}".encode()).decode()
        self._posts(f"{reply}Content-Transfer-Encoding: base64\r\n\r\n{hidden}\r\n")
        self.work()
        with self.runtime.session() as session:
            notice = {"provider": "inbound", "account": "", "headers": {}, "items": 1}
            for state, body in (("aside", reply), ("aside", f"{hidden}"), ("waiting", reply.replace("@", "%40"))):
                row = notice | {"body": body.encode(), "at": self.contact().created_at}
                session.execute(insert(Notice).values(row | {"state": state}))
            many = f'[{{"email": "{EMAIL}"}}, {{"email": "{FRIEND}"}}]'.encode()
            row = notice | {"body": many, "items": 2, "state": "aside", "at": self.contact().created_at}
            session.execute(insert(Notice).values(row))

    def _posts(self, mail: str) -> None:
        secret = base64.b64encode(INBOUND.encode()).decode()
        headers = {"Authorization": f"Basic {secret}", "Content-Type": "message/rfc822"}
        answer = self.client.post("/webhooks/inbound", data=mail.encode(), headers=headers)
        assert answer.status_code == 200, answer.text
        self._note(answer)

    def _programs_speak_of_her(self, contact_id: int) -> None:
        booked = {"name": "visit.completed", "email": EMAIL, "key": f"visit-{EMAIL}", "data": {"with": LAST}}
        self.api("POST", "/contacts", {"email": EMAIL, "last_name": LAST}, Idempotency_Key=f"save-{EMAIL}")
        self.api("POST", "/events", booked, Idempotency_Key=f"event-{EMAIL}")
        self.api("POST", "/suppressions", {"email": EMAIL, "topic": "Tips and ideas"}, Idempotency_Key="s-1")
        self.api("GET", f"/contacts/{contact_id}")

    def _note(self, answer: TestResponse) -> None:
        self.answers.append(answer)
