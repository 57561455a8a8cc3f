"""`referral` of business.yaml: what it says, and where it says what can't hold."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from service.domain.sequence.model.duration import Duration, Unit
from service.domain.sequence.model.referral import Cap, Programme, Qualifying, Reward, RewardKind
from tests.domain.sequence.test_business import NEEDED, business_of, found

DECLARED = """\
people: {owner: mia@glow.example}
forms: {friend: {}}
coupons: {REFERRER-15: {valid: 1 year, worth: 15 €}}
webhooks: {gifts: https://gifts.example/hook}
"""
WHOLE = """\
referral:
  friend: {text: 15 € off the first visit, given: at signup, valid: 60 days}
  referrer: {coupon: REFERRER-15}
  qualifies: [visit.completed, purchase above 49.90 EUR]
  wait: 7 days
  each: 10 a year
  in all: 500
  invitation lasts: 6 months
  an hour: 3
  asks: owner
  form: friend
  page: https://glow.example/friends
"""


def programme_of(text: str) -> Programme | None:
    return business_of(NEEDED + DECLARED + text).referral


def faults(below: str) -> list[str]:
    return found(f"{NEEDED}{DECLARED}referral:\n{below}")


def test_without_it_nothing_is_promised() -> None:
    assert programme_of("") is None
    assert programme_of("referral: {}\n") == Programme()


def test_all_that_it_may_say_arrives() -> None:
    assert programme_of(WHOLE) == Programme(
        friend=Reward(RewardKind.TEXT, "15 € off the first visit", valid=Duration.of(60, Unit.DAYS), at_signup=True),
        referrer=Reward(RewardKind.COUPON, "REFERRER-15"),
        qualifies=(Qualifying("visit.completed"), Qualifying("purchase", Decimal("49.90"), "EUR")),
        wait=timedelta(days=7),
        each=Cap(10, Duration.of(1, Unit.YEARS)),
        in_all=500,
        lasts=Duration.of(6, Unit.MONTHS),
        an_hour=3,
        asks="owner",
        form="friend",
        page="https://glow.example/friends",
    )


@pytest.mark.parametrize(
    ("reward", "read"),
    [
        ("{pool: gift-cards, worth: 10 €}", Reward(RewardKind.POOL, "gift-cards", "10 €")),
        ("{webhook: gifts, worth: a donation}", Reward(RewardKind.WEBHOOK, "gifts", "a donation")),
        (
            "{task: prize draw, assign: owner, due: 2 days, cost: 20.00}",
            Reward(RewardKind.TASK, "prize draw", assign="owner", due=Duration.of(2, Unit.DAYS), cost=Decimal("20.00")),
        ),
    ],
)
def test_rewards_of_every_kind(reward: str, read: Reward) -> None:
    programme = programme_of(f"referral: {{referrer: {reward}}}\n")
    assert programme is not None
    assert programme.referrer == read


@pytest.mark.parametrize(
    ("text", "cap"),
    [
        ("5", Cap(5)),
        ("3 in 90 days", Cap(3, Duration.of(90, Unit.DAYS))),
        ("1 a month", Cap(1, Duration.of(1, Unit.MONTHS))),
    ],
)
def test_caps_of_a_person(text: str, cap: Cap) -> None:
    programme = programme_of(f"referral: {{each: {text}}}\n")
    assert programme is not None
    assert programme.each == cap


def test_no_waiting_at_all_can_be_said() -> None:
    programme = programme_of("referral: {wait: none}\n")
    assert programme is not None
    assert programme.wait == timedelta()


@pytest.mark.parametrize(
    ("below", "code"),
    [
        ("  friend: {}\n", "no-reward"),
        ("  friend: {text: a, pool: b}\n", "no-reward"),
        ("  friend: {text: a, given: now}\n", "unknown-value"),
        ("  referrer: {text: a, given: at signup}\n", "too-early"),
        ("  referrer: {coupon: NOWHERE}\n", "unknown-coupon"),
        ("  referrer: {webhook: nowhere}\n", "unknown-webhook"),
        ("  referrer: {task: card, assign: nobody}\n", "unknown-person"),
        ("  referrer: {text: a, assign: owner}\n", "unknown-key"),
        ("  referrer: {coupon: REFERRER-15, worth: 20 €}\n", "unknown-key"),
        ("  referrer: {pool: gift cards}\n", "bad-name"),
        ("  referrer: {task: a, cost: much}\n", "bad-number"),
        ("  qualifies: signup\n", "bad-qualifying"),
        ("  qualifies: purchase above much\n", "bad-qualifying"),
        ("  qualifies: [appointment.booked]\n", "bad-qualifying"),
        ("  wait: 2 months\n", "bad-duration"),
        ("  wait: 30 minutes\n", "bad-duration"),
        ("  each: 0\n", "bad-number"),
        ("  each: many\n", "bad-number"),
        ("  in all: 0\n", "bad-number"),
        ("  invitation lasts: 2 rhythms\n", "bad-duration"),
        ("  an hour: 0\n", "bad-number"),
        ("  asks: nobody\n", "unknown-person"),
        ("  form: nowhere\n", "unknown-form"),
        ("  page: glow.example\n", "not-a-link"),
        ("  reward: 15 €\n", "unknown-key"),
    ],
)
def test_what_can_not_hold_is_told_with_its_line(below: str, code: str) -> None:
    line = (NEEDED + DECLARED).count("\n") + 2
    (fault,) = faults(below)
    assert (fault.partition(":")[0], fault.rpartition(" ")[2]) == (str(line), code)
