"""Conditions as people say them; what has no words stays as it was written."""

from __future__ import annotations

import pytest

from service.domain.sequence.sentence import in_words

TITLES = {"your-checklist": "your checklist"}


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ('clicked("your-checklist")', "they clicked in “your checklist”"),
        ('not clicked("your-checklist")', "they did not click in “your checklist”"),
        ("not clicked(“your-checklist”)", "they did not click in “your checklist”"),
        ('done("set-up")', "“set-up” is done"),
        ("contact.phone", "their phone is known"),
        ("not contact.phone", "their phone is not known"),
        ('contact.stage == "lead"', "their stage is “lead”"),
        ('not contact.stage == "lead"', "their stage is not “lead”"),
        ('event.reason != "unhappy"', "the event’s reason is not “unhappy”"),
        ('count("visit.completed") >= 2', "the number of “visit.completed” is at least 2"),
        ('not count("visit.completed") >= 2', "the number of “visit.completed” is less than 2"),
        ('total("purchase", within="1 year") > 500', "the sum of “purchase” in the last year is more than 500"),
        ('not sent("third-visit", within="14 days")', "they did not get “third-visit” in the last 14 days"),
        ('answer("a-month") in ["partly", "no"]', "their answer to “a-month” is “partly” or “no”"),
        ("days_since(contact.client_since) >= 180", "the days since the day they became a client is at least 180"),
        ('not upcoming("appointment")', "they have no appointment ahead"),
        ('arm == "short"', "their arm of the test is “short”"),
        ("referral.count == 0", "the number of friends they brought is 0"),
        ('contact.phone and tagged("vip")', "their phone is known and they are tagged “vip”"),
        ('not (contact.phone or tagged("vip"))', "their phone is not known and they are not tagged “vip”"),
        (
            '(contact.phone or contact.address) and consented("Newsletter")',
            "(their phone is known or their address is known) and they agreed to “Newsletter”",
        ),
        ("event.starts | day == 3", "`event.starts | day == 3` holds"),
        ("1 < 2 < 3", "`1 < 2 < 3` holds"),
        ("((", "`((` holds"),
    ],
)
def test_a_condition_in_words(source: str, words: str) -> None:
    assert in_words(source, TITLES) == words
