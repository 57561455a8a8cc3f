"""`Idempotency-Key`: what is asked twice happens once, and is answered alike.

The key's row is inserted first, in the transaction of what it guards: of two requests at once one waits for the other
and then repeats its answer. A refusal undoes the row with all the rest, so only what happened is remembered.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from functools import cache
from typing import Any

from flask import abort, request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.store.access import IdempotentReply
from service.web.api.auth import Key
from service.web.api.paging import absent_is_not_null, never_null
from service.web.api.refusal import Wrong, invalid, refuse

HEADER = "Idempotency-Key"
LONGEST = 255  # characters


class IdempotencyHeader(BaseModel):
    """A name for this request, made up by whoever sends it."""

    model_config = ConfigDict(json_schema_extra=absent_is_not_null)

    key: str | None = Field(
        default=None,
        alias=HEADER,
        description="Any text of up to 255 characters, a UUID for example. The same request sent again with it within "
        "24 hours changes nothing and gets the first answer, with `Idempotency-Replayed: true`.",
        json_schema_extra=never_null,
    )

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """The same as ever, but made once for flask-openapi3, which asks for it at every request."""
        return super().model_json_schema(*args, **kwargs) if args or kwargs else _schema()


@cache
def _schema() -> dict[str, Any]:
    return super(IdempotencyHeader, IdempotencyHeader).model_json_schema()


@dataclass(frozen=True, slots=True)
class Answer:
    """What an operation answers. `contact_id`: whom it speaks of, so that it is forgotten with them."""

    status: int
    body: dict[str, Any]
    contact_id: int | None = None
    replayed: bool = False


def once(session: Session, key: Key, name: str | None, effect: Callable[[], Answer]) -> Answer:
    """The answer of `effect`, or the first one where this was done before. The caller commits."""
    if name is None:
        return effect()
    _check(name)
    digest = hashlib.sha256(f"{request.method} {request.path}\n".encode() + request.get_data()).digest()
    row = (IdempotentReply.api_key_id == key.id, IdempotentReply.key == name)
    claim = insert(IdempotentReply).values(api_key_id=key.id, key=name, request_digest=digest, status=0, body={})
    if session.scalar(claim.on_conflict_do_nothing().returning(IdempotentReply.id)) is None:
        first = session.scalars(select(IdempotentReply).where(*row)).one()
        if first.request_digest != digest:
            at = first.created_at.astimezone(UTC)
            refuse(
                "key-reused", f"This {HEADER} came with another request on {at:%-d %B at %H:%M UTC}; take a new one."
            )
        return Answer(first.status, first.body, replayed=True)
    answer = effect()
    values = {"status": answer.status, "body": answer.body, "contact_id": answer.contact_id}
    session.execute(update(IdempotentReply).where(*row).values(values))
    return answer


def _check(name: str) -> None:
    if not 1 <= len(name) <= LONGEST or not name.isprintable():
        sentence = f"An Idempotency-Key has 1 to {LONGEST} printable characters."
        abort(invalid([Wrong(detail=sentence, code="header", parameter=HEADER)]))
