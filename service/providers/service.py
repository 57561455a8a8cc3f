"""What a provider over HTTP is: its settings, how it takes mail, how it proves and tells what became of it.

A provider is one class in one file of its own, and one line in `service.providers`. What all of them share (sessions,
deadlines, repetitions, what a status means) is in `service.providers.http`; what is told is in one vocabulary,
`service.domain.feedback`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import urlsplit

import orjson
from pydantic import Field, ValidationInfo, field_validator

from service.domain.feedback import WORDS, Feedback
from service.ports import NotUnderstood, Outcome, Received, Refused, Sent, TryLater
from service.providers.proof import by_name
from service.providers.taken_apart import Mail
from service.settings import LOOPBACK, Account

JSON = "application/json"
MENDING = 300.0  # seconds until settings that a provider refuses are tried again
DELIVERY, MESSAGE = "everafter_delivery", "everafter_message"  # what comes back with everything that is told of a mail
SETTINGS = frozenset({401, 402, 403, 404, 405, 407})  # statuses that are about us and no mail


@dataclass(frozen=True, slots=True)
class Call:
    """One request."""

    url: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "POST"


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
    per_second: ClassVar[float] = 0.0  # requests that an account may make; 0: any number
    honours_keys: ClassVar[bool] = False  # a request repeated with its idempotency key sends nothing twice
    slows_down: ClassVar[frozenset[int]] = frozenset({429})  # the statuses that ask for a pause
    reads: ClassVar[frozenset[str]] = frozenset()  # the header fields of a webhook, in lower case, that `told` needs
    shortfall: ClassVar[str] = ""  # what of our mails it leaves out, in a sentence for `everafter doctor`
    signs: ClassVar[bool] = True  # it writes and signs the mail by itself: no DKIM signature of ours can be in it

    url: str  # of its API; empty where it follows from another setting
    webhook_secret: str  # what proves that its webhooks are its own; see `secrets`

    @field_validator("url")
    @classmethod
    def _safe_address(cls, url: str) -> str:
        return https_elsewhere(url)

    @field_validator("*")
    @classmethod
    def _fit_for_a_header(cls, value: object, info: ValidationInfo) -> object:
        """What mail is sent with goes into header fields, which would be refused when a mail is to leave."""
        is_key = str(info.field_name) in cls.must_have()
        if is_key and isinstance(value, str) and not (value.isascii() and value.isprintable()):
            raise ValueError("holds what no key holds: letters outside ASCII, or a line end")
        return value

    @field_validator("webhook_secret")
    @classmethod
    def _as_it_hands_them_out(cls, written: str) -> str:
        for secret in (each for group in by_name(written).values() for each in group):
            fault = cls.fault_of(secret)
            if fault:
                raise ValueError(fault)
        return written

    @classmethod
    def fault_of(cls, secret: str) -> str:
        """What is wrong with a webhook secret, without showing it; empty where nothing is."""
        return ""

    def secrets(self) -> dict[str, tuple[str, ...]]:
        """The secrets of webhooks, the newest first, by the NAME of /webhooks/PROVIDER/NAME; "" has none."""
        return by_name(self.webhook_secret)

    def missing(self) -> list[str]:
        """The names of the settings that sending needs and that are not set."""
        return [alias for name, alias in self.must_have().items() if not getattr(self, name)]

    @classmethod
    def must_have(cls) -> dict[str, str]:
        """The settings without which nothing can be sent: each field's name to set."""
        return {
            name: str(info.validation_alias)
            for name, info in cls.model_fields.items()
            if isinstance(info.json_schema_extra, dict) and info.json_schema_extra.get("needed")
        }

    def rate(self) -> float:
        """The requests a second that this account may make; 0: any number."""
        return self.per_second

    @abstractmethod
    def call(self, mails: Sequence[Mail]) -> Call:
        """The request that hands over up to `batch` mails. Raises service.ports.Refused for one that it can't carry,
        TryLater where it has no keys at the moment."""

    @abstractmethod
    def outcomes(self, answer: Answer, mails: Sequence[Mail]) -> list[Outcome]:
        """What became of each, by an answer of 2xx (or one that `tells_each`). Raises NotUnderstood."""

    def tells_each(self, answer: Answer) -> bool:
        """Whether an answer of 4xx may still tell of each mail by itself, some of which it took: see `outcomes`."""
        return False

    def refusal(self, answer: Answer) -> Outcome:
        """What a 4xx about a single mail means, in the provider's own words."""
        return Refused(f"{self.name} refused it: {answer.words}", str(answer.status))

    def is_about_us(self, answer: Answer) -> bool:
        """Whether a 4xx is about our settings or our account, so that no mail can leave until that is mended."""
        return answer.status in SETTINGS

    def pause(self, answer: Answer) -> float | None:
        """For how many seconds the provider wants no more, where it says so otherwise than by Retry-After."""
        return None

    @abstractmethod
    def trial(self) -> Call:
        """A request that changes nothing, sends nothing, and is answered otherwise to whoever has other keys."""

    def is_known(self, answer: Answer) -> bool:
        """Whether the answer to `trial` says that the keys are right, even if they allow nothing but to send."""
        return 200 <= answer.status < 300

    def remark(self, answer: Answer) -> str:
        """What else such an answer says that somebody should do something about, in a sentence; else nothing."""
        return ""

    @abstractmethod
    def authenticate(self, received: Received, secrets: Sequence[str]) -> None:
        """See `service.ports.Receiver`."""

    @abstractmethod
    def told(self, received: Received) -> list[Feedback]:
        """See `service.ports.Receiver`."""


def https_elsewhere(url: str) -> str:
    """An address without a slash at its end, empty too. Raises ValueError where it's neither https nor this machine."""
    parts = urlsplit(url)
    if url and (parts.scheme not in {"http", "https"} or not parts.hostname or parts.query):
        raise ValueError("must be an address like https://api.example.org")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ValueError("must be https: keys and mails go there")
    return url.rstrip("/")


def needed(name: str, **more: Any) -> Any:
    """A setting without which nothing can be sent, by the name to set; not shown anywhere."""
    return Field(default="", validation_alias=name, repr=False, json_schema_extra={"needed": True}, **more)


def hidden(name: str, **more: Any) -> Any:
    """A setting that may be left out, by the name to set; not shown anywhere."""
    return Field(default="", validation_alias=name, repr=False, **more)


def setting(name: str, default: str) -> Any:
    """A setting that may be shown, by the name to set."""
    return Field(default=default, validation_alias=name)


def read_json(body: bytes) -> Any:
    """JSON. Raises NotUnderstood."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise NotUnderstood(f"no JSON: {error}") from None


def ours(metadata: object) -> tuple[int | None, str]:
    """The delivery's id and the Message-ID that were given along as metadata; None and "" where they weren't."""
    known = metadata if isinstance(metadata, Mapping) else {}
    message = known.get(MESSAGE)
    return number(known.get(DELIVERY)), message.replace("\x00", "")[:WORDS] if isinstance(message, str) else ""


def sent(provider_id: object) -> Sent:
    """Taken, under the provider's own name for it."""
    return Sent(str(provider_id or ""))


def number(value: object) -> int | None:
    """A delivery's id as it came back; None where it is none."""
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def to_mend(name: str, words: object, code: object) -> TryLater:
    """What a provider says of a single mail that is about our account with it: all mail waits until that is mended."""
    return TryLater(f"{name} refuses our settings ({code}): {words}"[:WORDS], str(code), MENDING, in_all=True)
