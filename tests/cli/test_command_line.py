from __future__ import annotations

import subprocess
import sys

import pytest

from service.settings import ROOT
from tests.cli.command import everafter


def test_help_lists_the_commands_and_imports_none_of_them():
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "service.cli", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "migrate" in done.stdout
    imported = {line.rsplit("|", 1)[-1].strip() for line in done.stderr.splitlines()}
    assert "click" in imported
    assert not imported & {"sqlalchemy", "psycopg", "pydantic", "flask", "granian", "redis"}


def test_help_keeps_the_mailbox_to_itself():
    assert "mailbox" not in everafter("--help").stdout
    assert everafter("mailbox", "--help").returncode == 0


@pytest.mark.parametrize("command", ["up", "web", "worker", "beat", "migrate", "mailbox"])
def test_each_command_shows_an_example(command):
    done = everafter(command, "--help")
    assert done.returncode == 0
    assert "Example:" in done.stdout


def test_settings_that_are_wrong_are_all_said_at_once():
    done = everafter("migrate", BASE_URL="http://mail.example.org", SECRET_KEYS="short")
    assert done.returncode == 2
    assert "BASE_URL" in done.stderr
    assert "SECRET_KEYS" in done.stderr
    assert "Traceback" not in done.stderr
    assert "short" not in done.stderr.replace("SECRET_KEYS", "")


def test_an_unknown_command_is_a_wrong_call():
    command = [sys.executable, "-m", "service.cli", "upp"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "No such command" in done.stderr


def test_a_database_that_is_away_is_said_without_a_traceback(tmp_path):
    done = everafter(
        "migrate", DATABASE_URL=f"postgresql://x:secret@/x?host={tmp_path}", REDIS_URL="redis://127.0.0.1:1"
    )
    assert done.returncode == 1
    assert "The database can't be used" in done.stderr
    assert "secret" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["web", "worker", "beat"])
def test_a_process_without_servers_says_what_to_set(command, tmp_path):
    done = everafter(command, EVERAFTER_HOME=str(tmp_path))
    assert done.returncode == 1
    assert "DATABASE_URL" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "told",
    [
        {"MAIL_PROVIDER": "smtp", "SMTP_URL": "smtp://user:pw@mail.example.org:587"},
        {"MAIL_PROVIDER": "smtp", "SMTP_URL": "smtp://127.0.0.1.example.org"},
    ],
)
def test_a_hurried_journey_is_kept_from_real_people(told, tmp_path):
    done = everafter("up", "--home", str(tmp_path / "home"), "--speed", "86400", **told)
    assert done.returncode == 2
    assert "--speed" in done.stderr
    assert not (tmp_path / "home").exists()
