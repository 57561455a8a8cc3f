"""Resend's API: resend.com/docs, "Send Batch Emails", "Idempotency Keys", "Errors", and Svix's signatures."""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64decode, b64encode, urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import Any, ClassVar
from uuid import uuid4

from service.ports import Received
from tests.providers.dialects import REFUSED, Dialect, Forged, Reply, Request, Taken, webhook_body


class Resend(Dialect):
    name = "resend"
    url = "RESEND_URL"
    given: ClassVar = {"RESEND_KEY": "re_key_of_a_team"}
    keys = ("RESEND_KEY",)
    secret = "RESEND_WEBHOOK_SECRET"
    secrets = tuple("whsec_" + b64encode(each * 8).decode() for each in (b"new!", b"old!"))  # type: ignore[assignment]
    good_for = timedelta(minutes=5)

    def __init__(self) -> None:
        super().__init__()
        self.answered: dict[str, tuple[bytes, Reply]] = {}  # by idempotency key

    def answer(self, request: Request) -> Reply:
        if request.headers.get("authorization") != f"Bearer {self.given['RESEND_KEY']}":
            return _error(403, "invalid_api_key", "API key is invalid.")
        if request.asked == "GET /domains":
            return _error(401, "restricted_api_key", "This API key is restricted to only send emails.")
        key = request.headers.get("idempotency-key", "")
        if not 1 <= len(key) <= 256:
            return _error(400, "invalid_idempotency_key", "The key must be between 1-256 chars.")
        if key in self.answered:
            body, reply = self.answered[key]
            said = "Same idempotency key used with a different request payload."
            return reply if body == request.body else _error(409, "invalid_idempotent_request", said)
        reply = self._take_all(request)
        if reply.status == 200:
            self.answered[key] = request.body, reply
        return reply

    def slow_down(self) -> Reply:
        said = "Too many requests. You can only make 2 requests per second."
        return replace(_error(429, "rate_limit_exceeded", said), headers={"retry-after": "7"})

    def _take_all(self, request: Request) -> Reply:
        if request.path == "/emails":
            fault = _fault(request.json())
            return _error(422, "validation_error", fault) if fault else Reply(200, self._take(request.json()))
        if request.path != "/emails/batch":
            return _error(404, "not_found", "The requested endpoint does not exist.")
        listed = request.json()
        faults = {place: fault for place, each in enumerate(listed) if (fault := _fault(each))}
        if any("attachments" in each for each in listed) or len(listed) > 100:
            return _error(422, "validation_error", "The batch can't be taken.")
        if faults and request.headers.get("x-batch-validation") != "permissive":
            return _error(422, "validation_error", next(iter(faults.values())))
        told = {"data": [self._take(each) for place, each in enumerate(listed) if place not in faults]}
        errors = [{"index": place, "message": fault} for place, fault in faults.items()]
        return Reply(200, told | {"errors": errors} if errors else told)

    def _take(self, message: Mapping[str, Any]) -> dict[str, str]:
        tags = {each["name"]: each["value"] for each in message["tags"]}
        self.taken.append(
            Taken(
                recipient=message["to"][0],
                sender=parseaddr(message["from"]),
                reply_to=parseaddr(message.get("reply_to", ""))[1],
                subject=message["subject"],
                text=message["text"],
                html=message["html"],
                headers={name.lower(): value for name, value in message["headers"].items()},
                delivery=tags["everafter_delivery"],
                message=urlsafe_b64decode(tags["everafter_message"] + "===").decode(),
                attachments=tuple(
                    (each["filename"], each["content_type"], b64decode(each["content"]))
                    for each in message.get("attachments", ())
                ),
            )
        )
        return {"id": str(uuid4())}

    def post(self, body: Any, at: datetime, nth: int = 0, headers: Mapping[str, str] | None = None) -> Received:
        written, stamp = webhook_body(body), str(int(at.timestamp()))
        name = (headers or {}).get("svix-id") or "msg_" + hashlib.sha256(written).hexdigest()[:27]
        signed = {
            "svix-id": name,
            "svix-timestamp": stamp,
            "svix-signature": self._signature(name, stamp, written, nth),
        }
        return Received(signed, written, at)

    def forged(self, body: Any, at: datetime) -> Forged:
        real = self.post(body, at)
        good = real.headers["svix-signature"]

        def changed(name: str, *values: str) -> list[Received]:
            return [replace(real, headers={**real.headers, name: value}) for value in values]

        return {
            "wrong": [
                *changed("svix-signature", "v1,AAAA", good.replace("v1,", "v2,")),
                *changed("svix-id", "msg_another"),
                replace(real, body=real.body + b"\n"),
            ],
            "missing": [
                replace(real, headers={}),
                *changed("svix-signature", "", "v1,"),
                *changed("svix-timestamp", ""),
                *changed("svix-id", ""),
            ],
            "malformed": [
                *changed("svix-signature", "\xff", " ".join(["v1,AAAA"] * 5_000)),
                *changed("svix-timestamp", "x", "NaN", "1e400", "-1", "٣"),
            ],
        }

    def _signature(self, name: str, stamp: str, body: bytes, nth: int) -> str:
        """While a secret is replaced, a webhook is signed with both: a foreign one in front does no harm."""
        key = b64decode(self.secrets[nth].removeprefix("whsec_"))
        proof = hmac.new(key, f"{name}.{stamp}.".encode() + body, hashlib.sha256).digest()
        return f"v1,{b64encode(b'x' * 32).decode()} v1,{b64encode(proof).decode()}"


def _fault(message: Mapping[str, Any]) -> str:
    if message["to"] == [REFUSED]:
        return "Invalid `to` field. Please use our testing email address instead of domains like `example`."
    if any(not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", text) for tag in message["tags"] for text in tag.values()):
        return "Tags should only contain ASCII letters, numbers, underscores, or dashes."
    return ""


def _error(status: int, name: str, said: str) -> Reply:
    return Reply(status, {"statusCode": status, "name": name, "message": said})
