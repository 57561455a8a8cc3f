"""A stranger finds the form, gets it wrong, gets it right, and has what they came for."""

from __future__ import annotations

from tests.browser.conftest import Visit
from tests.browser.studio import Studio
from tests.browser.visitor import Screen, Visitor


def test_a_form_is_filled_in_wrong_then_right_and_the_checklist_comes(studio: Studio, visitor: Visitor) -> None:
    address = studio.somebody()
    visitor.open(f"{studio.base}/forms/checklist")
    visitor.look("form")
    visitor.fill("Email", f"{address}, please")
    visitor.page.locator("form").first.evaluate("form => form.noValidate = true")  # as an older browser sends it
    visitor.read()
    visitor.press("Send me the checklist")
    visitor.expect(422)
    visitor.look("form-fault")
    assert visitor.page.locator("[aria-invalid=true]").count() == 1
    visitor.fill("First name", "Ana")
    visitor.fill("Email", address)
    visitor.press("Send me the checklist")
    visitor.look("form-thanks")
    letter = studio.letter_to(address)
    assert letter.subject == "Your checklist, Ana"
    with visitor.page.expect_download() as fetched:
        visitor.page.evaluate("to => { location.href = to }", letter.link("magnets"))
    assert fetched.value.suggested_filename == "checklist.pdf"
    assert fetched.value.path().read_bytes().startswith(b"%PDF-")


def test_a_form_with_every_kind_of_field_holds_long_words(studio: Studio, onlooker: Visitor) -> None:
    onlooker.open(f"{studio.base}/forms/everything")
    onlooker.look("form-everything")
    onlooker.fill("How shall we call you?", "Wolfeschlegelsteinhausenbergerdorff")
    onlooker.fill("Email", address := studio.somebody())
    onlooker.page.get_by_label("How is your hair?").select_option("wavy")
    onlooker.fill("Anniversary", "05-24")
    onlooker.fill("How often have you been here?", "3")
    onlooker.page.get_by_label("animal products").check()
    onlooker.read()
    onlooker.press("Sign up")
    onlooker.look("form-everything-thanks")
    kept = "SELECT first_name, fields FROM contact WHERE email_key = :key"
    ((name, fields),) = studio.installation.rows(kept, key=address)
    assert name == "Wolfeschlegelsteinhausenbergerdorff"
    assert fields == {"hair": "wavy", "anniversary": "05-24", "visits": 3, "vegan": True}


def test_the_keyboard_is_enough(studio: Studio, visit: Visit) -> None:
    visitor = visit(Screen(1280))
    visitor.open(f"{studio.base}/forms/checklist")
    reached = [visitor.tab() for _ in range(4)]
    assert [each["name"] for each in reached] == ["email", "first_name", "language", "Send me the checklist"]
    assert all(each["ring"] >= 2 for each in reached)
    visitor.page.get_by_label("Email").focus()
    visitor.page.keyboard.type(address := studio.somebody())
    visitor.read()
    with visitor.page.expect_navigation():
        visitor.page.keyboard.press("Enter")
    assert studio.letter_to(address).subject == "Your checklist, as promised"


def test_a_present_waits_behind_the_link_and_offers_a_next_step(studio: Studio, onlooker: Visitor) -> None:
    studio.sign_up(address := studio.somebody(), "present")
    onlooker.open(studio.letter_to(address).link("magnets"))
    assert "WELCOME" in onlooker.words
    assert onlooker.page.get_by_role("link", name="Pick a time").is_visible()
    onlooker.look("present")
