from __future__ import annotations

from dataclasses import replace

import pytest

from service.ports import Refused, TryLater, Uncertain
from service.providers.sparkpost import SparkPost
from service.providers.taken_apart import Mail
from tests.providers.dialects import Reply
from tests.providers.dialects.sparkpost import SparkPost as Account
from tests.providers.mails import message
from tests.providers.one_service import sent_one


@pytest.mark.parametrize(("region", "host"), [("us", "api.sparkpost.com"), ("eu", "api.eu.sparkpost.com")])
def test_each_region_has_an_address_of_its_own(region: str, host: str) -> None:
    call = SparkPost(SPARKPOST_KEY="k", SPARKPOST_REGION=region).call([Mail(message())])
    assert call.url == f"https://{host}/api/v1/transmissions"


@pytest.mark.parametrize(("limit", "seconds"), [("hourly", 900.0), ("daily", 3600.0), ("monthly", 3600.0)])
def test_over_a_limit_of_the_account_all_mail_waits(limit: str, seconds: float) -> None:
    said = {"errors": [{"message": f"Exceed Sending Limit ({limit})", "code": "2102"}]}
    outcome = sent_one(SparkPost, Account(), message(), Reply(420, said))
    assert isinstance(outcome, TryLater)
    assert (outcome.in_all, outcome.after) == (True, seconds)


def test_a_sending_domain_that_is_not_set_up_holds_all_mail() -> None:
    why = {"message": "Invalid domain", "description": "Unconfigured Sending Domain <glow.example>", "code": "7001"}
    outcome = sent_one(SparkPost, Account(), message(), Reply(400, {"errors": [why]}))
    assert isinstance(outcome, TryLater)
    assert outcome.in_all
    assert "Unconfigured Sending Domain" in outcome.reason


@pytest.mark.parametrize(
    ("counted", "kind"), [((0, 1), Refused), ((1, 1), Uncertain), ((0, 0), Uncertain), ((2, 0), Uncertain)]
)
def test_it_counts_whom_it_took(counted: tuple[int, int], kind: type) -> None:
    results = {"total_accepted_recipients": counted[0], "total_rejected_recipients": counted[1], "id": "1"}
    assert isinstance(sent_one(SparkPost, Account(), message(), Reply(200, {"results": results})), kind)


def test_bytes_that_json_cannot_carry_are_refused_before_they_leave() -> None:
    mail = replace(message(), raw=message().raw + b"\xff")
    outcome = sent_one(SparkPost, Account(), mail)
    assert isinstance(outcome, Refused)
    assert outcome.code == "encoding"
