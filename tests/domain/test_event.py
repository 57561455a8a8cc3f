from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from service.domain.event import events_of, read_data, why_no_event
from service.domain.sequence.model.business import Business
from service.domain.sequence.names import CUSTOMARY, RAISED

UTC = ZoneInfo("UTC")
GLOW = Business(
    "Glow",
    "Mia <mia@glow.example>",
    "Lindenweg 4",
    "Europe/Berlin",
    events=(
        ("deep-dive.held", ()),
        ("visit.completed", (("tip", "money"),)),
        ("client.left", (("reason", ("moved", "money")),)),
    ),
)


def test_events_are_those_of_the_conventions_and_of_the_business() -> None:
    assert set(events_of(GLOW)) == {*CUSTOMARY, "deep-dive.held", "reply"}
    assert events_of(GLOW)["visit.completed"] == {"service": "text", "with": "text", "tip": "money"}
    assert "tip" not in CUSTOMARY["visit.completed"]


@pytest.mark.parametrize("name", ["visit.completed", "deep-dive.held", "purchase", "reply"])
def test_a_known_event_may_be_told(name: str) -> None:
    assert why_no_event(name, GLOW) is None


@pytest.mark.parametrize("name", sorted(RAISED.keys() - {"reply"}))
def test_what_the_service_raises_itself_may_not(name: str) -> None:
    assert "by the service itself" in (why_no_event(name, GLOW) or "")


def test_an_unknown_event_names_the_nearest() -> None:
    assert "did you mean `deep-dive.held`" in (why_no_event("deepdive.held", GLOW) or "")


def test_data_is_read_by_its_type_and_what_nobody_declared_is_kept() -> None:
    kept, faults = read_data("client.left", {"reason": "moved", "note": {"to": "Rome"}}, GLOW, UTC)
    assert (kept, faults) == ({"reason": "moved", "note": {"to": "Rome"}}, [])
    kept, faults = read_data("client.left", {"reason": "bored"}, GLOW, UTC)
    assert [fault.path for fault in faults] == [("data", "reason")]
    assert read_data("client.left", {"reason": None}, GLOW, UTC) == ({"reason": None}, [])
