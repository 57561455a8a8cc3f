"""Steps with one thing wrong each: the problem is named, and found where the ▸ stands."""

from __future__ import annotations

import pytest

from tests.domain.sequence.paper import FRONT, marked, problems_of, sequence

HEADING = "## Day 0: hello\n"
MAIL = HEADING + "Subject: Hello\n\n"

HEADINGS = [
    ("## ▸Tag 3: eine Idee\nSubject: Hello\n\nWell?\n", "bad-when"),
    ("## ▸3 days: one idea\nSubject: Hello\n\nWell?\n", "bad-when"),
    ("## ▸Day 3\nSubject: Hello\n\nWell?\n", "heading"),
    ("## ▸Day 3:one idea\nSubject: Hello\n\nWell?\n", "heading"),
    ("##▸Day 3: one idea\nSubject: Hello\n\nWell?\n", "heading"),
    ("## Day 3 at ▸9:30: one idea\nSubject: Hello\n\nWell?\n", "bad-time"),
    ("## Day 3 at ▸25:00: one idea\nSubject: Hello\n\nWell?\n", "bad-time"),
    ("## ▸Day 9-3: one idea\nSubject: Hello\n\nWell?\n", "bad-when"),
    ("## ▸Day 99999: one idea\nSubject: Hello\n\nWell?\n", "bad-when"),
    ("## ▸a few days later: one idea\nSubject: Hello\n\nWell?\n", "bad-duration"),
    ("## 3 ▸dayz later: one idea\nSubject: Hello\n\nWell?\n", "bad-duration"),
    ("## ▸1.5 days later: one idea\nSubject: Hello\n\nWell?\n", "bad-duration"),
    ("## ▸0 days later: one idea\nSubject: Hello\n\nWell?\n", "bad-duration"),
    ("## ▸1 day before: one idea\nSubject: Hello\n\nWell?\n", "no-date"),
    ("▸## Day 0: 你好\nSubject: Hello\n\nWell?\n", "bad-key"),
    ("## ▸Day 0: hello {{ contact.email }}\nSubject: Hello\n\nWell?\n", "braces-misplaced"),
    (MAIL + "Well?\n\n▸## Day 1: Hello!\nSubject: Hello\n\nWell?\n", "duplicate-step"),
    (MAIL + "Well?\n\n## Day 1: other\nId: ▸hello\nSubject: Hello\n\nWell?\n", "duplicate-step"),
    (HEADING + "Id: ▸Not a key\nSubject: Hello\n\nWell?\n", "bad-key"),
    ("▸Dear friends,\n\n" + MAIL + "Well?\n", "text-above-steps"),
    ("## Day 5: five\nSubject: Hello\n\nWell?\n\n▸## Day 2: two\nSubject: Hello\n\nWell?\n", "backwards"),
    ("## Day 2 at 11:00: a\nSubject: A\n\nWell?\n\n▸## Day 2 at 09:00: b\nSubject: B\n\nWell?\n", "backwards"),
]

FIELDS = [
    ("▸## Day 0: hello\n\nWell?\n", "missing-subject"),
    (HEADING + "▸Subjekt: Hello\nSubject: Hello\n\nWell?\n", "unknown-field-name"),
    (HEADING + "\n▸Betreff: Hello\n\nSubject: Hello\n\nWell?\n", "unknown-field-name"),
    (HEADING + "Subject: Hello\n\n▸Previw: Hello\n\nWell?\n", "unknown-field-name"),
    (HEADING + "▸Subject:\nSubject: Hello\n\nWell?\n", "empty-field"),
    (HEADING + "Subject: Hello\n▸Subject: Hello again\n\nWell?\n", "duplicate-field"),
    (HEADING + f"Subject: ▸{'Hello ' * 12}\n\nWell?\n", "long-subject"),
    (HEADING + "Subject: Hello {% ▸if contact.phone %}you{% endif %}\n\nWell?\n", "if-not-alone"),
    (HEADING + "Kind: ▸nudges\nSubject: Hello\n\nWell?\n", "unknown-kind"),
    (HEADING + "Window: ▸Mon-Fr 09:00-17:00\nSubject: Hello\n\nWell?\n", "bad-window"),
    (HEADING + "Window: Mon 09:00-17:00, ▸Tue 17:00-09:00\nSubject: Hello\n\nWell?\n", "window-never-opens"),
    (HEADING + "Drop after: ▸soon\nSubject: Hello\n\nWell?\n", "bad-duration"),
    (HEADING + "Template: ▸leter\nSubject: Hello\n\nWell?\n", "unknown-template"),
    (HEADING + "From: ▸Mia\nSubject: Hello\n\nWell?\n", "bad-address"),
    (HEADING + "▸Wait for: contact.phone\nSubject: Hello\n\nWell?\n", "wait-without-end"),
    (HEADING + "▸Wait up to: 3 days\nSubject: Hello\n\nWell?\n", "wait-without-end"),
    (HEADING + "If: ▸{{ contact.phone }}\nSubject: Hello\n\nWell?\n", "braces-misplaced"),
    (HEADING + "▸Assign: front-desk\nSubject: Hello\n\nWell?\n", "no-task"),
    (HEADING + "▸Task: call\n\nCall.\n", "missing-assign"),
    (HEADING + "Task: call\nAssign: ▸frontdesk\n\nCall.\n", "unknown-person"),
    (HEADING + "Task: call\nAssign: ▸contact.leed\n\nCall.\n", "unknown-person"),
    (HEADING + "Task: call\nAssign: front-desk\nCost: ▸6 €\n\nCall.\n", "bad-cost"),
    (HEADING + "Task: call\nAssign: front-desk\nAsk: ▸lead, wish\n\nCall.\n", "unknown-field"),
    (HEADING + "Task: call\nAssign: front-desk\n▸Subject: Hello\n\nCall.\n", "task-with-subject"),
    (HEADING + "Subject: Hello\nEnrol: ▸welcom\n\nWell?\n", "unknown-sequence"),
    (HEADING + "▸Subject A: Hello\n\nWell?\n", "bad-arms"),
    (HEADING + "▸Subject short: Hello\nSubject B: Hi\n\nWell?\n", "bad-arms"),
    ("▸## 2 rhythms later: hello\nSubject: Hello\n\nWell?\n", "no-rhythm"),
    (HEADING + "Task: call\nAssign: front-desk\nDue: ▸soon\n\nCall.\n", "bad-duration"),
    (HEADING + "Task: call\nAssign: front-desk\nAsk: ▸stage\n\nCall.\n", "unknown-field"),
    (HEADING + "Task: call\nAssign: front-desk\n\n[x](▸join:newsletter)\n", "not-for-staff"),
    (HEADING + "Task: call\nAssign: front-desk\n\n[x](▸link:my-data)\n", "not-for-staff"),
    (HEADING + "Wait for: ▸answerd\nWait up to: 3 days\nSubject: Hello\n\nWell?\n", "unknown-name"),
    (HEADING + "Wait for: contact.phone\nWait up to: ▸long\nSubject: Hello\n\nWell?\n", "bad-duration"),
    ("▸## Day 0: hello\nTag: +vip\n\nHello?\n", "missing-subject"),
]

BODIES = [
    (MAIL + "Hello {{ ▸contact.first_name }}?\n", "no-fallback"),
    (MAIL + "Hello {{ ▸contact.first_name | title }}?\n", "no-fallback"),
    (MAIL + "Hello {{ ▸contact.first_name or contact.last_name }}?\n", "no-fallback"),
    (MAIL + "{% if contact.phone %}\nCall {{ ▸contact.company }}?\n{% endif %}\n", "no-fallback"),
    (MAIL + "{% if contact.phone %}\nA?\n{% else %}\n{{ ▸contact.phone }}\n{% endif %}\n", "no-fallback"),
    (MAIL + 'Hello {{ contact.▸frist_name or "you" }}?\n', "unknown-field"),
    (MAIL + 'Hello {{ ▸client.first_name or "you" }}?\n', "unknown-name"),
    (MAIL + 'Hello {{ ▸first_name or "you" }}?\n', "unknown-name"),
    (MAIL + "Hello {{ contact.email ▸| upper }}?\n", "unknown-filter"),
    (MAIL + 'Hello {{ contact.first_name ▸| default("you") }}?\n', "unknown-filter"),
    (MAIL + "Hello {{ ▸lower(contact.email) }}?\n", "unknown-function"),
    (MAIL + 'Hello {{ form.▸shoes or "you" }}?\n', "unknown-field"),
    (MAIL + "Hello {{ event.▸name }}?\n", "no-event"),
    (MAIL + "Hello {{ ▸date | day }}?\n", "no-date"),
    (MAIL + 'Hello {{ ▸contact.stage == "lead" }}?\n', "prints-truth"),
    (MAIL + 'Hello ▸{{ contact.first_name or "friend?\n', "unclosed-braces"),
    (MAIL + 'Hello ▸{{ contact.first_name or "friend }}?\n', "unclosed-quote"),
    (MAIL + "Hello ▸{{ }}?\n", "empty-braces"),
    (MAIL + "Hello ▸{# later #}?\n", "unknown-braces"),
    (MAIL + "Hello? ▸<!-- and so on\n", "unclosed-comment"),
    (MAIL + "{% ▸for each in contact.tags %}\nHello?\n", "unknown-tag"),
    (MAIL + "{% ▸set name = contact.email %}\nHello?\n", "unknown-tag"),
    (MAIL + "{% ▸if contact.phone %}\nHello?\n", "unbalanced-if"),
    (MAIL + "Hello?\n\n{% ▸endif %}\n", "unbalanced-if"),
    (MAIL + "{% if contact.phone %}\nA?\n{% else %}\nB\n{% ▸else %}\nC\n{% endif %}\n", "unbalanced-if"),
    (MAIL + "Hello? {% ▸if contact.phone %}\nA\n{% endif %}\n", "if-not-alone"),
    (MAIL + "{% if contact.phone %}\nA?\n{% ▸else if contact.company %}\nB\n{% endif %}\n", "unknown-tag"),
    (MAIL + "▸# Hello\n\nWell?\n", "heading-too-big"),
    (MAIL + "Hello?\n\n▸Mia\n---\n\nPS\n", "heading-too-big"),
    (MAIL + "Hello ▸<b>you?\n", "raw-html"),
    (MAIL + "Hello?\n\n▸<div>you</div>\n", "raw-html"),
    (MAIL + "![](▸images/jana.jpg)?\n", "no-alternative-text"),
    (MAIL + "![Jana](▸images/jane.jpg)?\n", "unknown-file"),
    (MAIL + "![Jana](▸../../jana.jpg)?\n", "unknown-file"),
    (MAIL + "![Jana](▸images/jana.svg)?\n", "not-a-picture"),
    (MAIL + "[Book](▸www.glow.example)\n", "not-a-link"),
    (MAIL + "[Book](▸mia@glow.example)\n", "not-a-link"),
    (MAIL + "[Book](▸javascript:alert)\n", "not-a-link"),
    (MAIL + "[Book](▸http://)\n", "not-a-link"),
    (MAIL + "[Book](▸mailto:mia)\n", "not-a-link"),
    (MAIL + "[Book▸] (https://glow.example)?\n", "broken-link"),
    (MAIL + "[Book▸](https://glow.example/my hair)?\n", "broken-link"),
    (MAIL + "[Book](▸link:boking)\n", "unknown-link"),
    (MAIL + "[Book](▸magnet:checklst)\n", "unknown-magnet"),
    (MAIL + "[Book](▸form:checklst)\n", "unknown-form"),
    (MAIL + "[Book](▸join:News-letter)\n", "unknown-topic"),
    (MAIL + "[Book](▸link:calendar)\n", "no-date"),
    (MAIL + "[Yes](▸answer:Yes)\n", "bad-answer"),
    (MAIL + "[Yes](▸answer:not_now)\n", "bad-answer"),
    (MAIL + "- ![Jana](▸images/jana.jpg) or not?\n", "picture-inside"),
    (MAIL + '{{ coupon("WELCOME-BACK").▸expire }}?\n', "unknown-field"),
    (MAIL + "{{ referral.▸friends }}?\n", "unknown-field"),
    (MAIL + "{{ ▸referral.friend }} was here?\n", "no-fallback"),
    (MAIL + "[Book](▸link:event.recording)\n", "unknown-event-field"),
    (MAIL + '[Book](▸link:booking "a button")\n', "link-title"),
    (MAIL + "[Book](▸https://glow.example/?who={{ contact.email }})\n", "merge-in-address"),
    ("▸## Day 0: hello\nSubject: Hello\n", "empty-letter"),
    ("▸## Day 0: hello\nSubject: Hello\n\nThat is all.\n", "nothing-to-do"),
    ('## Day 0: hello\nKind: service\nSubject: Hello\n\n{{ ▸coupon("WELCOME-BACK") }}?\n', "service-with-coupon"),
]

CONDITIONS = [
    ('contact.stage ▸= "client"', "one-equals"),
    ('contact.stage == "client" ▸AND contact.phone', "capital-word"),
    ("contact.phone ▸&& contact.email", "unknown-operator"),
    ('contact.stage == "lead" or ▸"client"', "text-alone"),
    ('contact.stage == "▸clint"', "unknown-value"),
    ('contact.stage in ["lead", "▸clint"]', "unknown-value"),
    ('contact.prefers == "▸fax"', "unknown-value"),
    ('clicked("▸helo")', "unknown-step"),
    ('clicked("▸hello")', "step-later"),
    ('clicked("▸later")', "step-later"),
    ('sent("▸welcom/hello")', "unknown-sequence"),
    ('happened("▸visit.complete")', "unknown-event"),
    ('consented("▸Newsleter")', "unknown-topic"),
    ('inside("▸welcom")', "unknown-sequence"),
    ('segment("▸regular")', "unknown-segment"),
    ('coupon("▸WELCOME")', "unknown-coupon"),
    ('answer("▸first") == "yes"', "no-answer"),
    ('sent("▸call")', "not-a-mail"),
    ('clicked("▸call")', "not-a-mail"),
    ('▸arm == "A"', "no-test"),
    ('count("visit.completed", within="▸2 rhythms") > 2', "bad-duration"),
    ('happened("▸task.don")', "unknown-event"),
    ('tagged(▸"vip)', "unclosed-quote"),
    ('upcoming("▸appointments")', "unknown-booking"),
    ('▸cliked("hello")', "unknown-function"),
    ("▸clicked()", "bad-argument"),
    ("▸clicked", "unknown-name"),
    ("▸contact", "unknown-name"),
    ('count("visit.completed", within="3 ▸dayz") > 2', "bad-duration"),
    ('clicked("first", ▸within="3 days")', "bad-argument"),
    ("▸contact.phone is defined", "unknown-operator"),
    ("▸contact.phone contact.email", "bad-expression"),
    ('contact.phone == ▸"yes', "unclosed-quote"),
    ("▸false", "unreachable"),
    ("▸1 > 2", "unreachable"),
]


def found(text: str) -> list[str]:
    return [f"{each.place.line}:{each.place.column}: {each.code}" for each in problems_of(text)]


@pytest.mark.parametrize(("steps", "code"), HEADINGS + FIELDS + BODIES)
def test_a_broken_step_is_told_once_and_in_its_place(steps: str, code: str) -> None:
    text, place = marked(sequence(steps=steps))
    assert found(text) == [f"{place}: {code}"]


@pytest.mark.parametrize(("condition", "code"), CONDITIONS)
def test_a_broken_condition_is_told_once_and_in_its_place(condition: str, code: str) -> None:
    steps = (
        "## Day 0: first\nSubject: First\n\nWell?\n\n"
        "## Day 0: call\nTask: call\nAssign: front-desk\n\nCall.\n\n"
        f"## Day 1: hello\nIf: {condition}\nSubject: Hello\n\nWell?\n\n"
        "## Day 2: later\nSubject: Later\n\nWell?\n"
    )
    text, place = marked(sequence(FRONT, steps))
    assert found(text) == [f"{place}: {code}"]
