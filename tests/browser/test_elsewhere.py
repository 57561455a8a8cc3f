"""Our form in somebody else's page, put there by one script tag, under a strict content security policy."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.browser.axe import Axe
from tests.browser.conftest import Visit
from tests.browser.elsewhere import ORIGIN, STRICT, Elsewhere
from tests.browser.studio import Studio
from tests.browser.visitor import Screen, Visitor, arrive


def embedded(studio: Studio, elsewhere: Elsewhere) -> str:
    """A page with the form in it; where no script runs, with a link to ours. Its address."""
    form = f"{studio.base}/forms/elsewhere"
    body = f'<script src="{form}/embed.js" async></script><noscript><p><a href="{form}">Sign up</a></p></noscript>'
    policy = STRICT.substitute(base=studio.base)
    return elsewhere.put("/embedded", body, Content_Security_Policy=policy, Referrer_Policy="no-referrer")


@pytest.mark.parametrize("screen", [Screen(320), Screen(1280)], ids=str)
def test_the_embedded_form_is_filled_in_wrong_then_right(
    studio: Studio, elsewhere: Elsewhere, visit: Visit, screen: Screen
) -> None:
    visitor = visit(screen, ORIGIN)
    visitor.open(embedded(studio, elsewhere))
    button = visitor.page.get_by_role("button", name="Sign up")
    button.wait_for()
    visitor.look("embedded")
    visitor.fill("Email", f"{(address := studio.somebody())}, please")
    button.click()
    assert visitor.page.get_by_label("Email").get_attribute("aria-invalid") == "true"
    assert visitor.page.evaluate("document.activeElement.shadowRoot.activeElement.name") == "email"
    visitor.look("embedded-fault")
    visitor.fill("Email", address)
    visitor.read()
    button.click()
    visitor.page.get_by_text("Thank you").first.wait_for()
    visitor.look("embedded-thanks")
    kept = "SELECT page FROM consent JOIN contact ON contact.id = contact_id WHERE email_key = :key"
    assert studio.installation.rows(kept, key=address) == [(f"{ORIGIN}/embedded",)]


def test_without_javascript_the_page_leads_to_ours(studio: Studio, elsewhere: Elsewhere, visit: Visit) -> None:
    visitor = visit(Screen(320, script=False), ORIGIN)
    visitor.open(embedded(studio, elsewhere))
    visitor.follow("Sign up")
    visitor.fill("Email", studio.somebody())
    visitor.read()
    visitor.press("Sign up")
    assert visitor.heading == "Thank you!"


def test_a_page_that_is_not_among_the_origins_gets_no_signup(
    studio: Studio, elsewhere: Elsewhere, visit: Visit
) -> None:
    visitor = visit(Screen(320), ORIGIN)
    body = f'<script src="{studio.base}/forms/checklist/embed.js"></script>'
    visitor.open(elsewhere.put("/stranger", body))
    visitor.fill("Email", address := studio.somebody())
    visitor.read()
    page = visitor.page
    with (
        page.expect_console_message(lambda each: "CORS" in each.text),
        page.expect_console_message(lambda each: "net::ERR_FAILED" in each.text),
    ):
        page.get_by_role("button", name="Send me the checklist").click()
    visitor.page.get_by_text("could not be reached").wait_for()
    assert not studio.installation.rows("SELECT 1 FROM contact WHERE email_key = :key", key=address)
    assert any("CORS" in each for each in visitor.noticed)
    visitor.noticed.clear()


MISDEEDS = {
    "a cookie": "<script>document.cookie = 'me=1'</script>",
    "kept in the browser": "<script>localStorage.me = 1</script>",
    "a request to http://other.example/": '<img src="http://other.example/pixel.gif" alt="">',
    "a script failed": "<script>nothing.there()</script>",
    "Content Security Policy": '<p style="color: red">Red</p>',
}


@pytest.mark.parametrize("noticed", MISDEEDS)
def test_what_no_page_of_ours_may_do_would_be_noticed(
    browser: Browser, axe: Axe, elsewhere: Elsewhere, noticed: str
) -> None:
    visitor: Visitor = arrive(browser, Screen(320), axe, ORIGIN)
    policy = "style-src 'none'" if noticed == "Content Security Policy" else ""
    visitor.open(elsewhere.put("/misdeed", MISDEEDS[noticed], Content_Security_Policy=policy))
    with pytest.raises(AssertionError, match=noticed):
        visitor.close()


def test_what_keeps_people_out_would_be_noticed(browser: Browser, axe: Axe, elsewhere: Elsewhere) -> None:
    visitor = arrive(browser, Screen(320), axe, ORIGIN)
    body = '<p><input></p><p><a href="/x">x</a></p><pre>' + "wide " * 100 + '</pre><p style="color: #aaa">pale</p>'
    visitor.open(elsewhere.put("/rough", body))
    with pytest.raises(AssertionError) as found:
        visitor.look("rough")
    for words in ("wider than the screen", "px high: <a", "must have labels", "minimum color contrast", "in the dark"):
        assert words in str(found.value)
    visitor.context.close()
