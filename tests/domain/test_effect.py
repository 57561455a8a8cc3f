"""What a step does besides writing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from service.domain.effect import CallWebhook, Effect, EnrolIn, LeaveOf, Retag, SetField, effects, kept, retagged
from service.domain.happening import Happening
from service.domain.sequence.expression import ExpressionError
from service.domain.sequence.model.business import Coupon
from service.domain.sequence.model.step import Action
from tests.domain.stories import BUSINESS, HERE, at, day, facts, step

NOW = at("2026-11-20 10:00")
SPENT = Happening("purchase", NOW - timedelta(days=1), value=Decimal("48.50"))
FIELDS = (("wish", "text"), ("spent", "money"), ("review_date", "date"), ("regular", "yes-no"), ("code", "text"))
ANA = replace(
    facts(NOW, NOW - timedelta(days=2), (SPENT,), first_name="Ana", wish=None),
    business=replace(BUSINESS, coupons=(Coupon("FRIEND"),), fields=FIELDS),
)


def done(verb: str, text: str) -> tuple[Effect, ...]:
    return effects(replace(step("act", day(0)), actions=(Action(verb, text, HERE),)), ANA)


@pytest.mark.parametrize(
    ("text", "effect"),
    [
        ('contact.stage = "client"', SetField("stage", "client")),
        ("contact.wish = contact.first_name", SetField("wish", "Ana")),
        ("contact.wish = contact.phone", SetField("wish", None)),
        ('contact.spent = total("purchase")', SetField("spent", 48.5)),
        ("contact.review_date = today", SetField("review_date", "2026-11-20")),
        ('contact.regular = contact.stage == "lead"', SetField("regular", value=True)),
    ],
)
def test_a_field_is_set_to_what_an_expression_is_worth(text: str, effect: SetField) -> None:
    assert done("set", text) == (effect,)


def test_a_coupon_is_kept_as_its_code_and_a_whole_record_is_none() -> None:
    (effect,) = done("set", 'contact.code = coupon("FRIEND")')
    assert isinstance(effect, SetField)
    assert isinstance(effect.value, str)
    assert effect.value.startswith("FRIEND-")
    with pytest.raises(ExpressionError, match="not a text"):
        done("set", "contact.code = contact")


def test_what_a_field_keeps_is_ready_for_json() -> None:
    assert kept(date(2026, 11, 20), own=True) == "2026-11-20"
    assert kept(Decimal("48.00"), own=True) == 48
    assert kept(Decimal("48.50"), own=True) == 48.5
    assert kept(48, own=False) == "48"
    assert kept(None, own=False) is None


def test_tags_come_and_go() -> None:
    (effect,) = done("tag", "+vip, -cold , + regular")
    assert effect == Retag(("vip", "regular"), ("cold",))
    assert retagged(["cold", "vip"], effect) == ["vip", "regular"]


@pytest.mark.parametrize(
    ("verb", "text", "effect"),
    [
        ("webhook", " crm ", CallWebhook("crm")),
        ("enrol", "farewell", EnrolIn("farewell")),
        ("leave", "nurture", LeaveOf("nurture")),
        ("leave", "all", LeaveOf(None)),
    ],
)
def test_others_are_called_entered_and_left(verb: str, text: str, effect: Effect) -> None:
    assert done(verb, text) == (effect,)


def test_actions_keep_their_order() -> None:
    acting = replace(step("act", day(0)), actions=(Action("enrol", "a", HERE), Action("leave", "b", HERE)))
    assert effects(acting, ANA) == (EnrolIn("a"), LeaveOf("b"))
