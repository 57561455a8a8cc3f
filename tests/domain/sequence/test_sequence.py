"""A sequence in which nothing is wrong arrives in the model as it was meant."""

from __future__ import annotations

from datetime import time
from decimal import Decimal

import pytest

from service.domain.sequence.model.duration import Duration, Unit
from service.domain.sequence.model.enrol import Again, Enrol, Trigger
from service.domain.sequence.model.exit import AtMost
from service.domain.sequence.model.place import Place
from service.domain.sequence.model.sequence import Sequence, Status
from service.domain.sequence.model.step import Action, Anchor, Step, When
from service.domain.sequence.model.words import placeholder
from service.domain.sequence.vocabulary import Kind, Stage
from service.domain.window import Span, Window
from tests.domain.sequence.paper import BUSINESS, FRONT, STEP, read, sequence

PATH = "sequences/welcome.md"


def written(front: str = FRONT, steps: str = STEP) -> Sequence:
    found = read(sequence(front, steps)).sequence("welcome")
    assert found is not None
    return found


def step(text: str) -> Step:
    return written(steps=text).steps[-1]


def front(*lines: str, stage: str = "nurture", enrol: str = "on: signup") -> str:
    head = f"title: The checklist\nstage: {stage}\ntopic: Newsletter\nenrol:\n"
    return head + "".join(f"  {line}\n" for line in enrol.split("\n")) + "".join(f"{line}\n" for line in lines)


def test_a_sequence_says_where_it_lives_and_who_enters() -> None:
    found = written()
    assert (found.key, found.title, found.stage, found.topic) == (
        "welcome",
        "The checklist",
        Stage.NURTURE,
        "Newsletter",
    )
    assert found.enrol == Enrol((Trigger("signup"),))
    assert (found.status, found.template, found.window, found.goal) == (Status.LIVE, "letter", None, None)


@pytest.mark.parametrize(
    ("stage", "kind", "at_most"),
    [
        ("nurture", Kind.LETTER, AtMost(3, True)),
        ("onboarding", Kind.ONBOARDING, None),
        ("delight", Kind.DELIGHT, None),
        ("rebooking", Kind.NUDGE, AtMost(3, True)),
        ("referral", Kind.REFERRAL, AtMost(3, True)),
        ("farewell", Kind.LETTER, None),
    ],
)
def test_the_stage_gives_the_kind_of_mail_and_how_long_silence_lasts(
    stage: str, kind: Kind, at_most: AtMost | None
) -> None:
    found = written(front(stage=stage))
    assert (found.kind, found.at_most, found.steps[0].kind) == (kind, at_most, kind)


def test_every_key_of_the_front_matter_is_read() -> None:
    found = written(
        front(
            "kind: offer",
            "date: 2027-03-11 18:00",
            "every: 3 months",
            "stop:",
            "  - event: client.left",
            "  - same: visit.completed",
            '  - when: contact.stage == "client"',
            "goal: {event: appointment.booked, within: 30 days, stay: yes}",
            "at most: 5 emails",
            "window: Mon-Fri 09:00-17:00, 20:00-24:00",
            "test: {short: 45%, long: 45%, holdout: 10%}",
            "status: paused",
            "from: Ben <ben@glow.example>",
            "reply to: desk@glow.example",
            "template: plain",
            enrol="on: [signup, tagged vip, event purchase]\nform: checklist\nwhen: contact.phone\n"
            "again: after 90 days\nexisting: 20 a day",
        )
    )
    assert found.enrol.on == (Trigger("signup"), Trigger("tagged", "vip"), Trigger("event", "purchase"))
    assert (found.enrol.form, found.enrol.existing) == ("checklist", "20 a day")
    assert found.enrol.when is not None
    assert (found.enrol.when.source, found.enrol.when.place) == ("contact.phone", Place(PATH, 8, 9))
    assert (found.enrol.again, found.enrol.again_after) == (Again.AFTER, Duration(Decimal(90), Unit.DAYS))
    assert [(each.event, each.same, each.when and each.when.source) for each in found.stop] == [
        ("client.left", None, None),
        (None, "visit.completed", None),
        (None, None, 'contact.stage == "client"'),
    ]
    assert found.goal is not None
    assert (found.goal.event, found.goal.within, found.goal.stay) == (
        "appointment.booked",
        Duration(Decimal(30), Unit.DAYS),
        True,
    )
    assert found.window == Window(
        (Span(frozenset(range(5)), time(9), time(17)), Span(frozenset(range(7)), time(20), time.max))
    )
    assert (found.kind, found.date, found.at_most, found.status) == (
        Kind.OFFER,
        "2027-03-11 18:00",
        AtMost(5, False),
        Status.PAUSED,
    )
    assert found.every == Duration(Decimal(3), Unit.MONTHS)
    assert found.arms == (("short", 45), ("long", 45), ("holdout", 10))
    assert (found.sender, found.reply_to, found.template) == ("Ben <ben@glow.example>", "desk@glow.example", "plain")


@pytest.mark.parametrize(
    ("on", "trigger", "again"),
    [
        ("signup", Trigger("signup"), Again.NEVER),
        ("manual", Trigger("manual"), Again.NEVER),
        ("becomes client", Trigger("becomes", "client"), Again.NEVER),
        ("tagged vip", Trigger("tagged", "vip"), Again.NEVER),
        ("rhythm visit.completed", Trigger("rhythm", "visit.completed"), Again.ALWAYS),
        (
            "quiet visit.completed for 1.75 rhythms",
            Trigger("quiet", "visit.completed", Duration(Decimal("1.75"), Unit.RHYTHMS)),
            Again.ALWAYS,
        ),
    ],
)
def test_each_way_in_has_its_own_custom_of_coming_again(on: str, trigger: Trigger, again: Again) -> None:
    enrol = written(front(enrol=f"on: {on}")).enrol
    assert (enrol.on, enrol.again) == ((trigger,), again)


def test_a_farewell_is_said_once_without_saying_so() -> None:
    assert written(front(stage="farewell", enrol="on: event client.left")).enrol.again is Again.NEVER


@pytest.mark.parametrize(
    ("heading", "when"),
    [
        ("Day 0", When(Anchor.DAY)),
        ("day 3 at 10:00", When(Anchor.DAY, days=3, at=time(10))),
        ("Day 4-20 at 10:00", When(Anchor.DAY, days=4, last_day=20, at=time(10))),
        ("3 days later", When(Anchor.LATER, duration=Duration(Decimal(3), Unit.DAYS))),
        ("1 hour later", When(Anchor.LATER, duration=Duration(Decimal(1), Unit.HOURS))),
        ("2 weeks later at 09:30", When(Anchor.LATER, duration=Duration(Decimal(2), Unit.WEEKS), at=time(9, 30))),
    ],
)
def test_a_heading_says_when(heading: str, when: When) -> None:
    assert step(f"## {heading}: hello\nSubject: Hello\n\nWell?\n").when == when


@pytest.mark.parametrize(
    ("heading", "when"),
    [
        ("1 day before at 10:00", When(Anchor.BEFORE, duration=Duration(Decimal(1), Unit.DAYS), at=time(10))),
        ("2 hours after", When(Anchor.AFTER, duration=Duration(Decimal(2), Unit.HOURS))),
        ("On the day at 09:00", When(Anchor.ON_THE_DAY, at=time(9))),
    ],
)
def test_a_heading_may_count_from_a_date(heading: str, when: When) -> None:
    text = f"## {heading}: hello\nSubject: Hello\n\nWell?\n"
    assert written(front("date: contact.birthday"), text).steps[0].when == when


def test_a_heading_may_count_in_the_persons_own_rhythm() -> None:
    text = sequence(FRONT, "## 0.35 rhythms later: hello\nSubject: Hello\n\nWell?\n")
    library = read(text, BUSINESS + "rhythm: {visit.completed: {else: 6 weeks}}\n")
    rhythms = Duration(Decimal("0.35"), Unit.RHYTHMS)
    assert library.sequences[0].steps[0].when == When(Anchor.LATER, duration=rhythms)


def test_fields_stand_below_the_heading_with_blank_lines_or_without_in_any_case() -> None:
    text = "## Day 0: hello\n\nkind: service\nSUBJECT: Hello\n\nPreview:   Five minutes\n\nMonday: kick-off. Well?\n"
    found = step(text)
    assert (found.kind, found.subjects[0].text) == (Kind.SERVICE, "Hello")
    assert found.preview is not None
    assert (found.preview.text, found.preview.place) == ("Five minutes", Place(PATH, 14, 12))
    assert found.body is not None
    assert (found.body.line, found.body.blocks) == (16, (("text", None, "Monday: kick-off. Well?\n"),))


def test_every_field_of_a_mail_is_read() -> None:
    found = step(
        "## Day 0: hello\nSubject: Hello\nIf: contact.phone\nDrop after: 1 day\nKind: offer\nWindow: any\n"
        "Template: plain\nFrom: Ben <ben@glow.example>\nReply to: desk@glow.example\nId: first\n"
        "Wait for: contact.company\nWait up to: 3 days\n\nWell?\n"
    )
    assert (found.key, found.title, found.kind, found.template) == ("first", "hello", Kind.OFFER, "plain")
    assert (found.window, found.drop_after) == (Window.any(), Duration(Decimal(1), Unit.DAYS))
    assert (found.sender, found.reply_to) == ("Ben <ben@glow.example>", "desk@glow.example")
    assert (found.condition and found.condition.source) == "contact.phone"
    assert (found.wait_for and found.wait_for.source) == "contact.company"
    assert found.wait_up_to == Duration(Decimal(3), Unit.DAYS)
    assert found.is_email


def test_a_task_has_a_briefing_and_no_subject() -> None:
    found = step(
        "## Day 0: call\nTask: call her\nAssign: front-desk\nDue: 2 days\nCost: 6.00\nAsk: prefers, lead\n\n"
        "Call{% if contact.phone %} {{ contact.phone }}{% endif %}.\n"
    )
    assert found.task is not None
    assert (found.task.what, found.task.assign, found.task.cost) == ("call her", "front-desk", Decimal("6.00"))
    assert (found.task.due, found.task.ask) == (Duration(Decimal(2), Unit.DAYS), ("prefers", "lead"))
    assert not found.is_email
    assert found.body is not None
    assert [tag for tag, _, _ in found.body.blocks] == ["text", "if", "text", "endif", "text"]
    assert "".join(text for _, _, text in found.body.blocks) == f"Call {placeholder(0)}.\n"


def test_riding_actions_may_come_several_times_and_need_no_letter() -> None:
    found = step('## Day 0: tidy\nTag: +vip, -cold\nTag: +new\nLeave: all\nSet: contact.favourite_dish = "soup"\n')
    assert [(each.verb, each.text) for each in found.actions] == [
        ("tag", "+vip, -cold"),
        ("tag", "+new"),
        ("leave", "all"),
        ("set", 'contact.favourite_dish = "soup"'),
    ]
    assert found.actions[0] == Action("tag", "+vip, -cold", Place(PATH, 10, 6))
    assert found.body is None


def test_a_body_is_cut_at_its_conditions_and_its_merge_fields_are_numbered() -> None:
    found = step(
        '## Day 0: hello\nSubject: {{ contact.first_name or "You" }}, {{ business.name }}\n\n'
        'Hello {{ contact.first_name or "you" }}?\n\n{% if contact.phone %}\nWe call {{ contact.phone }}.\n'
        "{% elif contact.company %}\nA.\n{% else %}\nB.\n{% endif %}\n\nFrom {{ business.name }}\n"
    )
    subject, body = found.subjects[0], found.body
    assert subject.text == f"{placeholder(0)}, {placeholder(1)}"
    assert [each.source for each in subject.expressions] == ['contact.first_name or "You"', "business.name"]
    assert subject.expressions[1].place == Place(PATH, 10, 48)
    assert body is not None
    assert [(tag, condition and condition.source) for tag, condition, _ in body.blocks] == [
        ("text", None),
        ("if", "contact.phone"),
        ("text", None),
        ("elif", "contact.company"),
        ("text", None),
        ("else", None),
        ("text", None),
        ("endif", None),
        ("text", None),
    ]
    assert body.blocks[2][2] == f"\nWe call {placeholder(1)}.\n"
    assert [each.source for each in body.expressions] == [
        'contact.first_name or "you"',
        "contact.phone",
        "business.name",
    ]


def test_windows_line_ends_and_a_byte_order_mark_change_nothing() -> None:
    text = sequence(steps="## Day 0: hello\nSubject: Hello\n\nWell?\n\nYes.\n")
    library = read("\ufeff" + text.replace("\n", "\r\n"))
    assert library.sequences == read(text).sequences


def test_a_space_that_does_not_break_is_a_space_in_headings_and_fields() -> None:
    found = step(
        "##\u00a0Day\u00a03 at\u00a010:00: hello\nSubject:\u00a0Hello\u00a0you\nDrop after: 1\u00a0day\n\nWell?\n"
    )
    assert (found.when, found.title) == (When(Anchor.DAY, days=3, at=time(10)), "hello")
    assert (found.subjects[0].text, found.drop_after) == ("Hello\u00a0you", Duration(Decimal(1), Unit.DAYS))


@pytest.mark.parametrize("sender", ["mia@glow.example", "Mia <mia@glow.example>", '"Mia, Glow" <mia@glow.example>'])
def test_a_sender_is_one_address_with_a_name_or_without(sender: str) -> None:
    assert written(front(f"from: '{sender}'")).sender == sender
