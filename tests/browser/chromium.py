"""The browser: Debian's Chromium, driven by Playwright. Nothing is downloaded."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from tests.browser.missing import missing

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# It shall ask nobody but us for anything, and draw the same on every machine.
QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--font-render-hinting=none",
    "--no-first-run",
)


@contextmanager
def browsing(*options: str) -> Iterator[Browser]:
    """A running Chromium. Where none is installed the test is skipped, and says so.

    Playwright keeps an event loop in the thread for as long as the `with` lasts: nothing else may want one there.
    """
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        missing("Chromium is not installed (on Debian: apt-get install chromium)")
    as_root = ("--no-sandbox",) if os.geteuid() == 0 else ()  # Chromium refuses to run as root with its sandbox
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=[*QUIET, *as_root, *options])
        try:
            yield browser
        finally:
            browser.close()
