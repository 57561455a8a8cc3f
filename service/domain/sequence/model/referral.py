"""`referral` of `business.yaml`: what a friend and whoever brought them get for it, when, and how often."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from service.domain.sequence.model.duration import Duration, Unit


class Side(StrEnum):
    """The two who may be rewarded."""

    FRIEND = "friend"
    REFERRER = "referrer"


class RewardKind(StrEnum):
    """What a reward is."""

    COUPON = "coupon"  # a code that is made for the one person
    POOL = "pool"  # a code of another program's, from a list that was brought in
    TEXT = "text"  # words that the letter prints
    WEBHOOK = "webhook"  # another program gives it
    TASK = "task"  # a person gives it: a gift card, an entry to a draw, a donation


@dataclass(frozen=True, slots=True)
class Reward:
    """What one side gets. `name` is that of the coupon, the pool or the webhook; the words of a text or a task."""

    kind: RewardKind
    name: str
    worth: str = ""  # in words; empty where the coupon says it itself
    valid: Duration | None = None
    at_signup: bool = False  # given when the friend has signed up, not once they were here
    assign: str = ""
    due: Duration | None = None
    cost: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Qualifying:
    """What makes of a friend who signed up one who counts: an event, with more than `above` of a currency."""

    event: str
    above: Decimal | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Cap:
    """So many rewards of one person, within a time (None: ever)."""

    count: int
    within: Duration | None = None


YEAR = Duration.of(1, Unit.YEARS)


@dataclass(frozen=True, slots=True)
class Programme:
    """`referral` of `business.yaml`."""

    friend: Reward | None = None
    referrer: Reward | None = None
    qualifies: tuple[Qualifying, ...] = (Qualifying("visit.completed"), Qualifying("purchase"))
    wait: timedelta = timedelta(days=14)  # from qualifying to the reward: time for a refund, and for a second look
    each: Cap | None = None
    in_all: int | None = None
    lasts: Duration = YEAR  # how long after the invitation a friend still counts
    an_hour: int = 5  # friends from one network, or of one referrer, from which on a person looks
    asks: str = ""  # who looks at the doubtful ones; the first of `people` where nobody is named
    form: str = ""
    page: str = ""

    def reward(self, side: Side) -> Reward | None:
        """What this side gets."""
        return self.friend if side is Side.FRIEND else self.referrer
