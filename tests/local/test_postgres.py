from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import psycopg
import pytest

from service.local.error import LocalError
from service.local.postgres import Postgres
from service.settings import ROOT
from tests.local.homes import fresh_home, lives, plain
from tests.waiting import until


@pytest.fixture(scope="module")
def made():
    """A home whose PostgreSQL has run once."""
    with fresh_home() as home:
        with Postgres(home):
            pass
        yield home


@pytest.fixture
def home(made):
    """A copy of it."""
    with fresh_home() as home:
        shutil.copytree(made.postgres, home.postgres, dirs_exist_ok=True)
        yield home


@pytest.fixture
def new_home():
    with fresh_home() as home:
        yield home


def ask(server: Postgres, question: str) -> object:
    with psycopg.connect(plain(server.url), autocommit=True) as connection:
        answer = connection.execute(question.encode())
        return answer.fetchone()[0] if answer.description else None


def test_data_survives_a_restart(new_home):
    with Postgres(new_home) as server:
        ask(server, "CREATE TABLE promise AS SELECT 42 AS word")
        assert ask(server, "SHOW synchronous_commit") == ask(server, "SHOW fsync") == "on"
        assert ask(server, "SHOW timezone") == "UTC"
    with Postgres(new_home) as server:
        assert ask(server, "SELECT word FROM promise") == 42


def test_it_is_reached_by_its_socket_and_its_password_alone(home):
    with Postgres(home) as server:
        process = psutil.Process(server.child.process.pid)
        assert process.net_connections("inet") == []
        assert stat.S_IMODE((home.sockets / "postgres").stat().st_mode) == 0o700
        assert stat.S_IMODE((home.postgres / "password").stat().st_mode) == 0o600
        assert (home.postgres / "password").read_text().strip() not in " ".join(process.cmdline())
        for address in (
            f"host={home.sockets}/postgres user=everafter dbname=everafter password=guess",
            f"host={home.sockets}/postgres user=everafter dbname=everafter",
        ):
            with pytest.raises(psycopg.OperationalError, match="password"):
                psycopg.connect(address)


def test_a_server_that_a_killed_run_left_behind_is_ended(home):
    left = Postgres(home)
    left.__enter__()
    ask(left, "CREATE TABLE promise AS SELECT 42 AS word")
    with Postgres(home) as server:
        assert left.child.process.wait(20) == 0  # a clean end, not a crash
        assert ask(server, "SELECT word FROM promise") == 42


def test_a_pid_file_that_names_another_process_does_it_no_harm(home):
    with Postgres(home):
        pass
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as foreign:
        (home.postgres / "data" / "postmaster.pid").write_text(
            f"{foreign.pid}\n{home.postgres}/data\n0\n5432\n\n\n\n\n"
        )
        Postgres(home)._end_leftover()
        assert foreign.poll() is None
        foreign.kill()


def test_it_recovers_from_a_kill_in_the_middle_of_things(home):
    with Postgres(home) as server:
        ask(server, "CREATE TABLE promise AS SELECT 42 AS word")
        family = psutil.Process(server.child.process.pid).children()
        os.kill(server.child.process.pid, signal.SIGKILL)
        server.child.process.wait()
        until(lambda: not any(map(lives, family)), "its own children have noticed")
    with Postgres(home) as server:
        assert ask(server, "SELECT word FROM promise") == 42


def test_a_start_that_was_cut_off_is_begun_again(new_home):
    (new_home.postgres / "data.new" / "base").mkdir(parents=True)
    with Postgres(new_home) as server:
        assert ask(server, "SELECT 1") == 1


def test_a_very_long_home_works_like_any_other():
    with fresh_home(Path("a-very-long-name-" * 12) / ("and-another-" * 15)) as home:
        with Postgres(home) as server:
            assert ask(server, "SELECT 1") == 1
        shutil.rmtree(home.sockets)


def test_data_of_another_version_is_refused(new_home):
    data = new_home.postgres / "data"
    data.mkdir()
    (data / "PG_VERSION").write_text("17\n")
    with pytest.raises(LocalError, match="PostgreSQL 17"):
        Postgres(new_home).__enter__()


def test_the_reason_of_a_failed_start_is_told(home):
    with pytest.raises(LocalError, match="shared_buffers"):
        Postgres(home, {"shared_buffers": "many"}).__enter__()


# As root, on a machine that refuses user namespaces.
REFUSING = (sys.executable, str(ROOT / "tests/local/refuse_namespaces.py"))
START = """
import sys; from pathlib import Path; import psutil
from service.local.home import Home; from service.local.postgres import Postgres
home = Home(Path(sys.argv[1])); home.make()
for _ in range(2):
    with Postgres(home) as server:
        print(psutil.Process(server.child.process.pid).uids().effective, server.url)
"""


def _can_refuse_namespaces() -> bool:
    return os.geteuid() == 0 and subprocess.run([*REFUSING, "true"], capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not _can_refuse_namespaces(), reason="needs root, and a machine that has user namespaces")
def test_root_without_namespaces_runs_it_as_somebody_else(new_home):
    done = subprocess.run(
        [*REFUSING, sys.executable, "-c", START, str(new_home.path)],
        capture_output=True,
        check=False,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    assert first == second
    assert int(first.split()[0]) != 0
    assert stat.S_IMODE((new_home.postgres / "data").stat().st_mode) == 0o700


@pytest.mark.skipif(not _can_refuse_namespaces(), reason="needs root, and a machine that has user namespaces")
def test_root_without_namespaces_is_told_of_a_closed_door(tmp_path):
    (tmp_path / "closed").mkdir(mode=0o700)
    done = subprocess.run(
        [*REFUSING, sys.executable, "-c", START, str(tmp_path / "closed" / "home")],
        capture_output=True,
        check=False,
        text=True,
        cwd=ROOT,
    )
    assert "can't be reached" in done.stderr
    assert "DATABASE_URL" in done.stderr
