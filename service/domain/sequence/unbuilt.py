"""What is part of the language and not built yet: each is refused by its name, so that nobody waits for it in vain.

The parser notes what a file uses; whoever builds a part removes its line here.
"""

from __future__ import annotations

from service.domain.sequence.findings import Findings

NOT_BUILT: dict[str, str] = {}


def refuse_unbuilt(findings: Findings) -> None:
    """A problem for each place that uses what is not built yet."""
    for feature, place in dict.fromkeys(findings.uses):
        name = NOT_BUILT.get(feature)
        if name is not None:
            message = f"{name[:1].upper()}{name[1:]} is part of the language but not built yet in this version."
            findings.error(place, "not-built", message, "leave it out for now")
