"""Workers that are enough to keep every core busy have one each; fewer are left to the scheduler."""

from __future__ import annotations

import os

import pytest

from service.cli.children import Children
from service.settings import read_settings

pytestmark = pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="the system has no saying")


def cores_of_workers(count: int) -> list[int | None]:
    children = Children(read_settings({"WORKERS": str(count)}), port=0, mark="").back()
    return [child.core for child in children if child.name.startswith("worker")]


@pytest.fixture
def ours() -> list[int]:
    found = sorted(os.sched_getaffinity(0))
    if len(found) < 2:
        pytest.skip("there is one core")
    return found


def test_as_many_as_cores_have_one_each(ours: list[int]) -> None:
    assert cores_of_workers(len(ours)) == ours


def test_more_share_them_in_turn(ours: list[int]) -> None:
    assert cores_of_workers(len(ours) + 1) == [*ours, ours[0]]


def test_fewer_run_anywhere(ours: list[int]) -> None:
    assert cores_of_workers(len(ours) - 1) == [None] * (len(ours) - 1)


def test_nobody_else_is_bound(ours: list[int]) -> None:
    children = Children(read_settings({"WORKERS": str(len(ours))}), port=0, mark="")
    others = [*children.front(), *(child for child in children.back() if not child.name.startswith("worker"))]
    assert others
    assert {child.core for child in others} == {None}
