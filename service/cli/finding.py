"""What `everafter doctor` finds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `advice` says what to do where it is amiss, and is empty where it is well."""

    what: str
    seen: str
    advice: str = ""
