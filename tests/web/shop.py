"""A published shop behind the real app: what the tests of the recipients' pages visit."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import inspect, select, update
from werkzeug.test import TestResponse

from service.actions.publish import Edition, publish
from service.clock import machine_now
from service.runtime import Runtime
from service.store.contact import Contact
from service.store.delivery import Delivery
from service.web.app import Site
from service.web.current import current_hits
from service.web.public.fill import fill_token
from tests.web.site import borrow

BUSINESS = """
name: Glow Studio
from: Mia at Glow Studio <mia@glow.example>
address: Lindenweg 4, 10969 Berlin
time zone: Europe/Berlin
topics:
  Tips and ideas: {}
  Newsletter: {}
  Friends: {basis: client}
  Your appointments: {basis: service}
fields:
  hair: [straight, curly]
  anniversary: month-day
  visits: number
forms:
  checklist:
    title: The checklist
    button: Send it to me
    consent: Yes, Glow Studio may write to me.
    topics: [Tips and ideas, Newsletter]
    magnet: checklist
  elsewhere:
    thanks: https://glow.example/thanks
    origins: [https://glow.example]
    topics: [Newsletter]
  long:
    topics: [Newsletter]
    fields:
      first_name: {label: How shall we call you?, required: yes}
      hair: {}
      anniversary: {}
      visits: {}
      phone: phone
      timezone: {}
      vegan: {type: yes-no, label: I eat no meat}
  card:
    title: How was it?
    topics: [Newsletter]
    fields:
      anniversary: {}
      phone: {}
    consents:
      email: Yes, Glow Studio may write to me.
      phone: Yes, Glow Studio may call me.
      text: Yes, Glow Studio may send me text messages.
    disposable: refused
magnets:
  checklist: files/check list.pdf
"""
TIPS = """---
title: Tips
stage: nurture
topic: Tips and ideas
enrol:
  on: signup
  form: checklist
---

## Day 0: hello
Kind: service
Subject: Here it is

Hello {{ contact.first_name or "there" }}, [take it](magnet:checklist "button").

## Day 2: tip
Subject: A tip

Press, don't rub.
"""


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


PDF = b"%PDF-1.4\n" + b"x" * 2_000 + b"\n%%EOF\n"
PNG = (
    b"\x89PNG\r\n\x1a\n"
    + _chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    + _chunk(b"IDAT", zlib.compress(b"\0\0"))
    + _chunk(b"IEND", b"")
)
FILES = {
    "sequences/business.yaml": BUSINESS.encode(),
    "sequences/tips.md": TIPS.encode(),
    "sequences/files/check list.pdf": PDF,
    "sequences/images/jana.png": PNG,
    "sequences/images/sign.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
}


@dataclass
class Shop:
    """The app over a real database and a real Valkey, with a client that keeps no cookies."""

    runtime: Runtime
    site: Site = field(init=False)
    client: FlaskClient = field(init=False)

    def __post_init__(self) -> None:
        self.site = borrow(self.runtime)
        self.client = self.site.test_client(use_cookies=False)

    def publish(self) -> None:
        with self.runtime.session() as session:
            publish(session, Edition(FILES, set()))

    def sign_up(self, email: str = "ana@example.org", slug: str = "checklist", **fields: Any) -> TestResponse:
        return self.client.post(f"/forms/{slug}", data={"email": email} | fields)

    def fill(self, seconds: float) -> str:
        """What the form's page carries that somebody opened so long ago."""
        return fill_token(self.runtime.signer, machine_now() - timedelta(seconds=seconds))

    def contact(self, email: str = "ana@example.org") -> Contact:
        with self.runtime.session() as session:
            return session.scalars(select(Contact).where(Contact.email_key == email)).one()

    def all(self, table: type) -> Sequence[Any]:
        """The rows of a table, in the order in which they were written."""
        with self.runtime.session() as session:
            return session.scalars(select(table).order_by(*inspect(table).primary_key)).all()

    def delivery_of(self, contact: Contact) -> Delivery:
        with self.runtime.session() as session:
            rows = select(Delivery).where(Delivery.contact_id == contact.id).order_by(Delivery.id)
            return session.scalars(rows.limit(1)).one()

    def token(self, email: str = "ana@example.org") -> str:
        """The `manage` token of somebody who has signed up, as it stands in their first mail."""
        contact = self.contact(email)
        return self.runtime.signer.sign("manage", f"{contact.id}.{self.delivery_of(contact).id}")

    def sent_long_ago(self) -> None:
        """So that whatever is asked for again may be sent again."""
        with self.runtime.session() as session:
            session.execute(update(Delivery).values(due_at=Delivery.due_at - timedelta(days=2)))

    def hand_on_hits(self) -> None:
        """The opens and clicks that were gathered so far go where they go; none is taken after it."""
        with self.client.application.app_context():
            current_hits().close()

    def magnet_token(self, email: str = "ana@example.org", key: str = "checklist") -> str:
        return self.runtime.signer.sign("magnet", f"{self.delivery_of(self.contact(email)).id}.{key}")
