"""What the guide and the page about referrals show is what is read."""

from __future__ import annotations

import re

from service.domain.sequence import referral
from service.domain.sequence.library import read_library
from service.domain.sequence.model.problem import Severity
from service.domain.sequence.model.referral import RewardKind
from service.settings import ROOT
from tests.sequences.test_guide import BLOCKS, FILES, first_cells

PAGE = (ROOT / "docs" / "referrals.md").read_text()
(SETTINGS,) = [text for kind, text in BLOCKS if kind == "yaml referral"]


TWICE = """---
title: Thanks
stage: referral
kind: service
topic: Friends
enrol: {on: event referral.qualified, again: always}
---

## Day 0: thanks
Subject: Thank you

As promised: **{{ coupon("REFERRER-15") }}**. [Pick a time](link:booking)
"""


def library(*, thanks: str) -> list[str]:
    business = re.sub(
        r"^referral:.*?(?=^\S|\Z)", SETTINGS, FILES["sequences/business.yaml"].decode(), flags=re.DOTALL | re.MULTILINE
    )
    files = FILES | {"sequences/business.yaml": business.encode(), "sequences/referral-thanks.md": thanks.encode()}
    return [f"{each.place.path}: {each.code}" for each in read_library(files)[1] if each.severity is Severity.ERROR] + [
        each.code for each in read_library(files)[1] if each.code == "rewarded-twice"
    ]


def test_what_the_guide_shows_is_read_and_all_there_is() -> None:
    assert library(thanks=FILES["sequences/referral-thanks.md"].decode()) == []
    assert library(thanks=TWICE) == ["rewarded-twice"]
    assert tuple(re.findall(r"^  ([a-z ]+):", SETTINGS, re.MULTILINE)) == referral.KEYS


def test_every_kind_of_reward_is_explained() -> None:
    words = first_cells("| a reward | what happens |\n")
    assert {word.partition(":")[0] for word in words} == set(RewardKind)


def test_the_letter_of_the_page_is_right() -> None:
    (letter,) = re.findall(r"^```markdown\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    assert library(thanks=letter) == []
