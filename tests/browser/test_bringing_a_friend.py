"""Somebody sends a friend a link of their own; the friend signs up by it, and both can see how it stands."""

from __future__ import annotations

from tests.browser.conftest import Visit
from tests.browser.studio import Studio
from tests.browser.visitor import Screen


def test_a_friend_comes_by_the_link(studio: Studio, visit: Visit, screen: Screen) -> None:
    studio.sign_up(address := studio.somebody())
    page = studio.letter_to(address).link("share")
    visitor = visit(screen)
    visitor.open(page)
    visitor.look("share")
    link = visitor.page.get_by_label("Your link").input_value()
    friend = visit(screen)
    friend.open(link)
    friend.look("refer")
    friend.fill("Email", studio.somebody())
    friend.read()
    friend.press("Send me the checklist")
    visitor.open(page)
    assert visitor.has("One friend has signed up.")
    visitor.look("share-friend")
