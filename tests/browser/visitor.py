"""Somebody who visits our pages, and whatever a page does behind their back is noticed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

from service.web.public.fill import TOO_FAST
from tests.browser.axe import Axe

PICTURES = Path(__file__).with_name("pictures")  # ignored by git; a gate may keep it
HEIGHTS = {320: 640, 1280: 900}
FINGER = 44  # px: WCAG 2.2, target size (enhanced)

TARGETS = """() => [...document.querySelectorAll('a[href], button, input, select, textarea, summary')]
  .filter(each => each.checkVisibility() && !each.closest('[aria-hidden=true]') && each.type != 'hidden')
  .map(each => {
    const target = each.closest('label') || each.labels?.length && ['checkbox', 'radio'].includes(each.type)
      && each.parentElement || each;
    const inSentence = each.tagName == 'A' && getComputedStyle(each).display == 'inline'
      && each.parentElement.textContent.trim() != each.textContent.trim();
    return [each.outerHTML.slice(0, 80), inSentence ? 99 : target.getBoundingClientRect().height];
  })"""
WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
FOCUS = """() => {
  const each = document.activeElement;
  const around = each.closest('.choice') || each;
  const style = getComputedStyle(around);
  return {tag: each.tagName, name: each.name || each.textContent.trim(),
          top: each.getBoundingClientRect().top + scrollY,
          ring: style.outlineStyle == 'none' ? 0 : parseFloat(style.outlineWidth)};
}"""


@dataclass(frozen=True, slots=True)
class Screen:
    """How somebody looks at us. `width` in px."""

    width: int = 320
    script: bool = True
    language: str = "en"

    def __str__(self) -> str:
        return f"{self.width}{'' if self.script else '-no-script'}"


@dataclass
class Visitor:
    """One person with a browser of their own. `close` fails where a page did what no page of ours may do."""

    context: BrowserContext
    page: Page
    screen: Screen
    axe: Axe | None
    at_home: set[str]  # beginnings of the addresses that pages may ask for
    noticed: list[str] = field(default_factory=list)
    opened_at: float = 0.0  # time.monotonic()

    def open(self, address: str, status: int = 200) -> None:
        """Go there; the answer must have this status."""
        answer = self.page.goto(address)
        assert answer is not None
        assert answer.status == status, f"{answer.status} at {address}"
        self.opened_at = time.monotonic()

    def fill(self, label: str, words: str) -> None:
        self.page.get_by_label(label, exact=False).first.fill(words)

    def read(self) -> None:
        """Take the time that a person takes for a form: what comes back sooner is a machine's."""
        time.sleep(max(0.0, self.opened_at + TOO_FAST + 0.1 - time.monotonic()))

    def press(self, name: str) -> None:
        """Press the button of this name, and wait for the page that it leads to."""
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=name).first.click()

    def follow(self, name: str) -> None:
        """Follow the link of this name."""
        with self.page.expect_navigation():
            self.page.get_by_role("link", name=name).first.click()
        self.opened_at = time.monotonic()

    @property
    def heading(self) -> str:
        return self.page.get_by_role("heading", level=1).inner_text()

    @property
    def words(self) -> str:
        return self.page.locator("main").inner_text()

    def has(self, words: str) -> bool:
        return words in self.words

    def tab(self) -> Mapping[str, Any]:
        """Press Tab; where the focus is then: its `tag` and `name`, how far down the page (`top`) and how thick
        a `ring` shows it (px)."""
        self.page.keyboard.press("Tab")
        found: Mapping[str, Any] = self.page.evaluate(FOCUS)
        return found

    def look(self, name: str) -> None:
        """Look at the page with all eyes: it fits the screen, fingers hit, axe finds nothing; pictures are kept."""
        found = []
        if (wide := self.page.evaluate(WIDE)) > 0:
            found.append(f"{wide} px wider than the screen")
        found += [f"{height:g} px high: {html}" for html, height in self.page.evaluate(TARGETS) if height < FINGER]
        if self.screen.script:  # without, a page looks the same, and axe can't run
            self._keep(name)
            if self.axe:
                found += self.axe.look_at(self.page)
        if self.screen.script and self.screen.width == 320:  # the dark is the same on every screen
            self.page.emulate_media(color_scheme="dark")
            self._keep(f"{name}-dark")
            if self.axe:
                found += self.axe.look_at_contrast(self.page, " in the dark")
            self.page.emulate_media(color_scheme="light")
        assert not found, "\n".join([f"{name} on {self.screen}:", *found])

    def _keep(self, name: str) -> None:
        PICTURES.mkdir(exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{name}-{self.screen}.png", full_page=True)

    def expect(self, *statuses: int) -> None:
        """What was noticed of answers with these statuses was meant to be: a browser logs each as an error."""
        said = tuple(f"the server responded with a status of {status}" for status in statuses)
        self.noticed = [each for each in self.noticed if not any(words in each for words in said)]

    def close(self) -> None:
        stored = self.context.storage_state(indexed_db=True)
        if self.context.cookies():
            self.noticed.append(f"a cookie: {self.context.cookies()}")
        if stored["origins"]:
            self.noticed.append(f"kept in the browser: {stored['origins']}")
        self.context.close()
        assert not self.noticed, "\n".join(self.noticed)

    def _hear(self, message: ConsoleMessage) -> None:
        """A breach of the Content-Security-Policy is told as an error too."""
        if message.type in {"error", "warning"}:
            self.noticed.append(f"{message.type}: {message.text}")

    def _see(self, request: Request) -> None:
        if not request.url.startswith((*self.at_home, "data:", "blob:")):
            self.noticed.append(f"a request to {request.url}")


def arrive(browser: Browser, screen: Screen, axe: Axe | None, *at_home: str) -> Visitor:
    """Somebody new, who asks nobody but `at_home` for anything."""
    context = browser.new_context(
        viewport={"width": screen.width, "height": HEIGHTS[screen.width]},
        java_script_enabled=screen.script,
        locale=screen.language,
        accept_downloads=True,
        reduced_motion="reduce",
    )
    context.set_default_timeout(60_000)
    visitor = Visitor(context, context.new_page(), screen, axe, set(at_home))
    visitor.page.on("pageerror", lambda error: visitor.noticed.append(f"a script failed: {error}"))
    context.on("console", visitor._hear)
    context.on("request", visitor._see)
    return visitor
