"""Codes are brought in from a file, once each; and the report of referrals."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from service.settings import Settings
from service.store.reward import CouponCode
from tests.cli.command import everafter


@pytest.fixture
def told(settings: Settings, database_url: str, redis_url: str, tmp_path: Path) -> dict[str, str]:
    return {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "EVERAFTER_HOME": str(tmp_path)}


def codes(engine: Engine) -> list[tuple[str, str]]:
    with Session(engine) as session:
        return [(row.pool, row.code) for row in session.scalars(select(CouponCode).order_by(CouponCode.id))]


def test_codes_are_brought_in_once(engine: Engine, told: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "codes.csv"
    file.write_text("value,Code\n10, A-1 \n10,A-2\n\n10,A-1\n", encoding="utf-8-sig")
    first = everafter("coupons", "import", "gift-cards", str(file), **told)
    assert first.stdout.endswith("2 added to gift-cards, 1 stood there already, 0 refused.\n"), first.stderr
    assert first.returncode == 0
    assert everafter("coupons", "import", "gift-cards", str(file), **told).stdout.startswith("0 added")
    assert codes(engine) == [("gift-cards", "A-1"), ("gift-cards", "A-2")]
    assert everafter("coupons", "list", **told).stdout.split() == ["gift-cards", "2", "left", "of", "2"]


def test_a_file_without_headings_and_lines_that_hold_no_code(
    engine: Engine, told: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "plain.csv"
    file.write_text(f"A-1\n{'x' * 201}\nA-2\n")
    done = everafter("coupons", "import", "plain", str(file), **told)
    assert done.returncode == 1
    assert "plain.csv:2: there is no code" in done.stderr
    assert [code for _, code in codes(engine)] == ["A-1", "A-2"]


def test_a_pool_needs_a_name_that_business_yaml_can_hold(told: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "codes.csv"
    file.write_text("A-1\n")
    refused = everafter("coupons", "import", "gift cards", str(file), **told)
    assert refused.returncode == 2
    assert "letters, digits and hyphens" in refused.stderr


def test_the_report_of_an_empty_house(engine: Engine, told: dict[str, str]) -> None:
    shown = everafter("referrals", "--days", "30", **told)
    assert shown.stdout == "Friends in 30 days: 0 invited, 0 joined, 0 qualified, 0 rewarded\n", shown.stderr
