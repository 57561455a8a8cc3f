"""What is part of the language and not built yet: each is refused by its name, so that nobody waits for it in vain.

The parser notes what a file uses; whoever builds a part removes its line here.
"""

from __future__ import annotations

from service.domain.sequence.findings import Findings

NOT_BUILT: dict[str, str] = {
    "date": "`date`",
    "every": "`every`",
    "before": "`before` a date",
    "after": "`after` a date",
    "on the day": "`On the day`",
    "on date": "`on: date`",
    "on rhythm": "`on: rhythm`",
    "on quiet": "`on: quiet`",
    "on tagged": "`on: tagged`",
    "existing": "`existing`, other than `nobody`,",
    "same": "`same`",
    "rhythms": "the unit `rhythms`",
    "Day N-M": "`Day N-M`",
    "Wait for": "`Wait for`",
    "Task": "`Task`",
    "Set": "`Set`",
    "Tag": "`Tag`",
    "Webhook": "`Webhook`",
    "Enrol": "`Enrol`",
    "Leave": "`Leave`",
    "test": "`test`",
    "Subject A": "`Subject A`",
    "answer:": "`answer:` in a link",
    "join:": "`join:` in a link",
    "link:event": "`link:event.FIELD`",
    "link:referral": "`link:referral`",
    "link:calendar": "`link:calendar`",
    "link:less-often": "`link:less-often`",
    "link:pause": "`link:pause`",
    "link:my-data": "`link:my-data`",
    "coupon()": "`coupon`",
    "answer()": "`answer`",
    "upcoming()": "`upcoming`",
    "referral": "`referral`",
    "event answer": "the event `answer`",
    "event reply": "the event `reply`",
    "event unengaged": "the event `unengaged`",
    "event task.done": "the event `task.done`",
    "event referral.joined": "the event `referral.joined`",
    "event referral.qualified": "the event `referral.qualified`",
    "event referral.rewarded": "the event `referral.rewarded`",
    "translation": "a translated file",
    "opt in: double": "`opt in: double`",
    "pacing in business.yaml": "`pacing`",
    "referral in business.yaml": "`referral`",
    "webhooks in business.yaml": "`webhooks`",
    "retention in business.yaml": "`retention`",
}


def refuse_unbuilt(findings: Findings) -> None:
    """A problem for each place that uses what is not built yet."""
    for feature, place in dict.fromkeys(findings.uses):
        name = NOT_BUILT.get(feature)
        if name is not None:
            message = f"{name[:1].upper()}{name[1:]} is part of the language but not built yet in this version."
            findings.error(place, "not-built", message, "leave it out for now")
