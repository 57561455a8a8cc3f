"""Postmark's API: postmarkapp.com/developer, "Batch emails" and "API error codes"."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import datetime
from email.utils import parseaddr
from typing import Any, ClassVar
from uuid import uuid4

from service.ports import Received
from tests.providers.dialects import REFUSED, Dialect, Reply, Request, Taken, webhook_body


class Postmark(Dialect):
    name = "postmark"
    url = "POSTMARK_URL"
    given: ClassVar = {"POSTMARK_TOKEN": "5ad12c9f-token-of-a-server"}
    keys = ("POSTMARK_TOKEN",)
    secret = "POSTMARK_WEBHOOK_SECRET"
    secrets = ("postmark:new-and-long-enough", "postmark:old-and-long-enough")
    pause = None
    streams = ("broadcast", "outbound")

    def answer(self, request: Request) -> Reply:
        if request.headers.get("x-postmark-server-token") != self.given["POSTMARK_TOKEN"]:
            return Reply(401, {"ErrorCode": 10, "Message": "The Server Token you provided was not valid."})
        if request.asked == "GET /server":
            return Reply(200, {"ID": 1, "Name": "Glow", "DeliveryType": "Live"})
        if request.path != "/email/batch":
            return Reply(404, {"ErrorCode": 0, "Message": "Not found"})
        return Reply(200, [self._take(each) for each in request.json()])

    def slow_down(self) -> Reply:
        """It says no more than the status and a code."""
        return Reply(429, {"ErrorCode": 429, "Message": "Rate limit exceeded"})

    def _take(self, message: Mapping[str, Any]) -> dict[str, Any]:
        if message["To"] == REFUSED:
            said = f"You tried to send to a recipient that has been marked as inactive. Found inactive: {REFUSED}."
            return {"ErrorCode": 406, "Message": said}
        if any(len(name) > 20 or len(value) > 80 for name, value in message["Metadata"].items()):
            return {"ErrorCode": 300, "Message": "Invalid metadata content."}
        headers = {each["Name"].lower(): each["Value"] for each in message["Headers"]}
        self.taken.append(
            Taken(
                recipient=message["To"],
                sender=parseaddr(message["From"]),
                reply_to=parseaddr(message.get("ReplyTo", ""))[1],
                subject=message["Subject"],
                text=message["TextBody"],
                html=message["HtmlBody"],
                headers={name: value for name, value in headers.items() if name != "x-pm-keepid"},
                delivery=message["Metadata"]["everafter_delivery"],
                message=message["Metadata"]["everafter_message"],
                stream=message["MessageStream"],
                tracks=message["TrackOpens"] or message["TrackLinks"] != "None",
                attachments=tuple(
                    (each["Name"], each["ContentType"], b64decode(each["Content"])) for each in message["Attachments"]
                ),
            )
        )
        return {"ErrorCode": 0, "Message": "OK", "MessageID": str(uuid4()), "To": message["To"]}

    def post(self, body: Any, at: datetime, nth: int = 0, headers: Mapping[str, str] | None = None) -> Received:
        password = b64encode(self.secrets[nth].encode()).decode()
        return Received({"authorization": f"Basic {password}"} | dict(headers or {}), webhook_body(body), at)
