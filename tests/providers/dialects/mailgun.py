"""Mailgun's API: documentation.mailgun.com, "Send an email in MIME format", "Securing webhooks"."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import format_datetime
from io import BytesIO
from typing import Any, ClassVar
from uuid import uuid4

from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header

from service.clock import machine_now
from service.ports import Received
from tests.providers.dialects import REFUSED, Dialect, Forged, Reply, Request, webhook_body
from tests.providers.dialects.mime import taken_whole

PARENT = "parent-signature"


class Mailgun(Dialect):
    name = "mailgun"
    url = "MAILGUN_URL"
    given: ClassVar = {"MAILGUN_KEY": "key-0123456789abcdef", "MAILGUN_DOMAIN": "mg.glow.example"}
    keys = ("MAILGUN_KEY",)
    secret = "MAILGUN_WEBHOOK_SECRET"
    secrets = ("signing-key-new-0123456789", "signing-key-old-0123456789")
    good_for = timedelta(hours=12)

    def answer(self, request: Request) -> Reply:
        right = b64encode(f"api:{self.given['MAILGUN_KEY']}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {right}":
            return Reply(401, {"message": "Invalid private key"})
        if request.asked == "POST /v3/mg.glow.example/messages" and not request.body:
            return Reply(400, {"message": "from parameter is missing"})
        if request.path != "/v3/mg.glow.example/messages.mime":
            return Reply(404, {"message": "Domain not found: mg.glow.example"})
        form = _form(request)
        if form["to"].decode() == REFUSED:
            return Reply(400, {"message": "to parameter is not a valid address. please check documentation"})
        taken = taken_whole(
            form["message"],
            form["to"].decode(),
            form["v:everafter_delivery"].decode(),
            form["v:everafter_message"].decode(),
            tracks=form.get("o:tracking") != b"no",
        )
        self.taken.append(taken)
        return Reply(200, {"id": taken.headers["message-id"], "message": "Queued. Thank you."})

    def slow_down(self) -> Reply:
        """It says in words until when."""
        until = format_datetime(machine_now().replace(microsecond=0) + timedelta(seconds=7), usegmt=True)
        words = f"Domain mg.glow.example is not allowed to send: recipient limit exceeded, try again after {until}"
        return Reply(429, {"message": words})

    def post(self, body: Any, at: datetime, nth: int = 0, headers: Mapping[str, str] | None = None) -> Received:
        token = uuid4().hex + "0123456789abcdef01"
        return self.signed(body, str(int(at.timestamp())), token, self.secrets[nth], at)

    def signed(self, body: Any, timestamp: str, token: str, secret: str, at: datetime) -> Received:
        """With the proof in the body, over timestamp and token and nothing else."""
        signature = hmac.new(secret.encode(), (timestamp + token).encode(), hashlib.sha256).hexdigest()
        block = {"timestamp": timestamp, "token": token, "signature": signature}
        if isinstance(body, Mapping):
            body = {"signature": block, **body}
        return Received({"content-type": "application/json"}, webhook_body(body), at)

    def forged(self, body: Any, at: datetime) -> Forged:
        now, token = str(int(at.timestamp())), "0" * 50
        named = {"timestamp": now, "token": token}

        def signed_by(*blocks: Any) -> list[Received]:
            return [Received({}, webhook_body({**body, "signature": block}), at) for block in blocks]

        return {
            "wrong": [
                self.signed(body, now, token, "somebody-elses-key", at),
                *signed_by({**named, "signature": "f" * 64}, {**named, "signature": "f" * 64, PARENT: "e" * 64}),
            ],
            "missing": signed_by({**named, "signature": ""}, named, dict.fromkeys(("signature", *named), ""), {}, None),
            "malformed": signed_by(
                {**named, "signature": "\xfc" * 64},
                {**named, "timestamp": "soon", "signature": "f" * 64},
                {"timestamp": 1e300, "token": [], "signature": {}},
                {**named, "signature": "f" * 64, PARENT: ["x"]},
            ),
        }


def _form(request: Request) -> dict[str, bytes]:
    """The parts of multipart/form-data by their names."""
    kind, options = parse_options_header(request.headers["content-type"])
    _, fields, files = FormDataParser().parse(BytesIO(request.body), kind, len(request.body), options)
    return {**{name: value.encode() for name, value in fields.items()}, **{n: f.read() for n, f in files.items()}}
