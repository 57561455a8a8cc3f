"""Slots keep words away from MJML: it sees plain names, and the words come back when it is done.

mrml writes attributes with Rust's own quoting, which turns `"` into `\\"` and other characters into `\\u{…}`; and an
author's text must not become a tag. So not one word of an author, a business or a person passes through it.
"""

from __future__ import annotations

import re

_SLOT = re.compile(r"slot(\d+)end")


class Slots:
    """Words that wait until MJML has run."""

    def __init__(self) -> None:
        self._held: list[str] = []

    def hold(self, content: str) -> str:
        """The name under which `content` (a template's HTML, escaped where it must be) stands in the MJML."""
        self._held.append(content)
        return f"slot{len(self._held) - 1}end"

    def give_back(self, html: str) -> str:
        """The HTML with every held content in its place."""
        return _SLOT.sub(lambda match: self._held[int(match[1])], html)
