"""People see and use a screen in many ways: forced colours, no motion, a keyboard alone."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Visit
from tests.browser.studio import Studio
from tests.browser.visitor import Screen

MOVING = """() => [...document.querySelectorAll('*')].filter(each => {
  const style = getComputedStyle(each);
  return style.transitionDuration != '0s' || style.animationName != 'none' || style.scrollBehavior == 'smooth';
}).length"""


def test_the_keyboard_reaches_everything_in_the_order_of_the_page(studio: Studio, visit: Visit) -> None:
    studio.sign_up(address := studio.somebody())
    visitor = visit(Screen(1280))
    visitor.open(studio.letter_to(address).link("preferences"))
    wanted = visitor.page.locator("main :is(a[href], button, input:not([type=hidden]), textarea, select)").count()
    heights, reached = [], 0
    while (focus := visitor.tab())["tag"] != "BODY" and reached <= wanted:
        reached += 1
        heights.append(focus["top"])
        assert focus["ring"] >= 2, f"nobody sees that {focus['name']} has the focus"
    assert reached == wanted
    assert heights == sorted(heights)


@pytest.mark.parametrize("kind", ["preferences", "answer", "share"])
def test_pages_hold_in_the_systems_own_colours_and_nothing_moves(studio: Studio, visit: Visit, kind: str) -> None:
    studio.sign_up(address := studio.somebody())
    visitor = visit(Screen(320))
    visitor.open(studio.letter_to(address).link(kind))
    assert visitor.page.evaluate(MOVING) == 0
    visitor.page.emulate_media(forced_colors="active")
    visitor.axe = None  # it reckons with our colours, which are not on the screen then
    visitor.look(f"forced-{kind}")
