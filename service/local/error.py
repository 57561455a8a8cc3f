"""What keeps Everafter from running on this machine."""

from __future__ import annotations


class LocalError(Exception):
    """The message says what is wrong and what to do, in words for the person at the terminal."""
