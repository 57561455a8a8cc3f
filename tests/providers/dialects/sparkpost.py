"""SparkPost's API: developers.sparkpost.com/api/transmissions."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from service.ports import Received
from tests.providers.dialects import REFUSED, Dialect, Reply, Request, webhook_body
from tests.providers.dialects.mime import taken_whole


class SparkPost(Dialect):
    name = "sparkpost"
    url = "SPARKPOST_URL"
    given: ClassVar = {"SPARKPOST_KEY": "14ac5499cfdd2bb2859e4476d2e5b1d2bad079bf"}
    keys = ("SPARKPOST_KEY",)
    secret = "SPARKPOST_WEBHOOK_SECRET"
    secrets = ("sparkpost:new-and-long-enough", "sparkpost:old-and-long-enough")
    streams = ("marketing", "transactional")
    pauses = 420

    def answer(self, request: Request) -> Reply:
        if request.headers.get("authorization") != self.given["SPARKPOST_KEY"]:
            return Reply(401, {"errors": [{"message": "Unauthorized."}]})
        if request.asked == "GET /api/v1/account":
            return Reply(403, {"errors": [{"message": "Forbidden."}]})
        if request.path != "/api/v1/transmissions":
            return Reply(404, {"errors": [{"message": "Resource not found"}]})
        asked = request.json()
        [recipient] = asked["recipients"]
        if recipient["address"]["email"] == REFUSED:
            why = {"message": "Message generation rejected", "code": "1902"}
            why["description"] = "recipient address suppressed due to customer policy"
            return Reply(400, {"errors": [why]})
        options = asked["options"]
        if options["perform_substitutions"]:
            return Reply(422, {"errors": [{"message": "substitution language syntax error", "code": "3000"}]})
        self.taken.append(
            taken_whole(
                asked["content"]["email_rfc822"].encode(),
                recipient["address"]["email"],
                recipient["metadata"]["everafter_delivery"],
                recipient["metadata"]["everafter_message"],
                stream="transactional" if options["transactional"] else "marketing",
                tracks=options["open_tracking"] or options["click_tracking"],
            )
        )
        results = {"total_rejected_recipients": 0, "total_accepted_recipients": 1}
        return Reply(200, {"results": {**results, "id": str(11668787484950529 + len(self.taken))}})

    def slow_down(self) -> Reply:
        said = {"message": "Exceed Sending Limit (hourly)", "code": "2101"}
        return Reply(420, {"errors": [said]}, {"Retry-After": "7"})

    def post(self, body: Any, at: datetime, nth: int = 0, headers: Mapping[str, str] | None = None) -> Received:
        password = b64encode(self.secrets[nth].encode()).decode()
        own = {
            "authorization": f"Basic {password}",
            "x-messagesystems-batch-id": "3f8b3e6a-9fd4-4e0b-8c3f",
        }
        return Received(own | dict(headers or {}), webhook_body(body), at)
