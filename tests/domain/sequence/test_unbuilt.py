"""What is not built yet is refused by its name, and every name in the list is told somewhere."""

from __future__ import annotations

import pytest

from service.domain.sequence.library import read_library
from service.domain.sequence.unbuilt import NOT_BUILT
from tests.domain.sequence.paper import BUSINESS, FRONT, STEP, files, sequence

DATED = FRONT + "date: contact.birthday\n"
HELLO = "Subject: Hello\n\nWell?\n"


def front(text: str) -> str:
    return sequence(FRONT + text)


def steps(text: str, head: str = FRONT) -> str:
    return sequence(head, text)


def on(text: str) -> str:
    return sequence(FRONT.replace("signup", text + "\n  again: never"))


def body(text: str, head: str = FRONT) -> str:
    return steps(STEP + text + "\n", head)


USED = {
    "date": front("date: 2027-03-11\n"),
    "every": front("every: year\n"),
    "before": steps("## 1 day before: hello\n" + HELLO, DATED),
    "after": steps("## 1 day after: hello\n" + HELLO, DATED),
    "on the day": steps("## On the day: hello\n" + HELLO, DATED),
    "on date": on("date"),
    "on rhythm": on("rhythm visit.completed"),
    "on quiet": on("quiet visit.completed for 90 days"),
    "on tagged": on("tagged vip"),
    "existing": front("  existing: all\n"),
    "same": front("stop:\n  - same: visit.completed\n"),
    "rhythms": steps("## 2 rhythms later: hello\n" + HELLO),
    "Day N-M": steps("## Day 3-5: hello\n" + HELLO),
    "Wait for": steps("## Day 3: hello\nWait for: contact.phone\nWait up to: 3 days\n" + HELLO),
    "Task": steps("## Day 3: hello\nTask: call\nAssign: front-desk\n\nCall.\n"),
    "Set": steps("## Day 3: hello\nSet: contact.lead = 3\n"),
    "Tag": steps("## Day 3: hello\nTag: +vip\n"),
    "Webhook": steps("## Day 3: hello\nWebhook: till\n"),
    "Enrol": steps("## Day 3: hello\nEnrol: welcome\n"),
    "Leave": steps("## Day 3: hello\nLeave: all\n"),
    "test": front("test: {short: 50%, long: 50%}\n"),
    "Subject A": steps("## Day 3: hello\nSubject A: Hello\nSubject B: Hi\n\nWell?\n"),
    "answer:": body("[Yes](answer:yes)"),
    "join:": body("[Yes](join:newsletter)"),
    "link:event": body(
        "[Hear it](link:event.recording)", FRONT.replace("signup", "event deep-dive.held\n  again: never")
    ),
    "link:referral": body("[Yes](link:referral)"),
    "link:calendar": body("[Yes](link:calendar)", DATED),
    "link:less-often": body("[Yes](link:less-often)"),
    "link:pause": body("[Yes](link:pause)"),
    "link:my-data": body("[Yes](link:my-data)"),
    "coupon()": body('{{ coupon("WELCOME-BACK") }}'),
    "answer()": body('{% if answer("your-checklist") %}\nYes\n{% endif %}').replace("Subject", "Id: mine\nSubject"),
    "upcoming()": body('{% if upcoming("appointment") %}\nYes\n{% endif %}'),
    "referral": body("{{ referral.code }}"),
    **{f"event {name}": on(f"event {name}") for name in ("answer", "reply", "unengaged", "task.done")},
    **{f"event referral.{name}": on(f"event referral.{name}") for name in ("joined", "qualified", "rewarded")},
}
DECLARED = {
    "opt in: double": "forms: {x: {opt in: double}}\n",
    "pacing in business.yaml": "pacing: {}\n",
    "referral in business.yaml": "referral: {}\n",
    "webhooks in business.yaml": "webhooks: {}\n",
    "retention in business.yaml": "retention: {}\n",
}


def refused(library: dict[str, bytes]) -> set[str]:
    return {each.message for each in read_library(library)[1] if each.code == "not-built"}


def message(feature: str) -> str:
    name = NOT_BUILT[feature]
    return f"{name[0].upper()}{name[1:]} is part of the language but not built yet in this version."


@pytest.mark.parametrize("feature", sorted(NOT_BUILT))
def test_it_is_refused_by_its_name(feature: str) -> None:
    library = files(USED.get(feature, sequence()), BUSINESS.replace("forms:", "forms:\n  x: {opt in: double}"))
    if feature in DECLARED:
        text = BUSINESS[: BUSINESS.index("forms:")] + "magnets: {}\n" + DECLARED[feature]
        library = files(business=text)
    if feature == "translation":
        library |= {"sequences/welcome.en.md": b"---\ntitle: x\n---\n"}
    assert message(feature) in refused(library)


def test_what_is_built_is_not_refused() -> None:
    assert refused(files()) == set()
