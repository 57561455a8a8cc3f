"""Brevo's API: developers.brevo.com, "Send a transactional email", "Batch send", "Secure webhook calls"."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Mapping
from datetime import datetime
from email.header import decode_header, make_header
from typing import Any, ClassVar

import orjson

from service.ports import Received
from tests.providers.dialects import REFUSED, Dialect, Reply, Request, Taken, webhook_body

KINDS = {"ics": "text/calendar", "pdf": "application/pdf"}


class Brevo(Dialect):
    name = "brevo"
    url = "BREVO_URL"
    given: ClassVar = {"BREVO_KEY": "xkeysib-0123456789abcdef"}
    keys = ("BREVO_KEY",)
    secret = "BREVO_WEBHOOK_SECRET"
    secrets = ("a-token-that-is-new-and-long", "brevo:old-and-long-enough")

    def __init__(self) -> None:
        super().__init__()
        self._seen: set[str] = set()

    def answer(self, request: Request) -> Reply:
        if request.headers.get("api-key") != self.given["BREVO_KEY"]:
            return Reply(401, {"message": "Key not found", "code": "unauthorized"})
        if request.asked == "GET /v3/account":
            return Reply(200, {"email": "mia@glow.example", "companyName": "Glow", "plan": []})
        if request.path != "/v3/smtp/email":
            return Reply(404, {"message": "Route not found", "code": "document_not_found"})
        asked = request.json()
        key = asked["headers"].pop("idempotencyKey")
        if key in self._seen:
            return Reply(400, {"message": "idempotencyKey was used before", "code": "duplicate_parameter"})
        versions = asked.get("messageVersions", [asked])
        if any(version["to"][0]["email"] == REFUSED for version in versions):
            return Reply(400, {"message": "email is not valid in to", "code": "invalid_parameter"})
        self._seen.add(key)
        for version in versions:
            self._take(asked["sender"], version, asked.get("attachment", ()))
        count = len(self.taken)
        ids = [f"<20261122{count - left:06d}.27287306012@smtp-relay.mailin.fr>" for left in range(len(versions))]
        return Reply(201, {"messageIds": ids[::-1]} if "messageVersions" in asked else {"messageId": ids[0]})

    def _take(self, sender: Mapping[str, str], version: Mapping[str, Any], files: Any) -> None:
        headers = {name.lower(): value for name, value in version["headers"].items()}
        custom = orjson.loads(headers.pop("x-mailin-custom"))
        [to] = version["to"]
        self.taken.append(
            Taken(
                recipient=to["email"],
                sender=(_carried(sender.get("name", "")), sender["email"]),
                reply_to=version.get("replyTo", {}).get("email", ""),
                subject=_filled_in(version["subject"]),
                text=_filled_in(version.get("textContent", "")),
                html=_filled_in(version["htmlContent"]),
                headers=headers,
                delivery=custom["everafter_delivery"],
                message=custom["everafter_message"],
                attachments=tuple(
                    (file["name"], KINDS[file["name"].rpartition(".")[2]], b64decode(file["content"])) for file in files
                ),
            )
        )

    def slow_down(self) -> Reply:
        """It says when its counter begins anew."""
        left = {"x-sib-ratelimit-limit": "1000", "x-sib-ratelimit-remaining": "0", "x-sib-ratelimit-reset": "7"}
        return Reply(429, {"message": "Too many requests", "code": "too_many_requests"}, left)

    def post(self, body: Any, at: datetime, nth: int = 0, headers: Mapping[str, str] | None = None) -> Received:
        proofs = (f"Bearer {self.secrets[0]}", "Basic YnJldm86b2xkLWFuZC1sb25nLWVub3VnaA==")
        return Received({"authorization": proofs[nth]} | dict(headers or {}), webhook_body(body), at)


def _carried(name: str) -> str:
    """It drops a name that has both letters beyond ASCII and signs with a meaning in it, as it was seen to."""
    if not name.isascii() and re.search(r'[()<>@,:;.\\"\[\]]', name):
        return ""
    return str(make_header(decode_header(name)))


def _filled_in(said: str) -> str:
    """It runs its template language over all that it is given."""
    return re.sub(r"\{[{%#].*?[}%#]\}", "", said, flags=re.DOTALL)
