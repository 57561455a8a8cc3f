"""A business with a booking system: what programs tell it, and ask it, over the real app and database."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.test import TestResponse

from service.actions.advance import advance
from service.actions.arbitrate import arbitrate
from service.actions.deliver import deliver
from service.actions.grant import grant
from service.actions.lease import Lease
from service.actions.publish import Edition, publish
from service.actions.put_into_words import Desk
from service.domain.access import OF_THE_API, Scope
from service.domain.sequence.library import read_library
from service.ports import Outcome, Pacer
from service.runtime import Runtime
from service.store.contact import Contact
from service.store.journey import JourneyClock
from tests.actions.house import Clerk, Postman
from tests.web.site import borrow

BUSINESS = """
name: Glow Studio
from: Mia at Glow Studio <mia@glow.example>
address: Lindenweg 4, 10969 Berlin
time zone: Europe/Berlin
people:
  owner: mia@glow.example
topics:
  Tips and ideas: {}
  After your visit: {basis: client}
  Your appointments: {basis: service}
fields:
  anniversary: month-day
  hair: [straight, curly]
  visits: number
  stylist: person
  site: link
events:
  webinar.attended: {}
  visit.completed: {service: text, at_home: yes-no}
"""
TIPS = """---
title: Tips
stage: nurture
topic: Tips and ideas
enrol:
  on: manual
  when: contact.stage == "lead"
stop:
  - when: contact.stage == "client"
---

## Day 0: hello

Subject: Hello {{ contact.first_name or "there" }}

Have you got a minute?

## Day 3 at 10:00: more

Subject: More, {{ contact.first_name or "friend" }}
If: not clicked("hello")

Shall we?
"""
AFTER = """---
title: After your visit
stage: delight
topic: After your visit
enrol:
  on: event visit.completed
  again: always
---

## Day 1: thanks

Subject: Thank you

How was it?
"""
CLIENTS = """---
title: For clients
stage: delight
topic: Your appointments
kind: service
enrol:
  on: becomes client
---

## Day 0: card

Subject: Your card

Here it is. [See](https://glow.example/)
"""
OVER = """---
title: Over
stage: nurture
topic: Tips and ideas
status: closed
enrol:
  on: manual
---

## Day 0: hello

Subject: Hello

Well?
"""
FILES = {
    "sequences/business.yaml": BUSINESS.encode(),
    "sequences/tips.md": TIPS.encode(),
    "sequences/after.md": AFTER.encode(),
    "sequences/clients.md": CLIENTS.encode(),
    "sequences/over.md": OVER.encode(),
}


class Office:
    """Programs talk to it by `get`, `post`, `patch`, `delete`; paths stand under /api/v1."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.app = borrow(runtime)
        self.client: FlaskClient = self.app.test_client(use_cookies=False)
        self.key = self.make_key("everything")
        self.postman = Postman()
        self.description: dict[str, Any] = self.client.get("/api/v1/openapi.json").json or {}

    def publish(self) -> None:
        library, problems = read_library(FILES)
        assert library is not None, problems
        with self.runtime.session() as session:
            publish(session, Edition(FILES, set()))

    def make_key(self, name: str, scopes: Collection[Scope] = OF_THE_API) -> str:
        with self.runtime.session() as session:
            return grant(session, name, scopes)

    def ask(self, method: str, path: str, *, key: str | None = None, **rest: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {key or self.key}"} | rest.pop("headers", {})
        answer = self.client.open(f"/api/v1{path}", method=method, headers=headers, **rest)
        self.check(answer)
        return answer

    def check(self, answer: TestResponse) -> None:
        """Every answer of an operation is one that its description knows, and has the shape it says."""
        request = answer.request
        try:
            rule, _ = self.app.url_map.bind("").match(request.path, request.method, return_rule=True)
        except (NotFound, MethodNotAllowed):
            return
        path = re.sub(r"<(?:[^<:]+:)?(\w+)>", r"{\1}", rule.rule)
        documented = self.description["paths"][path][request.method.lower()]["responses"]
        content = documented[str(answer.status_code)].get("content")
        if content is None:
            assert answer.data == b""
            return
        schema = content[answer.mimetype]["schema"] | {"components": self.description["components"]}
        Draft202012Validator(schema).validate(answer.json)

    def get(self, path: str, **query: Any) -> TestResponse:
        return self.ask("GET", path, query_string=query)

    def post(self, path: str, body: Any, **headers: str) -> TestResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.ask("POST", path, json=body, headers=named)

    def patch(self, path: str, body: Any) -> TestResponse:
        return self.ask("PATCH", path, json=body)

    def delete(self, path: str) -> TestResponse:
        return self.ask("DELETE", path)

    def save(self, email: str = "ana@example.org", **fields: Any) -> dict[str, Any]:
        """A contact, created or updated."""
        answer = self.post("/contacts", {"email": email} | fields)
        assert answer.status_code in {200, 201}, answer.json
        return dict(answer.json or {})

    def all(self, table: type) -> Sequence[Any]:
        with self.runtime.session() as session:
            return session.scalars(select(table).order_by(table.id)).all()  # type: ignore[attr-defined]

    def count(self, table: type) -> int:
        with self.runtime.session() as session:
            return session.scalar(select(func.count()).select_from(table)) or 0

    def work(self, now: datetime, answer: Outcome | None = None, pacer: Pacer | None = None) -> None:
        """Set the time and do all that is due then, over a postman who gives this answer to everything."""
        self.set_time(now)
        published = self.runtime.published()
        self.postman.answers = dict.fromkeys(self.recipients(), answer) if answer else {}
        moved = True
        while moved:
            with self.runtime.session() as session:
                moved = bool(advance(session, published, now))
            with self.runtime.session() as session:
                moved = bool(arbitrate(session, published, now)) or moved
            desk = Desk(self.runtime.session, self.runtime.published, Clerk(), self.postman, 25, pacer)
            moved = bool(deliver(desk, Lease(), lambda: False)) or moved

    def recipients(self) -> list[str]:
        return [contact.email for contact in self.all(Contact)]

    def set_time(self, now: datetime) -> None:
        with self.runtime.session() as session:
            row = insert(JourneyClock).values(id=1, at=now)
            session.execute(row.on_conflict_do_update(index_elements=["id"], set_={"at": now}))


def problem(answer: TestResponse, status: int, kind: str) -> dict[str, Any]:
    """The problem document of an answer that should be one."""
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"
    body = dict(answer.json or {})
    assert body["type"] == f"urn:everafter:{kind}", body
    assert body["status"] == status
    assert body["detail"]
    assert body["request"] == answer.headers["X-Request-Id"]
    return body


def wrongs(answer: TestResponse) -> dict[str, str]:
    """What does not fit, by its pointer or parameter."""
    body = problem(answer, 422, "invalid")
    return {each.get("pointer", each.get("parameter")): each["detail"] for each in body["errors"]}
