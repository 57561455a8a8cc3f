from __future__ import annotations

import os
import smtplib
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from service.local import mailbox
from service.local.mailbox import Keeper
from service.local.port import answers, free_port
from service.settings import ROOT
from tests.cli.command import everafter
from tests.waiting import until

MAIL = b"From: a@example.org\r\nSubject: Hello\r\n\r\n.A line with a dot\r\nna\xc3\xafve\r\n"


@pytest.fixture
def box(tmp_path):
    """The real process, and its port."""
    port = free_port("127.0.0.1", 0)
    told = {"EVERAFTER_HOME": str(tmp_path), "SMTP_URL": f"smtp://127.0.0.1:{port}"}
    with subprocess.Popen([sys.executable, "-m", "service.cli", "mailbox"], env=os.environ | told, cwd=ROOT) as process:
        until(lambda: answers("127.0.0.1", port), "the mailbox answers")
        yield port
        process.terminate()
        assert process.wait(60) == 0


def kept(folder: Path) -> list[bytes]:
    return [mail.read_bytes() for mail in sorted((folder / "mailbox" / "new").iterdir())]


def test_a_mail_is_kept_byte_for_byte_behind_its_envelope(box, tmp_path):
    with smtplib.SMTP("127.0.0.1", box) as line:
        line.sendmail("bounces@example.org", ["ana@example.org", "bo@example.org"], MAIL)
    trace = b"Return-Path: <bounces@example.org>\r\nDelivered-To: ana@example.org\r\nDelivered-To: bo@example.org\r\n"
    assert kept(tmp_path) == [trace + MAIL]
    assert list((tmp_path / "mailbox" / "tmp").iterdir()) == []


def test_addresses_beyond_ascii_are_taken(box, tmp_path):
    with smtplib.SMTP("127.0.0.1", box) as line:
        line.ehlo()
        line.sendmail("a@example.org", ["änne@example.org"], MAIL, mail_options=["SMTPUTF8", "BODY=8BITMIME"])
    assert "Delivered-To: änne@example.org".encode() in kept(tmp_path)[0]


def test_a_mail_that_is_too_large_is_refused(box, tmp_path):
    with smtplib.SMTP("127.0.0.1", box) as line, pytest.raises(smtplib.SMTPException):
        line.sendmail("a@example.org", ["b@example.org"], b"Subject: x\r\n\r\n" + b"x" * 80 * 400_000)
    assert kept(tmp_path) == []


def test_only_so_many_mails_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(mailbox, "KEPT", 3)
    keeper = Keeper(tmp_path / "mailbox")
    for number in range(5):
        (tmp_path / "mailbox" / "new" / f"176000000{number}.M0").write_text(str(number))
    (tmp_path / "mailbox" / "cur" / "1759999999.M0:2,S").write_text("oldest, read")
    keeper._prune()
    left = sorted(mail.name for mail in (tmp_path / "mailbox" / "new").iterdir())
    assert left == ["1760000002.M0", "1760000003.M0", "1760000004.M0"]
    assert list((tmp_path / "mailbox" / "cur").iterdir()) == []


def test_it_never_listens_to_the_world(tmp_path):
    told = {"EVERAFTER_HOME": str(tmp_path), "SMTP_URL": "smtp://0.0.0.0:2525"}
    done = everafter("mailbox", **told)
    assert done.returncode == 1
    assert done.stderr == "The mailbox listens on this machine alone, not on 0.0.0.0.\n"


def test_a_port_in_use_is_said_without_a_traceback(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        told = {"EVERAFTER_HOME": str(tmp_path), "SMTP_URL": f"smtp://127.0.0.1:{other.getsockname()[1]}"}
        done = everafter("mailbox", **told)
    assert done.returncode == 1
    assert "can't listen" in done.stderr
    assert "Traceback" not in done.stderr
