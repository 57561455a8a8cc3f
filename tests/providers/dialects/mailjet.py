"""Mailjet's API: dev.mailjet.com, "Send API v3.1" and "Webhooks"."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar
from uuid import uuid4

import orjson

from service.ports import Received
from tests.providers.dialects import REFUSED, Dialect, Reply, Request, Taken, webhook_body

FORBIDDEN = {
    "date",
    "message-id",
    "from",
    "sender",
    "subject",
    "to",
    "reply-to",
    "return-path",
    "dkim-signature",
    "list-id",
}


class Mailjet(Dialect):
    name = "mailjet"
    url = "MAILJET_URL"
    given: ClassVar = {"MAILJET_KEY": "public-key", "MAILJET_SECRET": "private-key"}
    keys = ("MAILJET_KEY", "MAILJET_SECRET")
    secret = "MAILJET_WEBHOOK_SECRET"
    secrets = ("mailjet:new-and-long-enough", "mailjet:old-and-long-enough")
    pause = 60.0
    takes_no = frozenset({"list-id"})

    def answer(self, request: Request) -> Reply:
        credentials = b64encode(":".join(self.given.values()).encode()).decode()
        if request.headers.get("authorization") != f"Basic {credentials}":
            return _error(401, "mj-0002", "API key authentication/authorization failure.")
        if request.asked == "GET /v3/REST/sender?Limit=1":
            return Reply(200, {"Count": 1, "Data": [{"Email": "*@glow.example", "Status": "Active"}], "Total": 1})
        if request.path != "/v3.1/send" or len(request.json()["Messages"]) > 50:
            return _error(400, "mj-0004", "At most 50 messages.")
        told = [self._take(each) for each in request.json()["Messages"]]
        return Reply(200 if all(each["Status"] == "success" for each in told) else 400, {"Messages": told})

    def slow_down(self) -> Reply:
        return Reply(429, {"ErrorMessage": "Too many requests", "StatusCode": 429})

    def _take(self, message: Mapping[str, Any]) -> dict[str, Any]:
        headers = {name.lower(): value for name, value in message["Headers"].items()}
        if headers.keys() & FORBIDDEN:
            return _refusal("send-0011", "Header cannot be customized using the Headers collection.", "Headers")
        [to] = message["To"]
        if to["Email"] == REFUSED:
            return _refusal("mj-0013", f'"{REFUSED}" is an invalid email address.', "To[0].Email")
        payload = orjson.loads(message["EventPayload"])
        self.taken.append(
            Taken(
                recipient=to["Email"],
                sender=(message["From"].get("Name", ""), message["From"]["Email"]),
                reply_to=message.get("ReplyTo", {}).get("Email", ""),
                subject=message["Subject"],
                text=message["TextPart"],
                html=message["HTMLPart"],
                headers=headers,
                delivery=payload["everafter_delivery"],
                message=payload["everafter_message"],
                tracks=not message["TrackOpens"] == message["TrackClicks"] == "disabled",
                attachments=tuple(
                    (each["Filename"], each["ContentType"], b64decode(each["Base64Content"]))
                    for each in message.get("Attachments", ())
                ),
            )
        )
        number = 576_460_753_377_165_000 + len(self.taken)  # above 2**53
        taken = {"Email": to["Email"], "MessageUUID": str(uuid4()), "MessageID": number}
        return {"Status": "success", "CustomID": message["CustomID"], "To": [taken], "Cc": [], "Bcc": []}

    def post(self, body: Any, at: datetime, nth: int = 0, headers: Mapping[str, str] | None = None) -> Received:
        password = b64encode(self.secrets[nth].encode()).decode()
        return Received({"authorization": f"Basic {password}"} | dict(headers or {}), webhook_body(body), at)


def _error(status: int, code: str, said: str) -> Reply:
    return Reply(status, {"ErrorIdentifier": "", "ErrorCode": code, "StatusCode": status, "ErrorMessage": said})


def _refusal(code: str, said: str, field: str) -> dict[str, Any]:
    error = {"ErrorCode": code, "StatusCode": 400, "ErrorMessage": said, "ErrorRelatedTo": [field]}
    return {"Status": "error", "Errors": [error]}
