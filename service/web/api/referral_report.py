"""`/reports/referrals`: what becomes of referrals, and what referred clients are worth beside all others."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Literal

from flask import Response
from pydantic import BaseModel, Field

from service.domain.access import Scope
from service.store.referral_report import (
    Worth,
    best_referrers,
    compare_worth,
    count_doubtful,
    count_referrals,
    count_rewards,
)
from service.web.api.operation import operation
from service.web.api.referral_schema import RewardState
from service.web.api.schema import Instant, Out
from service.web.api.unit import Unit, read

LONGEST = 1_096  # days
YEAR = 365
MOST = 100


class ReportQuery(BaseModel):
    """Of which time the report is."""

    days: int = Field(default=YEAR, ge=1, le=LONGEST, description="So many days up to now.")
    limit: int = Field(default=20, ge=1, le=MOST, description="How many referrers.")


class CountsOut(Out):
    """Friends, each counted by the date on which it happened."""

    invited: int
    joined: int
    qualified: int
    rewarded: int


class RewardCountOut(Out):
    """How many rewards of a side stand in a state now."""

    side: Literal["friend", "referrer"]
    state: RewardState
    count: int


class WorthOut(Out):
    """What a group of clients brought, in one currency."""

    currency: str | None = Field(description="Null for visits that were told without a value.")
    clients: int
    visits: int = Field(description="Visits and purchases.")
    value: Decimal
    value_per_client: Decimal


class BringerOut(Out):
    """Somebody who brought friends."""

    contact: int
    joined: int
    qualified: int
    rewarded: int
    value: dict[str, Decimal] = Field(description="What these friends spent in the time, by currency.")


class ReferralReport(Out):
    """What becomes of referrals."""

    since: Instant
    until: Instant
    friends: CountsOut
    rewards: list[RewardCountOut]
    doubtful: int = Field(description="Referrals that wait for a person.")
    referred: list[WorthOut] = Field(description="Clients who came by a friend.")
    others: list[WorthOut] = Field(description="All other clients.")
    referrers: list[BringerOut] = Field(description="Who brought most.")


@operation("get", "/reports/referrals", scope=Scope.REFERRALS_READ, answers={200: ReferralReport})
def report_referrals(query: ReportQuery) -> Response:
    """Report on referrals: how many stand where, and what referred clients are worth beside all others."""

    def look(unit: Unit) -> ReferralReport:
        until, since = unit.now, unit.now - timedelta(days=query.days)
        worth = compare_worth(unit.session, since, until)
        found = best_referrers(unit.session, since, until, query.limit)
        return ReferralReport(
            since=since,
            until=until,
            friends=CountsOut(**count_referrals(unit.session, since, until)),
            rewards=[
                RewardCountOut.model_validate({"side": side, "state": state, "count": count})
                for side, state, count in count_rewards(unit.session)
            ],
            doubtful=count_doubtful(unit.session),
            referred=[_worth(each) for each in worth if each.referred],
            others=[_worth(each) for each in worth if not each.referred],
            referrers=[
                BringerOut(
                    contact=each.contact_id,
                    joined=each.joined,
                    qualified=each.qualified,
                    rewarded=each.rewarded,
                    value=each.value,
                )
                for each in found
            ],
        )

    return read(look)


def _worth(worth: Worth) -> WorthOut:
    each = (worth.value / worth.clients).quantize(Decimal("0.01")) if worth.clients else Decimal(0)
    return WorthOut(
        currency=worth.currency,
        clients=worth.clients,
        visits=worth.visits,
        value=worth.value,
        value_per_client=each,
    )
