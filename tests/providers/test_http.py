"""What a line to a provider keeps, and what its answers say."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from pathlib import Path
from threading import Timer

import pytest

from service.providers.http import LONGEST, retry_after
from service.providers.line import Line, Lost, NotReached, Patience
from service.providers.service import Answer, Call
from tests.providers.bench import dialect_of
from tests.providers.dialects import Reply
from tests.providers.http_server import serving

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("7", 7.0),
        (" 0.5 ", 0.5),
        ("999999999", LONGEST),
        ("Sun, 22 Nov 2026 12:01:30 GMT", 90.0),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("\xb2", None),
        ("٣", None),
        ("1e9", None),
        ("inf", None),
        ("9" * 400, None),
        ("Sun, 99 Nov 99999 12:01:30 GMT", None),
    ],
)
def test_a_pause_is_asked_for_in_seconds_or_by_a_date(said: str, seconds: float | None) -> None:
    assert retry_after(Answer(429, {"retry-after": said}, b""), NOW) == seconds


def test_no_cookie_no_proxy_and_no_password_of_this_machine_is_sent(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    line = Line()
    with serving(dialect_of("postmark")) as api:
        api.faults.extend([Reply(200, headers={"Set-Cookie": "a=b"}), Reply(200)])
        for _ in range(2):
            line.make(Call(api.url + "/x", b"{}"))
        assert not [each for each in api.requests if {"cookie", "authorization"} & each.headers.keys()]
    line.close()


def test_a_name_without_an_address_was_surely_not_reached() -> None:
    with pytest.raises(NotReached):
        Line(Patience(connect=0.5)).make(Call("https://api.nowhere.invalid/", b"{}"))


def test_a_deadline_that_passes_while_a_line_is_opened_ends_it_all_the_same() -> None:
    """The server has room for one caller; to whoever comes too early it is open a second later, and then silent."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server, socket.create_connection(server.getsockname()):
        room = Timer(0.5, server.accept)
        room.start()
        brief = Patience(connect=60.0, silence=60.0, deadline=0.1)
        with pytest.raises(NotReached, match=r"no whole answer within 0\.1 seconds"):
            Line(brief).make(Call(f"http://127.0.0.1:{server.getsockname()[1]}/", b"{}"))
        room.join()


def test_an_answer_that_is_cut_was_lost_and_says_nothing_of_what_was_sent() -> None:
    with serving(dialect_of("postmark")) as api:
        api.faults.append(Reply(200, raw=b"x" * 1_100_000))
        with pytest.raises(Lost, match="longer than a megabyte"):
            Line().make(Call(api.url + "/ana@example.org", b"{}"))
