"""Somebody leaves by the link at the foot of a letter, takes it back, and says why."""

from __future__ import annotations

from tests.browser.studio import Studio
from tests.browser.visitor import Visitor

LEFT = """
    SELECT act FROM consent JOIN contact ON contact.id = contact_id WHERE email_key = :key
    ORDER BY consent.id DESC LIMIT 1
"""


def test_leaving_is_one_press_and_can_be_undone(studio: Studio, visitor: Visitor) -> None:
    studio.sign_up(address := studio.somebody())
    visitor.open(studio.letter_to(address).link("unsubscribe"))
    visitor.look("unsubscribe")
    assert studio.installation.rows(LEFT, key=address) == [("confirmed",)]
    visitor.press("Unsubscribe from everything")
    visitor.look("left")
    assert studio.installation.rows(LEFT, key=address) == [("withdrawn",)]
    visitor.press("Undo")
    visitor.look("left-undone")
    assert studio.installation.rows(LEFT, key=address) == [("confirmed",)]


def test_who_leaves_may_say_why(studio: Studio, onlooker: Visitor) -> None:
    studio.sign_up(address := studio.somebody())
    onlooker.open(studio.letter_to(address).link("unsubscribe"))
    onlooker.press("Unsubscribe from everything")
    onlooker.page.get_by_label("Too much mail").check()
    onlooker.fill("Anything else?", "I moved to the sea.")
    onlooker.press("Send")
    onlooker.look("left-why")
    onlooker.open(studio.letter_to(address).link("unsubscribe"))
    assert "already" in onlooker.heading
    onlooker.look("unsubscribe-again")


def test_one_kind_of_mail_can_be_left_alone(studio: Studio, onlooker: Visitor) -> None:
    studio.sign_up(address := studio.somebody())
    onlooker.open(studio.letter_to(address).link("unsubscribe"))
    onlooker.press("Only leave “Tips and ideas”")
    onlooker.look("left-topic")
    onlooker.follow("See everything you get from us")
    assert onlooker.page.get_by_role("button", name="Get it again: Tips and ideas").is_visible()
    assert onlooker.page.get_by_role("button", name="Leave Friends").is_visible()
