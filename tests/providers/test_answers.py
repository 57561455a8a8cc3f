"""What providers answer that is theirs alone, and what it proves."""

from __future__ import annotations

import pytest

from service.ports import HandOverError, Refused, Sent, TryLater, Uncertain
from tests.providers.bench import opened
from tests.providers.dialects import Reply
from tests.providers.mails import message

TAKEN = "0a129aee-e1cd-480d-b08d-4f48548ff48d"
# The provider, what it answers, what comes of it, and for how long it holds all mail (0: it is about this mail).
ANSWERS = [
    ("postmark", Reply(200, [{"Message": "accepted, but delivery may be delayed", "MessageID": TAKEN}]), Sent, 0),
    ("postmark", Reply(200, [{"ErrorCode": 300, "Message": "Invalid 'To' address"}]), Refused, 0),
    ("postmark", Reply(200, [{"ErrorCode": 400, "Message": "no Sender Signature"}]), TryLater, 300),
    ("postmark", Reply(200, [{"ErrorCode": 1235, "Message": "no such MessageStream"}]), TryLater, 300),
    ("postmark", Reply(200, [{"ErrorCode": 100, "Message": "Maintenance"}]), TryLater, None),
    ("postmark", Reply(422, {"ErrorCode": 402, "Message": "Invalid JSON"}), Refused, 0),
    ("sendgrid", Reply(403, {"errors": [{"message": "not a verified Sender Identity"}]}), TryLater, 300),
    ("sendgrid", Reply(413, {"errors": [{"message": "too large"}]}), Refused, 0),
    ("sendgrid", Reply(429, headers={"X-RateLimit-Reset": "x"}), TryLater, None),
    ("resend", Reply(403, {"name": "invalid_api_key", "message": "API key is invalid"}), TryLater, 300),
    ("resend", Reply(422, {"name": "validation_error", "message": "Invalid `from` field"}), Refused, 0),
    ("resend", Reply(451, {"name": "security_error", "message": "invalid characters"}), Refused, 0),
    ("resend", Reply(429, {"name": "daily_quota_exceeded"}, {"Retry-After": "1"}), TryLater, 3600),
    ("mailjet", Reply(400, {"ErrorCode": "mj-0031", "ErrorMessage": "Malformed JSON"}), Refused, 0),
    ("mailjet", Reply(403, {"ErrorMessage": "You are not authorized"}), TryLater, 300),
    ("mailjet", Reply(400, raw=b"<html>"), Uncertain, 0),
    ("mailjet", Reply(401, raw=b"<html>"), TryLater, 300),
    ("mailjet", Reply(429, raw=b"<html>", headers={"Retry-After": "9"}), TryLater, 9),
    *(
        ("mailjet", Reply(400, {"Messages": [{"Status": "error", "Errors": [{"StatusCode": status}]}]}), kind, after)
        for status, kind, after in ((400, Refused, 0), (401, TryLater, 300), (429, TryLater, None), (500, Uncertain, 0))
    ),
]


@pytest.mark.parametrize(("name", "reply", "kind", "after"), ANSWERS)
def test_an_answer_proves(name: str, reply: Reply, kind: type[Sent | HandOverError], after: float | None) -> None:
    with opened(name) as bench:
        bench.api.faults.append(reply)
        [outcome] = bench.send([message(1)])
        assert type(outcome) is kind
        assert len(bench.api.requests) == 1
        if isinstance(outcome, TryLater):
            assert (outcome.in_all, outcome.after) == (True, after)


def test_a_key_is_used_again_with_the_same_mails_and_with_no_others() -> None:
    """Resend keeps it for a day: a mail that comes again in other company is another request."""
    with opened("resend") as bench:
        bench.send([message(1), message(2)])
        bench.send([message(1), message(2)])
        bench.send([message(1), message(3)])
        keys = [request.headers["idempotency-key"] for request in bench.api.requests]
        assert keys[0] == keys[1] != keys[2]
        assert [taken.delivery for taken in bench.dialect.taken] == ["1", "2", "1", "3"]


def test_a_first_try_that_is_still_under_way_is_waited_for() -> None:
    with opened("resend") as bench:
        conflict = Reply(409, {"name": "concurrent_idempotent_requests", "message": "in progress"})
        bench.api.faults.extend([conflict, conflict])
        [outcome] = bench.send([message(1)])
        assert isinstance(outcome, Sent)
        assert len(bench.dialect.taken) == 1
