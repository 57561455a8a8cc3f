"""Somebody chooses what comes, how often, and where to, on the page behind the link of every letter."""

from __future__ import annotations

from tests.browser.studio import Studio
from tests.browser.visitor import Visitor

PERSON = "SELECT less_often, paused_until IS NOT NULL FROM contact WHERE email_key = :key"
STANDS = "SELECT count(*) FROM contact WHERE email_key = :key"


def test_topics_are_left_and_had_again(studio: Studio, visitor: Visitor) -> None:
    studio.sign_up(address := studio.somebody())
    visitor.open(studio.letter_to(address).link("preferences"))
    visitor.look("preferences")
    visitor.press("Leave Tips and ideas")
    assert visitor.has("You have left “Tips and ideas”.")
    visitor.look("preferences-left")
    visitor.press("Undo")
    visitor.follow("See everything you get from us")
    visitor.press("Leave Friends")
    visitor.press("Get it again: Friends")
    assert visitor.has("you get “Friends” again")


def test_less_often_and_a_pause(studio: Studio, visitor: Visitor) -> None:
    studio.sign_up(address := studio.somebody())
    visitor.open(studio.letter_to(address).link("preferences"))
    visitor.press("Less often, please")
    visitor.press("Pause for 30 days")
    visitor.look("preferences-pause")
    assert studio.installation.rows(PERSON, key=address) == [(True, True)]
    visitor.press("Go on now")
    visitor.press("As often as before")
    assert studio.installation.rows(PERSON, key=address) == [(False, False)]


def test_another_address_is_confirmed_where_it_is(studio: Studio, visitor: Visitor) -> None:
    studio.sign_up(address := studio.somebody())
    visitor.open(studio.letter_to(address).link("preferences"))
    visitor.fill("New email address", other := studio.somebody())
    visitor.press("Send the mail")
    visitor.look("preferences-address")
    assert studio.installation.rows(STANDS, key=other) == [(0,)]
    visitor.open(studio.letter_to(other).link("address"))
    visitor.look("address")
    assert studio.installation.rows(STANDS, key=other) == [(0,)]
    visitor.press("Yes, write to me there")
    visitor.look("address-done")
    assert studio.installation.rows(STANDS, key=other) == [(1,)]
    assert studio.installation.rows(STANDS, key=address) == [(0,)]


def test_somebody_is_forgotten(studio: Studio, visitor: Visitor) -> None:
    studio.sign_up(address := studio.somebody())
    first = studio.letter_to(address)
    visitor.open(first.link("preferences"))
    visitor.press("Forget me")
    visitor.look("preferences-forget")
    visitor.open(studio.letter_to(address, "orget").link("forget"))
    visitor.look("forget")
    visitor.press("Yes, forget me")
    visitor.look("forget-done")
    assert studio.installation.rows(STANDS, key=address) == [(0,)]
    for kind in ("preferences", "unsubscribe", "share", "my-data"):
        visitor.open(first.link(kind))
        visitor.look(f"forgotten-{kind}")


def test_what_is_kept_can_be_read_and_taken_away(studio: Studio, visitor: Visitor) -> None:
    studio.sign_up(address := studio.somebody(), first_name="Wolfeschlegelsteinhausenbergerdorff")
    visitor.open(studio.letter_to(address).link("my-data"))
    visitor.look("my-data")
    assert visitor.has("Wolfeschlegelsteinhausenbergerdorff")
    assert visitor.has(address)
    with visitor.page.expect_download() as fetched:
        visitor.page.get_by_role("button", name="Download it as a file").click()
    assert fetched.value.suggested_filename == "my-data.json"
    assert address in fetched.value.path().read_text()
