"""One request's unit of work: what the actions need, one commit, and the bell after it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from flask import Response, url_for
from pydantic import BaseModel
from sqlalchemy.orm import Session

from service.ports import Published
from service.store.journey import journey_now
from service.web.api.auth import Key, current_key
from service.web.api.idempotency import Answer, IdempotencyHeader, once
from service.web.current import current_runtime
from service.web.transaction import transact

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Unit:
    """What an operation works with. `now` is journey time, `hash_key` that of the suppression list."""

    session: Session
    published: Published
    now: datetime
    key: Key
    hash_key: bytes


def read(look: Callable[[Unit], BaseModel]) -> Response:
    """What `look` finds, in one transaction that changes nothing."""
    runtime = current_runtime()
    published, hash_key = runtime.published(), runtime.hash_key
    with runtime.session() as session:
        found = look(Unit(session, published, journey_now(session), current_key(), hash_key))
    return Response(found.model_dump_json(), 200, mimetype=JSON)


def write(do: Callable[[Unit], Answer], header: IdempotencyHeader | None = None, made: str = "") -> Response:
    """What `do` answers, once it is committed; then the bell rings.

    `header` makes a repetition harmless. `made` is the endpoint under which something new is found again.
    """
    runtime = current_runtime()
    published, hash_key = runtime.published(), runtime.hash_key
    key = current_key()

    def work(session: Session) -> Answer:
        unit = Unit(session, published, journey_now(session), key, hash_key)
        return once(session, key, header.key if header else None, lambda: do(unit))

    answer = transact(runtime, work)
    runtime.bell.ring()
    if answer.status == 204:
        return Response(status=204)
    response = Response(json.dumps(answer.body, ensure_ascii=False), answer.status, mimetype=JSON)
    if answer.status == 201 and made:
        response.headers["Location"] = url_for(made, id=answer.body["id"])
    if answer.replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return response
