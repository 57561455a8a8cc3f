"""What each reply of a mail server proves, over real sockets."""

from __future__ import annotations

import time

import pytest

from service.ports import Message, Refused, Sent, TryLater, Uncertain
from service.providers.smtp import PER_CONNECTION, Smtp, read_url
from tests.providers.smtp_server import CUT, Script, serving

RAW = b"Subject: Hello\r\n\r\n.a line with a dot\r\nlast line\r\n"


def message(number: int = 1) -> Message:
    return Message(number, f"key-{number}", "mia@glow.example", "ana@example.org", RAW)


def send(script: Script, *messages: Message) -> list[object]:
    with serving(script) as url:
        provider = Smtp(url)
        try:
            return list(provider.send(messages or (message(),), time.monotonic() + 10))
        finally:
            provider.close()


def test_what_was_taken_is_sent_to_the_letter() -> None:
    script = Script()
    assert send(script) == [Sent("2.0.0 queued as 7")]
    assert script.taken == [RAW]


def test_one_session_carries_a_group_and_is_renewed_after_its_share() -> None:
    script = Script()
    outcomes = send(script, *(message(number) for number in range(PER_CONNECTION + 1)))
    assert all(isinstance(outcome, Sent) for outcome in outcomes)
    assert script.connections == 2


@pytest.mark.parametrize("verb", ["mail", "rcpt", "data", "end"])
@pytest.mark.parametrize(("code", "kind"), [(450, TryLater), (421, TryLater), (550, Refused)])
def test_a_refusal_is_for_good_with_5_and_for_later_with_4(verb: str, code: int, kind: type) -> None:
    (outcome,) = send(Script({verb: f"{code} said no"}))
    assert isinstance(outcome, kind)
    assert str(outcome) == f"{code} said no"


@pytest.mark.parametrize(
    ("verb", "kind"), [("mail", TryLater), ("rcpt", TryLater), ("data", TryLater), ("end", Uncertain)]
)
def test_a_cut_line_proves_something_only_before_the_final_dot(verb: str, kind: type) -> None:
    (outcome,) = send(Script({verb: CUT}))
    assert isinstance(outcome, kind)


def test_one_bad_recipient_blocks_no_other() -> None:
    script = Script()
    with serving(script) as url:
        provider = Smtp(url)
        script.replies["rcpt"] = "550 no such user"
        first = provider.send([message(1)], time.monotonic() + 10)
        del script.replies["rcpt"]
        second = provider.send([message(2)], time.monotonic() + 10)
        provider.close()
    assert isinstance(first[0], Refused)
    assert isinstance(second[0], Sent)
    assert script.connections == 1


def test_a_server_that_is_away_is_proof_that_nothing_was_taken() -> None:
    with serving(Script()) as url:
        pass
    (outcome,) = Smtp(url).send([message()], time.monotonic() + 10)
    assert isinstance(outcome, TryLater)
    assert outcome.code == "connect"


def test_a_mail_whose_turn_comes_too_late_has_not_left() -> None:
    script = Script()
    with serving(script) as url:
        (outcome,) = Smtp(url).send([message()], time.monotonic() - 1)
    assert isinstance(outcome, TryLater)
    assert script.connections == 0


def test_a_greeting_that_refuses_is_for_later() -> None:
    (outcome,) = send(Script(greeting="554 not today"))
    assert isinstance(outcome, TryLater)


def test_an_address_that_is_no_smtp_url_says_how_one_looks() -> None:
    with pytest.raises(ValueError, match=r"smtp://user:password@mail\.example\.org:587"):
        read_url("http://mail.example.org")
    server = read_url("smtps://a%40b:p%2Fw@mail.example.org")
    assert (server.user, server.password, server.port, server.implicit_tls) == ("a@b", "p/w", 465, True)
