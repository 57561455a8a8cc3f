"""Broken files as people write them, and the one line that each of them gets: where, what is wrong, how to mend it."""

from __future__ import annotations

import pytest

from service.domain.sequence.library import read_library
from tests.domain.sequence.paper import BUSINESS, FRONT, STEP, files, sequence

WHOLE = BUSINESS + "languages: [en, de]\nwebhooks: {till: https://till.example/hook}\n"
HELLO = "Subject: Hello\n\nWell?\n"


def steps(text: str, front: str = FRONT) -> str:
    return sequence(front, text)


LINES = [
    (
        steps(STEP, FRONT.replace("The checklist", "We are #1")),
        "2:8: error: YAML takes `#1` for a comment, so the end of this text would be lost. "
        "(put the text in quotes; before a comment leave two spaces)",
    ),
    (
        steps(STEP, FRONT.replace("nurture", "nurturing")),
        "3:8: error: There is no stage `nurturing`. (did you mean `nurture`?)",
    ),
    (
        steps(STEP, FRONT.replace("signup", "event visit.compleetd\n  again: never")),
        "6:13: error: There is no event `visit.compleetd`. (did you mean `visit.completed`?)",
    ),
    (
        steps(STEP, FRONT.replace("signup", "event visit.completed")),
        "6:3: error: An event may come again: say whether the same person enters again. "
        "(add `again: never`, `again: always` or `again: after 90 days`)",
    ),
    (
        steps(STEP, FRONT.replace("signup", "quiet visit.completed")),
        "6:7: error: `quiet` needs an event and a length of time. (like `quiet visit.completed for 90 days`)",
    ),
    (
        steps(STEP, FRONT + "date: contact.phone\n"),
        "7:7: error: `contact.phone` holds no date. (known are `birthday`, `client_since`)",
    ),
    (
        steps(STEP, FRONT + "test: {short: 45%, long: 45%}\n"),
        "7:7: error: The arms make 90% together. (the shares have to make 100%)",
    ),
    (
        steps(STEP, FRONT + "stop:\n  - same: appointment.cancelled\n"),
        "8:5: error: `same` means the thing that began this, and here no event begins anything. "
        "(write `event: appointment.cancelled`)",
    ),
    (
        steps("## 1 day before: hello\n" + HELLO),
        "9:4: error: There is no date that this could count from, so nobody can ever get this step. "
        "(add `date:` to the front matter, or write `Day 3`)",
    ),
    (
        steps("## Day 5: five\n" + HELLO + "\n## Day 2: two\n" + HELLO),
        "14:1: error: Day 2 stands below day 5, so it can't come in its time. "
        "(put the steps in the order of their days)",
    ),
    (
        steps("## Day 1: one\n" + HELLO + "\n## Day 2: two\n" + HELLO),
        "14:1: error: 24 hours after `one` is too soon: nobody gets two mails within 48 hours. "
        "(put more time between them, ask with `If:`, or raise `throttle` in business.yaml)",
    ),
    (
        steps("## Day 0: hello\nWait for: contact.phone\n" + HELLO),
        "10:1: error: `Wait for` without `Wait up to` could wait for ever. (add a line like `Wait up to: 3 days`)",
    ),
    (
        steps("## Day 0: call\nTask: call\nAssign: frontdesk\n\nCall.\n"),
        "11:9: error: There is nobody called `frontdesk`. (did you mean `front-desk`?)",
    ),
    (
        steps("## Day 0: hello\nPreviw: Hello\n" + HELLO),
        "10:1: error: There is no field `Previw`. (did you mean `Preview`?)",
    ),
    (
        steps('## Day 0: hello\nSet: contact.stage = "customer"\n'),
        "10:23: error: `contact.stage` is never `customer`. (known are `client`, `former`, `lapsed`, `lead`)",
    ),
    (
        steps("## Day 0: hello\nTag: vip\n"),
        "10:6: error: `vip` doesn't say whether the tag comes or goes. (write `+vip` or `-vip`)",
    ),
    (
        steps("## Day 0: hello\nWebhook: tiil\n"),
        "10:10: error: There is no webhook `tiil`. (did you mean `till`?)",
    ),
    (
        steps("## Day 0: hello\nEnrol: welcome\n"),
        "10:8: error: This leads from `welcome` into itself, round in a circle. "
        "(take one of these actions away; what shall come again is written `again:`)",
    ),
    (
        steps("## Day 0: hello\nSubject A: Hello\n\nWell?\n"),
        "10:1: error: `Subject A` stands alone, so there is nothing to compare. "
        "(write `Subject:`, or add `Subject B:`)",
    ),
    (
        steps(STEP + "[Yes](answer:Yes)\n"),
        "13:7: error: `Yes` can't be an answer: small letters, digits and hyphens. (write `answer:yes`)",
    ),
    (
        steps(STEP + "[Book](link:boking)\n"),
        "13:8: error: There is no link `boking`. (did you mean `booking`?)",
    ),
    (
        steps(STEP + "[Book](https://glow.example/?who={{ contact.email }})\n"),
        "13:8: error: A merge field can't stand in a link's address. (name the address instead: "
        "`link:NAME` of business.yaml, `link:event.FIELD`, `magnet:KEY` or `form:SLUG`)",
    ),
    (
        steps(STEP + 'Hello {{ contact.frist_name or "you" }}\n'),
        "13:18: error: `contact` has no field `frist_name`. (did you mean `first_name`?)",
    ),
    (
        steps(STEP + "Hello {{ contact.first_name }}\n"),
        "13:10: error: `contact.first_name` may be empty, and a mail is never sent with a gap. "
        '(write {{ contact.first_name or "there" }}, or ask first: {% if contact.first_name %})',
    ),
    (
        steps(STEP + '{{ coupon("WELCOMEBACK") }}\n'),
        "13:12: error: There is no coupon `WELCOMEBACK`. (did you mean `WELCOME-BACK`?)",
    ),
    (
        steps('## Day 0: hello\nIf: contact.stage = "client"\n' + HELLO),
        "10:19: error: One `=` asks nothing; a comparison has two. (write `==`)",
    ),
    (
        steps('## Day 0: hello\nIf: contact.stage == "lead" or "client"\n' + HELLO),
        '10:32: error: "client" alone is always true, so this asks nothing. '
        '(compare it, as in `contact.stage in ["lead", "client"]`)',
    ),
    (
        steps(STEP + "{% if contact.phone %}\n\nHello?\n"),
        "13:4: error: This `if` is never closed. (write {% endif %} below it)",
    ),
    (
        steps(STEP + "![](images/jana.jpg)\n"),
        "13:5: error: This picture has no words for those who don't see it. "
        "(say in the square brackets what it shows, like `![Jana, smiling](images/jana.jpg)`)",
    ),
]


@pytest.mark.parametrize(("text", "line"), LINES)
def test_a_broken_file_gets_one_line_that_says_it_all(text: str, line: str) -> None:
    library, problems = read_library(files(text, WHOLE))
    assert library is None
    assert [str(each) for each in problems] == [f"sequences/welcome.md:{line}"]
