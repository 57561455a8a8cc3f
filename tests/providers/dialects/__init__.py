"""What providers understand and answer, each in a file of its own: the other side of `service.providers`.

A dialect takes what its provider documents to take, refuses what it documents to refuse, and posts webhooks as it does.
`tests.providers.http_server` puts one behind a socket, with the faults that any of them may have.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar

import orjson

from service.domain.feedback import What
from service.ports import Received

REFUSED = "nobody@refused.example"  # each of them refuses this recipient, and no other


# Webhooks with proofs that are "wrong", "missing" and "malformed".
Forged = Mapping[str, list[Received]]


@dataclass(frozen=True)
class Request:
    """What came: the path with its query, header fields by their names in lower case."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    method: str = "POST"

    @property
    def asked(self) -> str:
        return f"{self.method} {self.path}"

    def json(self) -> Any:
        return orjson.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """What is answered; without a body of bytes, `told` as JSON."""

    status: int = 200
    told: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None

    @property
    def body(self) -> bytes:
        return self.raw if self.raw is not None else b"" if self.told is None else orjson.dumps(self.told)


@dataclass(frozen=True)
class Taken:
    """A mail that was taken, as the provider will send it. `headers` by lower case names: what it puts in as it is."""

    recipient: str
    sender: tuple[str, str]  # the name people read, and the address
    reply_to: str
    subject: str
    text: str
    html: str
    headers: Mapping[str, str]
    delivery: str  # what comes back with its events: everafter_delivery
    message: str  # and everafter_message
    stream: str = ""  # what the provider separates marketing by, where it does
    tracks: bool = False  # whether it would rewrite our links, or add a picture
    attachments: tuple[tuple[str, str, bytes], ...] = ()  # name, media type, content


class Dialect(ABC):
    """One provider; an instance is one account of it."""

    name: ClassVar[str]
    url: ClassVar[str]  # the setting of its API's address
    given: ClassVar[Mapping[str, str]]  # the other settings with which mail is sent
    keys: ClassVar[tuple[str, ...]]  # those of them that it knows an account by
    secrets: ClassVar[tuple[str, str]]  # two secrets of its webhooks, as they are set, the newer first
    secret: ClassVar[str]  # the setting that takes them
    names_mails: ClassVar[bool] = True  # whether it answers with its own name for each mail
    speaks_json: ClassVar[bool] = True  # whether its answers are JSON
    takes_no: ClassVar[frozenset[str]] = frozenset()  # fields that can't be put into its mails, by lower case names
    streams: ClassVar[tuple[str, str]] = ("", "")  # of marketing, and of mail about what somebody booked
    pauses: ClassVar[int] = 429  # the status that asks for a pause
    never_tells: ClassVar[frozenset[What]] = frozenset()  # what none of its events says
    pause: ClassVar[float | None] = 7.0  # the seconds that this asks for
    good_for: ClassVar[timedelta | None] = None  # how long after it a webhook's proof still holds; None: for good

    def __init__(self) -> None:
        self.taken: list[Taken] = []

    @abstractmethod
    def answer(self, request: Request) -> Reply:
        """As the provider answers; what it takes is in `taken` then. A key it doesn't know is answered as it would."""

    def slow_down(self) -> Reply:
        """How it asks for a pause, of 7 seconds where it says for how long."""
        return Reply(self.pauses, {"message": "Too many requests"}, {"Retry-After": "7"})

    @abstractmethod
    def post(self, body: Any, at: datetime, nth: int = 0, headers: Mapping[str, str] | None = None) -> Received:
        """A webhook with this body (JSON, or as bytes) that leaves at `at`, proved by the nth of `secrets`.

        Where the proof is in the body it is put in. `headers`: more of them, or in place of its own.
        """

    def forged(self, body: Any, at: datetime) -> Forged:
        """The same with proofs that are wrong, missing and malformed, as somebody else would try it."""
        real = self.post(body, at)

        def with_proofs(*proofs: str) -> list[Received]:
            return [Received({**real.headers, "authorization": each}, real.body, at) for each in proofs]

        without = {name: value for name, value in real.headers.items() if name != "authorization"}
        return {
            "wrong": with_proofs("Basic ZXZlcmFmdGVyOndyb25n", "Bearer x"),
            "missing": [*with_proofs("", "Basic", "Bearer "), Received(without, real.body, at)],
            "malformed": with_proofs("Basic !", "Basic /////w==", "Digest \xff"),
        }


def webhook_body(body: Any) -> bytes:
    return body if isinstance(body, bytes) else orjson.dumps(body)
