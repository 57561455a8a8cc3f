"""`POST /webhooks/PROVIDER[/NAME]`: what providers tell is proven, kept as it came, and answered at once.

2xx: kept, or nothing to do. 400: not understood; 401: not authentic; 404: no such provider, or not set up; 413: too
large; 503: come again. Never 403 or 406, by which some providers stop telling for good. It is read behind the answer,
by workers, so that nothing a provider waits for hangs on what follows from it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import structlog
from flask import Blueprint, Flask, Response, current_app, request
from sqlalchemy.orm import Session
from werkzeug.exceptions import BadRequest, NotFound, RequestEntityTooLarge, ServiceUnavailable, Unauthorized

from service.clock import machine_now
from service.ports import Confirming, Hefty, NotAuthentic, NotNow, NotUnderstood, Received, Receiver
from service.runtime import Runtime
from service.store.notice import keep_notices
from service.web.away import AGAIN_AFTER
from service.web.company import Company
from service.web.current import current_runtime
from service.web.transaction import transact

NAME = "everafter.webhooks"
LARGEST = 1024 * 1024  # bytes of a body, but for a receiver that is Hefty
MOST = 10_000  # things told in one request
ACCOUNT = re.compile(r"[a-z0-9-]{1,40}")
LONGEST = 500  # characters of a header field that is kept

log = structlog.get_logger()
webhooks = Blueprint("webhooks", __name__)

Notice = Mapping[str, Any]


def attach(app: Flask, runtime: Runtime) -> None:
    """Let the app keep what providers post. Those who post at the same time are kept together, in one commit."""
    app.extensions[NAME] = Company[Notice, bool](runtime, _keep_all)


@webhooks.post("/webhooks/<provider>", strict_slashes=False)
@webhooks.post("/webhooks/<provider>/<account>", strict_slashes=False)
def receive(provider: str, account: str = "") -> Response:
    receiver, secrets = _find(provider, account)
    headers = {name.lower(): value for name, value in request.headers.items()}
    received = Received(headers, b"", machine_now())
    largest = LARGEST
    if isinstance(receiver, Hefty):
        _prove(receiver, received, secrets)  # nobody else gets so much read
        largest = receiver.largest
    received = replace(received, body=_body(largest))
    _prove(receiver, received, secrets)
    received = _worth_keeping(receiver, received)
    items = _count(receiver, received)
    if items > MOST:
        raise RequestEntityTooLarge
    if items or _is_asked_to_confirm(receiver, received):
        _keep(
            {
                "at": received.at,
                "provider": provider,
                "account": account,
                "headers": {name: said[:LONGEST] for name, said in received.headers.items() if name in receiver.reads},
                "body": received.body,
                "items": items,
            }
        )
    return _say("Thank you.")


def _body(largest: int) -> bytes:
    """The bytes as they came, at most so many. Raises what `WholeRequest` raises.

    Raw, before anything reads it as a form: then there would be nothing left, and it is the bytes that are signed.
    """
    request.max_content_length = largest
    return request.get_data(parse_form_data=False)


def _find(provider: str, account: str) -> tuple[Receiver, Sequence[str]]:
    opened = current_runtime().receiver(provider)
    if opened is None or (account and not ACCOUNT.fullmatch(account)):
        raise NotFound
    receiver, secrets = opened
    if not secrets.get(account):
        raise NotFound
    return receiver, secrets[account]


def _prove(receiver: Receiver, received: Received, secrets: Sequence[str]) -> None:
    try:
        receiver.authenticate(received, secrets)
    except NotAuthentic as error:
        log.warning("webhook.not_authentic", provider=receiver.name, reason=str(error))
        raise Unauthorized from None
    except NotUnderstood as error:
        log.warning("webhook.not_understood", provider=receiver.name, reason=str(error))
        raise BadRequest(f"{error}") from None
    except NotNow as error:
        log.warning("webhook.not_now", provider=receiver.name, reason=str(error))
        raise ServiceUnavailable(retry_after=AGAIN_AFTER) from None


def _worth_keeping(receiver: Receiver, received: Received) -> Received:
    try:
        return receiver.worth_keeping(received) if isinstance(receiver, Hefty) else received
    except NotUnderstood as error:
        log.warning("webhook.not_understood", provider=receiver.name, reason=str(error))
        raise BadRequest from None


def _count(receiver: Receiver, received: Received) -> int:
    """How much is told; where it can't be said though it is authentic, it is kept and set aside as one thing."""
    try:
        return len(receiver.told(received))
    except NotUnderstood as error:
        log.warning("webhook.not_understood", provider=receiver.name, reason=str(error))
        raise BadRequest from None
    except Exception:
        # A fault of ours in reading what its sender has proven: nothing is lost by it, and `doctor` shows it.
        log.exception("webhook.unread", provider=receiver.name)
        return 1


def _is_asked_to_confirm(receiver: Receiver, received: Received) -> bool:
    return isinstance(receiver, Confirming) and receiver.confirm(received) is not None


def _keep(notice: Notice) -> None:
    """Committed when this returns, and the bell rings."""
    runtime = current_runtime()
    company = cast("Company[Notice, bool]", current_app.extensions[NAME])
    if company.take(notice) is None:
        transact(runtime, lambda session: keep_notices(session, [notice]))
        runtime.bell.ring()


def _keep_all(session: Session, notices: Sequence[Notice]) -> list[bool | None]:
    keep_notices(session, notices)
    return [True] * len(notices)


def _say(words: str) -> Response:
    return Response(words + "\n", content_type="text/plain; charset=utf-8")
