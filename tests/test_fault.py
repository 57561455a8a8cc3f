"""The points at which tests hold a process: nothing where nobody ordered it, and nowhere but on this machine."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.fault import POINTS, obey, reach
from service.settings import SettingsError, read_settings


@pytest.fixture
def orders(tmp_path: Path) -> Iterator[Path]:
    obey(tmp_path)
    yield tmp_path
    obey(None)


def test_an_order_holds_the_first_who_passes_until_it_is_withdrawn(orders: Path) -> None:
    (orders / "after_take").touch()
    held = threading.Thread(target=reach, args=("after_take",))
    held.start()
    taken = orders / f"after_take.{os.getpid()}"
    deadline = time.monotonic() + 60
    while not taken.exists():
        assert time.monotonic() < deadline
        time.sleep(0.001)
    reach("after_take")  # whoever comes second passes
    reach("after_intent")
    assert held.is_alive()
    taken.unlink()
    held.join(60)
    assert not held.is_alive()


def test_without_a_folder_of_orders_no_file_holds_anybody(orders: Path) -> None:
    (orders / "after_take").touch()
    obey(None)
    reach("after_take")
    assert (orders / "after_take").exists()


def test_a_service_that_the_world_can_reach_takes_no_orders(tmp_path: Path) -> None:
    given = {"EVERAFTER_FAULT_ORDERS": str(tmp_path), "BASE_URL": "https://mail.example.org"}
    with pytest.raises(SettingsError, match="on this machine only"):
        read_settings(given)
    assert read_settings(given | {"BASE_URL": "http://127.0.0.1:8000"}).fault_orders == tmp_path
    assert read_settings({}).fault_orders is None


def test_every_point_that_can_be_ordered_is_in_the_code() -> None:
    service = Path(__file__).parent.parent / "service"
    code = "".join(path.read_text() for path in service.rglob("*.py") if path.name != "fault.py")
    assert [point for point in POINTS if f'reach("{point}")' not in code] == []
