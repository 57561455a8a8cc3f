from __future__ import annotations

from service.local.backoff import Backoff


def test_the_pause_doubles_up_to_half_a_minute():
    backoff = Backoff()
    assert [backoff.after(0) for _ in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]


def test_a_minute_of_health_begins_it_again():
    backoff = Backoff()
    assert [backoff.after(0), backoff.after(59), backoff.after(60), backoff.after(0)] == [0.5, 1, 0.5, 1]
