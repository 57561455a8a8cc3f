"""The page about simulation shows the file and the calendar as they are."""

from __future__ import annotations

from tests.simulation.document import BLOCK, PAGE, page


def test_the_page_is_not_stale() -> None:
    written = PAGE.read_text()
    assert sorted(found["name"] for found in BLOCK.finditer(written)) == ["the calendar", "the file"]
    assert page(written) == written, "run `python -m tests.simulation.document`"
