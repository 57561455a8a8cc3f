"""Front matters with one thing wrong each: the problem is named, and found where the ▸ stands."""

from __future__ import annotations

import pytest

from tests.domain.sequence.paper import STEP, marked, problems_of, sequence

REST = "stage: nurture\ntopic: Newsletter\nenrol:\n  on: signup\n"
HEAD = "title: The checklist\nstage: nurture\ntopic: Newsletter\n"
WHOLE = HEAD + "enrol:\n  on: signup\n"
EVENT = HEAD + "enrol:\n  on: event visit.completed\n  again: always\n"

TEXTS = [
    ("title: ▸We are #1\n" + REST, "lost-text"),
    ("title: ▸We are # one of many\n" + REST, "lost-text"),
    ("title: Webinar▸: grow without discounts\n" + REST, "yaml"),
    ("title: ▸@home\n" + REST, "yaml"),
    ('title: ▸"The checklist\n' + REST, "yaml"),
    ("title: ▸*checklist*\n" + REST, "yaml-feature"),
    ("title: ▸!important\n" + REST, "yaml-feature"),
    ("title: ▸[The checklist]\n" + REST, "wrong-shape"),
    ("title: The ▸{{ contact.email }}\n" + REST, "braces-misplaced"),
    ("title: The checklist\n▸title: Another\n" + REST, "duplicate-key"),
    (f"title: ▸{'long ' * 60}\n" + REST, "too-long"),
    ("▸" + REST, "missing-key"),
    ("▸title:\n" + REST, "missing-key"),
    (HEAD + "enrol:\n▸\ton: signup\n", "yaml"),
    (HEAD + "enrol:\n  on: signup\n ▸form: checklist\n", "yaml"),
    (WHOLE + "▸nonsense\n", "yaml"),
]

KEYS = [
    (WHOLE + "▸tittle: The checklist\n", "unknown-key"),
    (WHOLE + "▸Kind: letter\n", "unknown-key"),
    (HEAD + "enrol:\n  on: signup\n  ▸from: checklist\n", "unknown-key"),
    ("title: x\nstage: ▸nurturing\ntopic: Newsletter\nenrol:\n  on: signup\n", "unknown-stage"),
    ("title: x\nstage: nurture\ntopic: ▸Newsleter\nenrol:\n  on: signup\n", "unknown-topic"),
    (WHOLE + "kind: ▸newsleter\n", "unknown-kind"),
    (WHOLE + "status: ▸life\n", "unknown-status"),
    (WHOLE + "template: ▸letters\n", "unknown-template"),
    (WHOLE + "window: ▸Mon-Fri\n", "bad-window"),
    (WHOLE + "window: ▸17:00-09:00\n", "window-never-opens"),
    (WHOLE + "window: ▸Mo-Fr 09:00-17:00\n", "bad-window"),
    (WHOLE + "at most: ▸3 unread\n", "bad-at-most"),
    (WHOLE + "at most: ▸0 emails\n", "bad-at-most"),
    (WHOLE + "from: ▸Mia at Glow Studio\n", "bad-address"),
    (WHOLE + "reply to: ▸mia@\n", "bad-address"),
    (WHOLE + "reply to: ▸mia@glow.example, ben@glow.example\n", "bad-address"),
    (WHOLE + "every: ▸now and then\n", "bad-duration"),
    (WHOLE + "date: ▸2026-02-30\n", "bad-date"),
    (WHOLE + "date: ▸tomorrow\n", "bad-date"),
    (WHOLE + "date: ▸calendar mothersday\n", "unknown-calendar"),
    (WHOLE + "date: ▸contact.birthdate\n", "unknown-field"),
    (WHOLE + "date: ▸contact.phone\n", "not-a-date"),
    (WHOLE + "date: ▸event.starts\n", "no-event"),
    (WHOLE + "date: ▸form.hair\n", "not-a-date"),
    (EVENT + "date: ▸event.stars\n", "unknown-event-field"),
    (EVENT + "date: ▸event.service\n", "not-a-date"),
    (EVENT + "date: ▸form.first_name\n", "no-form"),
    (WHOLE + "▸every: year\n", "no-date"),
    (WHOLE + "test: ▸{short: 45%, long: 45%}\n", "bad-test"),
    (WHOLE + "test: {short: 50%, ▸Long: 50%}\n", "bad-test"),
    (WHOLE + "test: {short: ▸half, long: 50%}\n", "bad-test"),
]

ENROLMENTS = [
    (HEAD + "enrol:\n  on: ▸sign-up\n", "bad-trigger"),
    (HEAD + "enrol:\n  on: ▸signup checklist\n", "bad-trigger"),
    (HEAD + "enrol:\n  on: ▸event\n", "bad-trigger"),
    (HEAD + "enrol:\n  on: becomes ▸customer\n", "unknown-stage"),
    (HEAD + "enrol:\n  on: ▸quiet visit.completed\n", "bad-trigger"),
    (HEAD + "enrol:\n  on: quiet visit.completed for ▸ages\n", "bad-duration"),
    (HEAD + "enrol:\n  on: event ▸visit.complete\n  again: never\n", "unknown-event"),
    (HEAD + "enrol:\n  ▸on: event visit.completed\n", "again-missing"),
    (HEAD + "enrol:\n  ▸when: contact.phone\n", "missing-key"),
    (HEAD + "enrol:\n  on: signup\n  again: ▸sometimes\n", "bad-again"),
    (HEAD + "enrol:\n  on: signup\n  again: after ▸a while\n", "bad-duration"),
    (HEAD + "enrol:\n  on: signup\n  existing: ▸everybody\n", "bad-existing"),
    (HEAD + "enrol:\n  on: signup\n  form: ▸cheklist\n", "unknown-form"),
    (HEAD + "enrol:\n  on: manual\n  ▸form: checklist\n", "form-without-signup"),
    (HEAD + 'enrol:\n  on: signup\n  when: contact.stage == "▸leed"\n', "unknown-value"),
    (HEAD + "enrol:\n  on: signup\n  when: ▸contact.stage #1\n", "lost-text"),
    (HEAD + 'enrol:\n  on: signup\n  when: "vip" ▸in contact.tags\n', "yaml"),
    (HEAD + "enrol: ▸signup\n", "wrong-shape"),
    (HEAD + "▸enrol:\n  on: date\n", "no-date"),
    (HEAD + "enrol:\n  on: ▸tagged very important\n", "bad-trigger"),
    (HEAD + "enrol:\n  on: ▸rhythm\n", "bad-trigger"),
    (HEAD + "enrol:\n  on: rhythm ▸visit.complete\n", "unknown-event"),
    ("▸" + HEAD + "enrol:\n  on: rhythm visit.completed\n", "unknown-rhythm"),
    ("▸" + HEAD + "enrol:\n  on: quiet purchase for 2 rhythms\n", "unknown-rhythm"),
]

EXITS = [
    (WHOLE + "stop:\n  ▸event: client.left\n", "wrong-shape"),
    (WHOLE + "stop:\n  - event: ▸client.gone\n", "unknown-event"),
    (WHOLE + "stop:\n  - ▸event: client.left\n    when: contact.phone\n", "wrong-shape"),
    (WHOLE + "stop:\n  - when: contact.stage ▸= 3\n", "one-equals"),
    (WHOLE + "goal:\n  ▸within: 3 days\n", "wrong-shape"),
    (WHOLE + "goal:\n  event: client.left\n  within: ▸soon\n", "bad-duration"),
    (WHOLE + "goal:\n  event: client.left\n  stay: ▸maybe\n", "unknown-value"),
    (EVENT + "goal:\n  when: event.▸reason\n", "unknown-event-field"),
    (WHOLE + "stop:\n  - ▸same: appointment.cancelled\n", "no-event"),
    (WHOLE + "goal:\n  ▸same: appointment.cancelled\n", "no-event"),
    (EVENT + "stop:\n  - same: ▸appointment.canceled\n", "unknown-event"),
]


def found(text: str) -> list[str]:
    return [f"{each.place.line}:{each.place.column}: {each.code}" for each in problems_of(text)]


@pytest.mark.parametrize(("front", "code"), TEXTS + KEYS + ENROLMENTS + EXITS)
def test_a_broken_front_matter_is_told_once_and_in_its_place(front: str, code: str) -> None:
    text, place = marked(sequence(front, STEP))
    assert found(text) == [f"{place}: {code}"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("▸Dear friends,\n\n" + STEP, "no-front-matter"),
        ("▸---\n" + WHOLE + STEP, "no-front-matter"),
        ("---\n" + WHOLE + "---\n▸Dear friends\n" + STEP, "text-above-steps"),
        ("▸---\n" + WHOLE + "---\n", "no-steps"),
        ("---\n▸---\n" + STEP, "yaml"),
    ],
)
def test_a_file_without_its_parts_is_told_so(text: str, code: str) -> None:
    text, place = marked(text)
    assert found(text)[0] == f"{place}: {code}"


def test_two_blanks_before_a_comment_lose_nothing() -> None:
    front = "title: We are one  # of many\n" + REST + "status: draft # until Monday\n"
    assert found(sequence(front)) == []


def test_an_expression_in_quotes_is_found_where_it_stands() -> None:
    text, place = marked(sequence(HEAD + "enrol:\n  on: signup\n  when: '\"vip\" in contact.▸tag'\n"))
    assert found(text) == [f"{place}: unknown-field"]
