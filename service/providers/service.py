"""What a provider over HTTP is: its settings, how it takes mail, how it proves and tells what became of it.

A provider is one class in one file of its own, and one line in `service.providers`. What all of them share (sessions,
deadlines, repetitions, what a status means) is in `service.providers.http`; what is told is in one vocabulary,
`service.domain.feedback`.
"""

from __future__ import annotations

import hmac
from abc import ABC, abstractmethod
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import orjson
from pydantic import Field

from service.domain.feedback import WORDS, Feedback
from service.ports import NotAuthentic, NotUnderstood, Outcome, Received, Refused, Sent
from service.providers.taken_apart import Mail
from service.settings import Account

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Call:
    """One request that hands mail over."""

    url: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the provider said: header fields by their names in lower case, and at most a megabyte of body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON. Raises NotUnderstood."""
        return read_json(self.body)

    @property
    def words(self) -> str:
        """What was said, for people, on one line."""
        return " ".join(self.body.decode("utf-8", "replace").split())[:WORDS]


class Service(Account, ABC):
    """A provider over HTTP. The fields are its settings, each with the name to set; keys are hidden where shown."""

    name: ClassVar[str]
    batch: ClassVar[int] = 1  # mails a request
    most_bytes: ClassVar[int] = 10_000_000  # a request
    at_once: ClassVar[int] = 8  # requests under way from one process
    per_second: ClassVar[float] = 0.0  # requests from one process; 0: any number
    honours_keys: ClassVar[bool] = False  # a request repeated with its idempotency key sends nothing twice
    slows_down: ClassVar[frozenset[int]] = frozenset({429})  # the statuses that ask for a pause

    def missing(self) -> list[str]:
        """The names of the settings that sending needs and that are not set."""
        return [
            str(info.validation_alias)
            for name, info in type(self).model_fields.items()
            if isinstance(info.json_schema_extra, dict)
            and info.json_schema_extra.get("needed")
            and not getattr(self, name)
        ]

    @abstractmethod
    def call(self, mails: Sequence[Mail]) -> Call:
        """The request that hands over up to `batch` mails. Raises service.ports.Refused for one that it can't carry."""

    @abstractmethod
    def outcomes(self, answer: Answer, mails: Sequence[Mail]) -> list[Outcome]:
        """What became of each, by an answer of 2xx. Raises NotUnderstood."""

    def refusal(self, answer: Answer) -> Refused:
        """What a 4xx about a single mail means, in the provider's own words."""
        return Refused(f"{self.name} refused it: {answer.words}", str(answer.status))

    def pause(self, answer: Answer) -> float | None:
        """For how many seconds the provider wants no more, where it says so otherwise than by Retry-After."""
        return None

    @abstractmethod
    def authenticate(self, received: Received, secrets: Sequence[str]) -> None:
        """See `service.ports.Receiver`."""

    @abstractmethod
    def told(self, received: Received) -> list[Feedback]:
        """See `service.ports.Receiver`."""


def needed(name: str, **more: Any) -> Any:
    """A setting without which nothing can be sent, by the name to set; not shown anywhere."""
    return Field(default="", validation_alias=name, repr=False, json_schema_extra={"needed": True}, **more)


def read_json(body: bytes) -> Any:
    """JSON. Raises NotUnderstood."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise NotUnderstood(f"no JSON: {error}") from None


def sent(provider_id: object) -> Sent:
    """Taken, under the provider's own name for it."""
    return Sent(str(provider_id or ""))


def basic_password(received: Received, secrets: Sequence[str]) -> None:
    """HTTP basic authentication (RFC 7617): `user:password`, as it was written into the provider's webhook address.

    Raises NotAuthentic.
    """
    kind, _, given = received.headers.get("authorization", "").partition(" ")
    try:
        shown = b64decode(given.strip(), validate=True) if kind.lower() == "basic" else b""
    except (NotBase64, ValueError):
        shown = b""
    # Every secret is compared, so that the time it takes says nothing of which one was near.
    if not any([hmac.compare_digest(shown, secret.encode()) for secret in secrets if secret]):  # noqa: C419
        raise NotAuthentic("its user and password are not those in the settings")
