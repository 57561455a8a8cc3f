"""Reviews are asked of everybody alike, and a friend is paid for once."""

from __future__ import annotations

import pytest

from service.domain.sequence.library import read_library
from tests.domain.sequence.paper import BUSINESS, FRONT, files, sequence

LINKED = BUSINESS.replace("links: {", "links: {review: https://glow.example/review, google-review: https://g.example, ")
ASK = "[Write a review](link:review)\n"
STEPS = """\
## Day 0: how was it
Subject: How was it?

[Good](answer:good) [Bad](answer:bad)

## Day 3: would you tell others
{field}Subject: Would you tell others?

{body}
"""
ON_ANSWER = FRONT.replace("  on: signup\n", "  on: event answer\n  again: never\n")


def warned(text: str, business: str = LINKED) -> list[tuple[int, str]]:
    found = read_library(files(text, business))[1]
    return [(each.place.line, each.code) for each in found if each.code in {"review-by-score", "rewarded-twice"}]


def asked(field: str = "", body: str = ASK, front: str = FRONT) -> list[tuple[int, str]]:
    return warned(sequence(front, STEPS.format(field=f"{field}\n" if field else "", body=body)))


@pytest.mark.parametrize("field", ["", 'If: not clicked("how-was-it")', 'If: count("visit.completed") > 1'])
def test_everybody_may_be_asked(field: str) -> None:
    assert asked(field) == []


@pytest.mark.parametrize(
    "field",
    [
        'If: answer("how-was-it") == "good"',
        'If: happened("praise.given")',
        'If: not happened("complaint.raised")',
    ],
)
def test_a_review_by_what_was_said_is_warned_of(field: str) -> None:
    assert [code for _, code in asked(field)] == ["review-by-score"]


def test_inside_a_letter_too() -> None:
    body = (
        '{% if answer("how-was-it") == "good" %}\n'
        + ASK
        + "{% else %}\nTell us more: [write](mailto:a@glow.example)\n{% endif %}\n"
    )
    assert [code for _, code in asked(body=body)] == ["review-by-score"]
    other = '{% if answer("how-was-it") == "good" %}\nThank you!\n{% endif %}\n\n' + ASK
    assert asked(body=other) == []
    named = '{% if answer("how-was-it") == "good" %}\n[Here](link:google-review)\n{% endif %}\n'
    assert [code for _, code in asked(body=named)] == ["review-by-score"]


def test_whoever_enters_by_a_good_answer() -> None:
    happy = ON_ANSWER + '  when: event.value == "good"\n'
    assert [code for _, code in asked(front=happy)] == ["review-by-score"]
    assert asked(front=happy, body="[Book](link:booking)\n") == []
    assert asked(front=ON_ANSWER) == []


THANKS = """\
title: Thanks
stage: referral
topic: Newsletter
enrol:
  on: event {event}
  again: always
"""
COUPON = '## Day 0: thanks\nSubject: Thank you\n\n{{ coupon("WELCOME-BACK") }} [Book](link:booking)\n'


@pytest.mark.parametrize(
    ("event", "programme", "codes"),
    [
        ("referral.qualified", "referral: {referrer: {text: a coffee}}\n", ["rewarded-twice"]),
        ("referral.qualified", "referral: {friend: {text: a coffee}}\n", []),
        ("referral.qualified", "", []),
        ("referral.rewarded", "referral: {referrer: {text: a coffee}}\n", []),
    ],
)
def test_a_coupon_beside_the_programmes_own_is_warned_of(event: str, programme: str, codes: list[str]) -> None:
    found = warned(sequence(THANKS.format(event=event), COUPON), LINKED + programme)
    assert [code for _, code in found] == codes
