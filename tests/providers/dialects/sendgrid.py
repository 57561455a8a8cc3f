"""SendGrid's API: twilio.com/docs/sendgrid, "Mail Send" and "Event Webhook security features"."""

from __future__ import annotations

import time
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, derive_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from service.ports import Received
from tests.providers.dialects import REFUSED, Dialect, Forged, Reply, Request, Taken, webhook_body

KEYS = tuple(derive_private_key(number, SECP256R1()) for number in (20_261_122, 20_251_122))
SIGNATURE, TIMESTAMP = (f"x-twilio-email-event-webhook-{part}" for part in ("signature", "timestamp"))
RESERVED = {"x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "to", "from", "subject", "reply-to"}


def _shown(number: int) -> str:
    """A key as SendGrid shows it."""
    written = KEYS[number].public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return b64encode(written).decode()


class SendGrid(Dialect):
    name = "sendgrid"
    url = "SENDGRID_URL"
    given: ClassVar = {"SENDGRID_KEY": "SG.key-of-an-account"}
    keys = ("SENDGRID_KEY",)
    secret = "SENDGRID_WEBHOOK_SECRET"
    secrets = (_shown(0), _shown(1))
    speaks_json = False
    good_for = timedelta(hours=48)

    def answer(self, request: Request) -> Reply:
        if request.headers.get("authorization") != f"Bearer {self.given['SENDGRID_KEY']}":
            return _error(401, "The provided authorization grant is invalid, expired, or revoked")
        if request.asked == "GET /v3/scopes":
            return Reply(200, {"scopes": ["2fa_required", "mail.send", "sender_verification_eligible"]})
        if request.path != "/v3/mail/send":
            return _error(404, "not found")
        return self._take(request.json())

    def slow_down(self) -> Reply:
        resets = str(int(time.time()) + 7)  # beside it stands its Date
        return replace(_error(429, "too many requests"), headers={"X-RateLimit-Reset": resets})

    def _take(self, message: Mapping[str, Any]) -> Reply:
        [personalization] = message["personalizations"]
        [to] = personalization["to"]
        if to["email"] == REFUSED:
            return _error(400, "Does not contain a valid address.", "personalizations.0.to.0.email")
        headers = {name.lower(): value for name, value in message["headers"].items()}
        if headers.keys() & RESERVED:
            return _error(400, "a reserved header was used", "headers")
        if [each["type"] for each in message["content"]] != ["text/plain", "text/html"]:
            return _error(400, "text/plain must be first", "content")
        if not all(isinstance(value, str) for value in message["custom_args"].values()):
            return _error(400, "Bad Request", None)
        self.taken.append(
            Taken(
                recipient=to["email"],
                sender=(message["from"].get("name", ""), message["from"]["email"]),
                reply_to=message.get("reply_to", {}).get("email", ""),
                subject=message["subject"],
                text=message["content"][0]["value"],
                html=message["content"][1]["value"],
                headers=headers,
                delivery=message["custom_args"]["everafter_delivery"],
                message=message["custom_args"]["everafter_message"],
                tracks=any(each["enable"] for each in message["tracking_settings"].values()),
                attachments=tuple(
                    (each["filename"], each["type"], b64decode(each["content"]))
                    for each in message.get("attachments", ())
                ),
            )
        )
        return Reply(202, headers={"X-Message-Id": uuid4().hex[:22]})

    def post(self, body: Any, at: datetime, nth: int = 0, headers: Mapping[str, str] | None = None) -> Received:
        written, stamp = webhook_body(body), str(int(at.timestamp()))
        signature = KEYS[nth].sign(stamp.encode() + written, ECDSA(SHA256()))
        signed = {SIGNATURE: b64encode(signature).decode(), TIMESTAMP: stamp}
        return Received(signed | dict(headers or {}), written, at)

    def forged(self, body: Any, at: datetime) -> Forged:
        real = self.post(body, at)
        other = self.post([{"event": "open"}], at).headers[SIGNATURE]

        def changed(name: str, *values: str) -> list[Received]:
            return [replace(real, headers={**real.headers, name: value}) for value in values]

        return {
            "wrong": [
                *changed(SIGNATURE, other),
                replace(real, body=real.body + b"\r\n"),
                replace(real, body=real.body.replace(b",", b", ", 1)),
            ],
            "missing": [replace(real, headers={}), *changed(SIGNATURE, ""), *changed(TIMESTAMP, "")],
            "malformed": [
                *changed(SIGNATURE, "!", "AAAA", b64encode(b"\x30\x00").decode(), real.headers[SIGNATURE][:-4], "\xff"),
                *changed(TIMESTAMP, "x", "1e400", "NaN", "17", "٣"),
            ],
        }


def _error(status: int, said: str, field: str | None = None) -> Reply:
    return Reply(status, {"errors": [{"message": said, "field": field, "help": None}]})
