"""What is said in an SMTP session, reply by reply, without a line."""

from __future__ import annotations

import time

import pytest

from service.ports import Message, Refused, Sent, TryLater, Uncertain
from service.providers.smtp_dialogue import Closed, Dialogue

SOON = 1e12  # far ahead of time.monotonic()
ENVELOPE = b"MAIL FROM:<mia@glow.example>\r\nRCPT TO:<ana@example.org>\r\nDATA\r\n"


def message(number: int = 1, raw: bytes = b"Hello\r\n") -> Message:
    return Message(number, f"key-{number}", "mia@glow.example", "ana@example.org", raw)


def said(dialogue: Dialogue) -> bytes:
    """What it writes, handed over to a line that takes everything."""
    out = bytes(dialogue.out)
    dialogue.wrote(len(out))
    return out


def outcomes(dialogue: Dialogue) -> list[object]:
    return [outcome for _, outcome in dialogue.settled]


def invited(mail: Message) -> Dialogue:
    """Its server took the envelope, and waits for the mail."""
    dialogue = Dialogue(pipelining=True)
    dialogue.begin(mail, SOON)
    said(dialogue)
    dialogue.hear(b"250 fine\r\n250 fine\r\n354 go on\r\n")
    return dialogue


def test_an_envelope_goes_in_one_write_where_the_server_takes_it() -> None:
    dialogue = Dialogue(pipelining=True)
    dialogue.begin(message(), SOON)
    assert said(dialogue) == ENVELOPE


def test_without_pipelining_each_command_waits_for_its_reply() -> None:
    dialogue = Dialogue(pipelining=False)
    dialogue.begin(message(), SOON)
    lines = []
    for reply in (b"250 fine\r\n", b"250 fine\r\n", b"354 go on\r\n"):
        lines.append(said(dialogue))
        dialogue.hear(reply)
    assert b"".join(lines) == ENVELOPE
    assert len(lines) == 3
    assert said(dialogue) == b"Hello\r\n.\r\n"
    assert not dialogue.is_free
    dialogue.hear(b"250 taken\r\n")
    assert outcomes(dialogue) == [Sent("taken")]


def test_the_next_envelope_stands_behind_a_final_dot() -> None:
    dialogue = Dialogue(pipelining=True)
    dialogue.begin(message(1), SOON)
    assert not dialogue.is_free
    said(dialogue)
    dialogue.hear(b"250 fine\r\n250 fine\r\n354 go on\r\n")
    assert dialogue.is_free
    dialogue.begin(message(2), SOON)
    assert not dialogue.is_free
    assert said(dialogue) == b"Hello\r\n.\r\n" + ENVELOPE
    dialogue.hear(b"250 one\r\n250 fine\r\n250 fine\r\n354 go on\r\n")
    said(dialogue)
    dialogue.hear(b"250 two\r\n")
    assert outcomes(dialogue) == [Sent("one"), Sent("two")]


def test_replies_may_come_in_any_pieces_and_of_many_lines() -> None:
    dialogue = Dialogue(pipelining=True)
    dialogue.begin(message(), SOON)
    said(dialogue)
    for byte in b"250-first\r\n250 fine\r\n250 fine\r\n354 go on\r\n":
        dialogue.hear(bytes([byte]))
    said(dialogue)
    dialogue.hear(b"250-queued\r\n250 as 7\r\n")
    assert outcomes(dialogue) == [Sent("queued\nas 7")]


def test_a_refused_recipient_whose_data_was_taken_gets_nothing_but_a_dot() -> None:
    """RFC 2920, section 3.1."""
    dialogue = Dialogue(pipelining=True)
    dialogue.begin(message(), SOON)
    said(dialogue)
    dialogue.hear(b"250 fine\r\n550 no such user\r\n354 go on\r\n")
    assert said(dialogue) == b".\r\n"
    assert not outcomes(dialogue)
    dialogue.hear(b"250 an empty mail for nobody\r\n")
    assert [str(each) for each in outcomes(dialogue)] == ["550 no such user"]
    dialogue.begin(message(2), SOON)
    assert said(dialogue) == ENVELOPE


@pytest.mark.parametrize("pipelining", [True, False])
def test_a_transaction_that_no_data_ended_is_reset_before_the_next(pipelining: bool) -> None:
    dialogue = Dialogue(pipelining=pipelining)
    dialogue.begin(message(), SOON)
    said(dialogue)
    if pipelining:
        dialogue.hear(b"250 fine\r\n450 later\r\n503 no recipient\r\n")
    else:
        dialogue.hear(b"250 fine\r\n")
        said(dialogue)
        dialogue.hear(b"450 later\r\n")
    (outcome,) = outcomes(dialogue)
    assert isinstance(outcome, TryLater)
    assert outcome.code == "450"
    dialogue.begin(message(2), SOON)
    assert said(dialogue).startswith(b"RSET\r\n")


def test_what_is_said_against_the_sender_counts_and_not_what_follows_from_it() -> None:
    dialogue = Dialogue(pipelining=True)
    dialogue.begin(message(), SOON)
    dialogue.hear(b"451 too much of you\r\n503 no sender\r\n503 no recipient\r\n")
    (outcome,) = outcomes(dialogue)
    assert isinstance(outcome, TryLater)
    assert (outcome.code, outcome.in_all) == ("451", True)


def test_a_line_lost_before_the_final_dot_left_proves_that_nothing_was_taken() -> None:
    dialogue = invited(message(raw=b"x" * 50_000 + b"\r\n"))
    dialogue.wrote(len(dialogue.out) - 1)
    assert dialogue.lose("cut") == []
    assert isinstance(outcomes(dialogue)[0], TryLater)


def test_a_line_lost_after_it_proves_nothing_and_who_stood_behind_it_waits_again() -> None:
    dialogue = invited(message(1))
    dialogue.begin(message(2), SOON)
    said(dialogue)
    assert [each.delivery_id for each in dialogue.lose("cut")] == [2]
    assert isinstance(outcomes(dialogue)[0], Uncertain)


def test_who_stood_behind_a_mail_that_was_put_off_by_a_closing_server_waits_again() -> None:
    dialogue = invited(message(1))
    dialogue.begin(message(2), SOON)
    with pytest.raises(Closed):
        dialogue.hear(b"421 closing\r\n")
    assert [each.delivery_id for each in dialogue.lose("421 closing")] == [2]
    assert isinstance(outcomes(dialogue)[0], TryLater)


def test_who_stood_behind_another_until_the_time_was_over_does_not_leave() -> None:
    dialogue = invited(message(1))
    dialogue.begin(message(2), time.monotonic() - 1)
    said(dialogue)
    with pytest.raises(Closed):
        dialogue.hear(b"250 one\r\n250 fine\r\n250 fine\r\n354 go on\r\n")
    assert not dialogue.out
    assert dialogue.lose("closed") == []
    first, second = outcomes(dialogue)
    assert isinstance(first, Sent)
    assert isinstance(second, TryLater)
    assert second.code == "budget"


def test_an_answer_to_a_mail_that_is_no_smtp_proves_nothing() -> None:
    dialogue = invited(message())
    said(dialogue)
    with pytest.raises(Closed):
        dialogue.hear(b"HTTP/1.1 400 Bad Request\r\n")
    assert isinstance(outcomes(dialogue)[0], Uncertain)


def test_a_server_that_speaks_unasked_is_closing() -> None:
    with pytest.raises(Closed):
        Dialogue(pipelining=True).hear(b"421 idle for too long\r\n")


@pytest.mark.parametrize(
    "recipient", ["ana@example.org>\r\nRCPT TO:<eve@example.org", "ana ana@example.org", "añá@x.y"]
)
def test_an_address_that_would_be_a_command_is_refused_before_a_word_is_said(recipient: str) -> None:
    dialogue = Dialogue(pipelining=True)
    dialogue.begin(Message(1, "key", "mia@glow.example", recipient, b"Hello\r\n"), SOON)
    assert not dialogue.out
    assert dialogue.is_free
    assert isinstance(outcomes(dialogue)[0], Refused)


def test_lines_that_begin_with_a_dot_get_another_and_the_last_line_its_end() -> None:
    dialogue = invited(message(raw=b".a\r\n..b\r\nc"))
    assert said(dialogue) == b"..a\r\n...b\r\nc\r\n.\r\n"
