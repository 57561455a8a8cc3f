"""What was signed up for with an address is confirmed by whoever reads its mail, by a button."""

from __future__ import annotations

from tests.browser.studio import Studio
from tests.browser.visitor import Visitor

ACTS = """
    SELECT act FROM consent JOIN contact ON contact.id = contact_id WHERE email_key = :key ORDER BY consent.id
"""


def test_a_signup_is_confirmed_by_the_mailed_button(studio: Studio, visitor: Visitor) -> None:
    address = studio.somebody()
    visitor.open(f"{studio.base}/forms/letters")
    visitor.fill("Email", address)
    visitor.read()
    visitor.press("Sign up")
    visitor.look("confirm-thanks")
    letter = studio.letter_to(address)
    visitor.open(letter.link("confirm"))
    visitor.look("confirm")
    assert ("confirmed",) not in studio.installation.rows(ACTS, key=address)
    visitor.press("Confirm")
    visitor.look("confirm-done")
    assert studio.installation.rows(ACTS, key=address)[-1] == ("confirmed",)
    visitor.open(letter.link("confirm"))
    assert "already" in visitor.heading
    visitor.look("confirm-again")
