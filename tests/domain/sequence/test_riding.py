"""What a step does beside its mail: fields it sets, tags it gives and takes, whom it calls and lets in."""

from __future__ import annotations

import pytest

from service.domain.sequence.findings import Fault
from service.domain.sequence.riding import read_tags
from tests.domain.sequence.paper import BUSINESS, FRONT, marked, problems_of, read, sequence

KNOWN = BUSINESS.replace("lead: person", "lead: person, visits: number, next_visit: date, gone: yes-no, paid: money")
KNOWN += "webhooks: {crm: 'https://crm.example/hook'}\n"


def found(action: str) -> list[str]:
    problems = problems_of(sequence(FRONT, f"## Day 0: hello\n{action}\n"), KNOWN)
    return [f"{each.place.line}:{each.place.column}: {each.code}" for each in problems]


@pytest.mark.parametrize(
    "action",
    [
        'Set: contact.stage = "former"',
        "Set: contact.stage = “former”",
        'Set: contact.lead = "front-desk"',
        'Set: contact.prefers = "phone" if contact.phone else "email"',
        'Set: contact.visits = count("visit.completed")',
        'Set: contact.paid = total("purchase")',
        "Set: contact.next_visit = today",
        'Set: contact.next_visit = "2027-03-01"',
        'Set: contact.birthday = "02-29"',
        "Set: contact.gone = true",
        'Set: contact.gone = tagged("gone")',
        "Set: contact.favourite_dish = none",
        "Set: contact.favourite_dish = form.hair",
        "Tag: +vip, -cold",
        "Webhook: crm",
        "Leave: all",
        "Leave: welcome",
    ],
)
def test_an_action_that_can_be_done_is_taken(action: str) -> None:
    read(sequence(FRONT, f"## Day 0: hello\n{action}\n"), KNOWN)


@pytest.mark.parametrize(
    ("action", "code"),
    [
        ('Set: ▸contact.stage == "former"', "bad-set"),
        ("Set: ▸contact.stage", "bad-set"),
        ("Set: contact.stage =▸", "bad-set"),
        ('Set: ▸stage = "former"', "bad-set"),
        ('Set: ▸event.name = "former"', "bad-set"),
        ('Set: contact.▸email = "ana@example.org"', "bad-set"),
        ('Set: contact.▸tags = "vip"', "bad-set"),
        ('Set: contact.▸favorite_dish = "soup"', "unknown-field"),
        ('Set: contact.stage = "▸customer"', "unknown-value"),
        ('Set: contact.stage = "former" if ▸phone else "lead"', "unknown-name"),
        ('Set: contact.lead = "▸desk"', "wrong-type"),
        ("Set: contact.favourite_dish = ▸3", "wrong-type"),
        ('Set: contact.visits = "▸three"', "wrong-type"),
        ("Set: contact.visits = ▸today", "wrong-type"),
        ("Set: contact.visits = ▸contact.phone", "wrong-type"),
        ('Set: contact.next_visit = "▸soon"', "wrong-type"),
        ('Set: contact.next_visit = ▸count("purchase")', "wrong-type"),
        ("Set: contact.gone = ▸today", "wrong-type"),
        ('Set: contact.paid = ▸tagged("paid")', "wrong-type"),
        ("Tag: ▸vip", "bad-tag"),
        ("Tag: +vip, ▸cold", "bad-tag"),
        ("Tag: +vip,▸", "bad-tag"),
        ("Tag: ▸+very important", "bad-tag"),
        ("Webhook: ▸cmr", "unknown-webhook"),
        ("Enrol: ▸welcom", "unknown-sequence"),
        ("Leave: ▸everything", "unknown-sequence"),
    ],
)
def test_an_action_that_can_not_be_done_is_told_in_its_place(action: str, code: str) -> None:
    text, place = marked(action)
    assert found(text) == [f"{9 + int(place[0])}:{place[2:]}: {code}"]


def test_tags_come_and_go() -> None:
    assert read_tags("+vip, -cold,+ new") == (("vip", "new"), ("cold",))
    with pytest.raises(Fault) as fault:
        read_tags("+vip, cold")
    assert (fault.value.at, fault.value.hint) == (6, "write `+cold` or `-cold`")
