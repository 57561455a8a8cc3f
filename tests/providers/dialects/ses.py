"""Amazon SES's API v2, which checks signatures itself, and SNS, which posts what became of mails."""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64decode
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import uuid4

import orjson
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from service.ports import Received
from tests.providers.dialects import REFUSED, Dialect, Forged, Reply, Request, webhook_body
from tests.providers.dialects.mime import taken_whole
from tests.providers.sns import REGION, the_sns

PATH, ACCOUNT = "/v2/email/outbound-emails", "/v2/email/account"


class Ses(Dialect):
    name = "ses"
    url = "SES_URL"
    given: ClassVar = {
        "SES_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        "SES_CONFIGURATION_SET": "everafter",
    }
    keys = ("AWS_SECRET_ACCESS_KEY",)
    secret = "SES_TOPICS"
    secrets = (f"arn:aws:sns:{REGION}:123456789012:mail-new", f"arn:aws:sns:{REGION}:123456789012:mail")
    good_for = timedelta(hours=3)

    def __init__(self) -> None:
        super().__init__()
        self.given = {**type(self).given, "SNS_URL": the_sns().url}

    def answer(self, request: Request) -> Reply:
        if request.asked not in {f"POST {PATH}", f"GET {ACCOUNT}"}:
            return _error(404, "NotFoundException", "Not found")
        if not self._is_signed(request):
            return _error(403, "InvalidSignatureException", "The request signature we calculated does not match")
        if request.path == ACCOUNT:
            return _error(403, "AccessDeniedException", "User is not authorized to perform: ses:GetAccount")
        asked = request.json()
        [recipient] = asked["Destination"]["ToAddresses"]
        tags = {tag["Name"]: tag["Value"] for tag in asked["EmailTags"]}
        if recipient == REFUSED:
            return _error(400, "MessageRejected", "Email address is on the suppression list for your account.")
        if not all(value.replace("-", "").replace("_", "").isalnum() for value in tags.values()):
            return _error(400, "BadRequestException", "Invalid tag value: use only letters, digits, - and _")
        self.taken.append(
            taken_whole(
                b64decode(asked["Content"]["Raw"]["Data"]),
                recipient,
                tags["everafter_delivery"],
                urlsafe_b64decode(tags["everafter_message"] + "==").decode(),
            )
        )
        return Reply(200, {"MessageId": f"0102018f0ca1b2c3-{uuid4()}-000000"})

    def _is_signed(self, request: Request) -> bool:
        """Signature Version 4, made again by whoever holds the secret key, for the moment that the request names."""
        auth = SigV4Auth(Credentials("AKIDEXAMPLE", self.given["AWS_SECRET_ACCESS_KEY"]), "ses", REGION)
        scope, _, signature = request.headers["authorization"].rpartition(", Signature=")
        named = scope.rpartition("SignedHeaders=")[2].split(";")
        headers = {name: request.headers[name] for name in named if name != "host"}
        again = AWSRequest(request.method, f"http://{request.headers['host']}{request.path}", headers, request.body)
        again.context["timestamp"] = request.headers["x-amz-date"]
        text = auth.string_to_sign(again, auth.canonical_request(again))
        return bool(auth.signature(text, again) == signature)

    def slow_down(self) -> Reply:
        return Reply(429, {"message": "Too many requests"}, {"Retry-After": "7", **_named("TooManyRequestsException")})

    def post(self, body: Any, at: datetime, nth: int = 0, headers: Mapping[str, str] | None = None) -> Received:
        """SNS wraps the event, signs it, and calls it plain text. A body of bytes leaves as it is."""
        if isinstance(body, bytes):
            return _received(body, at, headers)
        message = body if isinstance(body, str) else orjson.dumps(body).decode()
        return _received(webhook_body(the_sns().note(message, self.secrets[nth], at)), at, headers)

    def forged(self, body: Any, at: datetime) -> Forged:
        sns, message = the_sns(), orjson.dumps(body).decode()
        note = sns.note(message, self.secrets[0], at)
        elsewhere = [
            "http://sns.eu-west-1.amazonaws.com/a.pem",
            "https://169.254.169.254/a.pem",
            "https://sns.eu-west-1.amazonaws.com.example.org/a.pem",
            "https://sns.eu-west-1.amazonaws.com@example.org/a.pem",
            "https://sns.eu-west-1.amazonaws.com:8443/a.pem",
            "https://sns.us-east-1.amazonaws.com/a.pem",
            "https://sns.eu-west-1.amazonaws.com/a.pem/../b",
            "https://sns.eu-west-1.amazonaws.com/?a.pem",
            "https://[sns/a.pem",
            "",
        ]
        wrong: list[Mapping[str, Any]] = [
            *({**note, "SigningCertURL": url} for url in elsewhere),
            {**note, "Signature": "AAAA"},
            {**note, "Message": message + " "},
            {**note, "SignatureVersion": "1"},
            sns.note(message, f"arn:aws:sns:{REGION}:999999999999:mail", at),
            sns.note(message, "arn:aws:sns:us-east-1:123456789012:mail", at),
        ]
        unsigned = {name: value for name, value in note.items() if name != "Signature"}
        malformed = ({"Signature": "not base64!"}, {"SignatureVersion": "3"}, {"Timestamp": "soon"})
        return {
            "wrong": [_received(webhook_body(each), at) for each in wrong],
            "missing": [
                *(_received(webhook_body(each), at) for each in (unsigned, {**note, "Signature": ""})),
                _received(webhook_body(body), at, {"x-amz-sns-rawdelivery": "true"}),
            ],
            "malformed": [_received(webhook_body({**note, **each}), at) for each in malformed],
        }


def _received(body: bytes, at: datetime, headers: Mapping[str, str] | None = None) -> Received:
    return Received({"content-type": "text/plain; charset=UTF-8"} | dict(headers or {}), body, at)


def _named(error: str) -> dict[str, str]:
    return {"x-amzn-ErrorType": f"{error}:http://internal.amazon.com/coral/com.amazonaws.sesv2/"}


def _error(status: int, error: str, words: str) -> Reply:
    return Reply(status, {"message": words}, _named(error))
