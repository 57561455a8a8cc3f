"""What holds for every sequence and every history: the promises of the engine, on its core alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.domain.sequence.model.sequence import Sequence
from tests.domain.journeys import CLOSED, START, incidents, outages, sequences
from tests.domain.lives import Life
from tests.domain.person import Incident
from tests.domain.stories import BUSINESS

ZONES = st.sampled_from(("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Chatham", "Africa/Cairo"))
HORIZON = START + timedelta(days=150)
GLOW = replace(BUSINESS, closed=CLOSED)


def live(
    written: tuple[Sequence, ...],
    history: list[Incident],
    gaps: tuple[tuple[datetime, datetime], ...],
    zone: str,
) -> Life:
    contact = {"email": "ana@example.org", "stage": "lead", "birthday": "10-20", "day": "2026-11-10"}
    life = Life(GLOW, written, ZoneInfo(zone), START, contact, gaps)
    life.live(history, HORIZON)
    return life


@given(sequences(), sequences("other"), st.lists(incidents(), min_size=3, max_size=20), outages(), ZONES)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_every_life_keeps_the_promises(
    first: Sequence,
    second: Sequence,
    history: list[Incident],
    gaps: tuple[tuple[datetime, datetime], ...],
    zone: str,
) -> None:
    """No step twice, none before its time or outside its window, none after a stop; the rest is in `lives.py`."""
    life = live((first, second), history, gaps, zone)
    assert life.record == live((first, second), history, gaps, zone).record
