"""What actions need from outside, as Protocols, and the errors they may meet there.

Providers and the renderer implement these; `service.runtime` puts them together. The three errors are the whole
vocabulary of a hand-over: proof that it was refused for good, proof that it was not taken, or no proof at all.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol, runtime_checkable

from service.domain.bucket import Answers, Ask, Grant
from service.domain.feedback import Feedback
from service.domain.sequence.model.library import Library
from service.domain.system_mail import SystemMail


class HandOverError(Exception):
    """A mail that was not surely taken. `reason` is one plain sentence, with the provider's own words."""

    def __init__(self, reason: str, code: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code


class Refused(HandOverError):  # noqa: N818 (the field's own word)
    """The provider refused this mail for good; sending it again would be refused again."""


class TryLater(HandOverError):  # noqa: N818 (the field's own word)
    """Proof that the mail was not taken (a 4xx reply, 429, connection refused). `after` is in seconds.

    `in_all`: the service asks for a pause whoever mail is for; else it is about this recipient, or their provider.
    """

    def __init__(self, reason: str, code: str = "", after: float | None = None, *, in_all: bool = False) -> None:
        super().__init__(reason, code)
        self.after = after
        self.in_all = in_all


class Uncertain(HandOverError):  # noqa: N818 (the field's own word)
    """It may have been taken (a cut line, a time-out after the data): never sent again by itself."""


class Unrenderable(Exception):  # noqa: N818 (the field's own word)
    """A mail that cannot be put into words now; it is held with this reason, never sent with a gap."""


@dataclass(frozen=True, slots=True)
class Sent:
    """The provider took the mail; `provider_id` is its own name for it, empty where it gives none."""

    provider_id: str = ""


@dataclass(frozen=True, slots=True)
class Published:
    """The publication in force: its id and what it says, parsed."""

    id: int
    library: Library


Outcome = Sent | Refused | TryLater | Uncertain


@dataclass(slots=True)  # not frozen: see Letter
class Message:
    """One finished mail. `raw` holds the exact bytes with CRLF line ends; `key` is the idempotency key."""

    delivery_id: int
    key: str
    sender: str
    recipient: str
    raw: bytes


# Does a piece of other work, a millisecond's or two, and says whether there is more; may be asked again all the same.
Meanwhile = Callable[[], bool]


def nothing() -> bool:
    """What there is to do meanwhile where there is nothing."""
    return False


class Provider(Protocol):
    """A service that takes mail. One conformance suite runs over every implementation."""

    name: str

    def send(
        self, messages: Sequence[Message], start_by: float, at_once: int = 0, meanwhile: Meanwhile = nothing
    ) -> list[Outcome]:
        """Hand over a group; one outcome a message, in order. Never raises because of a message.

        A message whose first byte could not leave before `start_by` (`time.monotonic()` seconds) is TryLater. No more
        than `at_once` messages are under way at the same time; 0: as many as the provider can. While there is nothing
        but answers to wait for it may do what there is to do `meanwhile`, which never raises.
        """

    def close(self) -> None:
        """Let go of kept connections."""


class NotAuthentic(Exception):  # noqa: N818 (what the answer says)
    """What came does not prove who sent it; the message is a sentence for the log."""


class NotNow(Exception):  # noqa: N818 (what the answer says)
    """It can't be judged at the moment, for no fault of its sender, who is to ask again."""


class NotUnderstood(Exception):  # noqa: N818 (what the answer says)
    """What came is authentic or not, but not in a shape that its sender documents."""


@dataclass(frozen=True, slots=True)
class Received:
    """What came to a webhook: header fields by their names in lower case, the bytes as they were sent, and when."""

    headers: Mapping[str, str]
    body: bytes
    at: datetime


class Receiver(Protocol):
    """What understands a provider's webhooks."""

    @property
    def name(self) -> str:
        """The provider's, as in /webhooks/PROVIDER."""

    @property
    def reads(self) -> frozenset[str]:
        """The header fields, in lower case, that `told` needs; never one that proves anything."""

    def authenticate(self, received: Received, secrets: Sequence[str]) -> None:
        """Raises NotAuthentic unless one of the secrets proves it, NotNow where that can't be found out at the moment.

        Compares in constant time.
        """

    def told(self, received: Received) -> list[Feedback]:
        """What is told, in its order, each recipient by itself. Raises NotUnderstood."""


@runtime_checkable
class Confirming(Receiver, Protocol):
    """A receiver whose provider wants to hear once that its address is ours before it tells anything."""

    def confirm(self, received: Received) -> str | None:
        """The address to be visited for that, checked already; None where nothing is asked. Raises NotUnderstood."""


@runtime_checkable
class Hefty(Receiver, Protocol):
    """A receiver of more than it takes to understand it. What proves it stands in the head alone."""

    @property
    def largest(self) -> int:
        """The bytes that are read of a body; one with more is refused."""

    def worth_keeping(self, received: Received) -> Received:
        """What `told` needs of it, which is a small part. Raises NotUnderstood."""


class Pacer(Protocol):
    """Paces what leaves, for all hosts together. Never raises: without its store each process keeps to its share."""

    def groups(self, domains: Collection[str]) -> Mapping[str, str]:
        """The mailbox group of each domain, in bounded time; a domain that can't be looked up is its own."""

    def attend(self, seats: int) -> bool:
        """Tell that this process lives; whether it may hand over now, as one of `seats` at once (0: of any number)."""

    def leave(self) -> None:
        """Give the seat up."""

    def draw(self, sender: str, asks: Sequence[Ask]) -> list[Grant]:
        """Draw what may leave now, one grant an ask. `sender` is the sending domain."""

    def settle(self, sender: str, answers: Mapping[str, Answers]) -> None:
        """Tell what came of what was drawn, by group; "" is all mail together."""


@dataclass(frozen=True, slots=True)
class StaffLetter:
    """What a mail to a colleague says of a task beside the step's own words.

    `due_at` is an aware datetime; `what` and `cost` are asked of the step where they are left out; `remark` is one
    more sentence about this task. A task that has no step of its own (a reply waits for an answer) says in
    `briefing`, plain text, what it is about, and in `outcomes` how it may end: (value, words on the button).
    """

    task_id: int
    due_at: datetime | None = None
    is_reminder: bool = False
    what: str = ""
    cost: Decimal | None = None
    remark: str = ""
    briefing: str = ""
    outcomes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class SystemLetter:
    """What a system mail says: no word that a visitor typed. `title` is that of the form it is about, empty where it is
    about none; its button stands for `enrolment_id`, and works until `ends_at`, an aware datetime."""

    what: SystemMail
    enrolment_id: int
    title: str = ""
    language: str = ""  # to ask in, of whoever has none of their own
    ends_at: datetime | None = None
    is_reminder: bool = False


@dataclass(slots=True)  # not frozen: to be made so takes three times as long, once a mail
class Letter:
    """What the renderer needs to put one mail into words.

    `names` are the values that merge fields and conditions may use (`contact`, `event`, `form` …, see
    `service.domain.facts`), each made when it is asked for or before; `journey_at` is given only where journey time
    runs apart from machine time. With `staff` it goes to a colleague, whose address is `recipient`, and is about the
    contact of `contact_id` and `names`; with `system` it asks one thing of whoever `recipient` is, and has no names.
    A test says so in its subject and in a header; its ids are 0.
    """

    delivery_id: int
    contact_id: int
    message_id: str
    recipient: str
    publication_id: int
    sequence: str
    step: str
    language: str
    names: Mapping[str, object]
    sent_at: datetime
    arm: str | None = None
    journey_at: datetime | None = None
    staff: StaffLetter | None = None
    system: SystemLetter | None = None
    is_test: bool = False


class Renderer(Protocol):
    """Puts a step into words for one person."""

    def render(self, letter: Letter) -> Message:
        """The finished mail. Raises Unrenderable with the reason in a sentence."""


class Doorbell(Protocol):
    """Tells the workers that something is due. May be lost, doubled or late at no cost."""

    def ring(self) -> bool:
        """Ring after a commit; whether anybody could hear it. Never raises: the next tick rings again."""

    def close(self) -> None:
        """Ring no more."""


@dataclass(frozen=True, slots=True)
class Called:
    """What came of a call to another service: taken, or why not in a sentence. `is_final`: it need not be repeated."""

    taken: bool
    reason: str = ""
    is_final: bool = False


class Caller(Protocol):
    """Calls other services, over HTTP."""

    def call(self, url: str, headers: Mapping[str, str], body: bytes) -> Called:
        """POST `body` (JSON). Never raises because of the other side, and never takes longer than some seconds."""
