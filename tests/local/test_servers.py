from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import psutil
import psycopg
import pytest

from service.local.error import LocalError
from service.local.home import Home
from service.local.servers import servers
from service.settings import ROOT, read_settings
from tests.local.homes import fresh_home, plain

# Another command of the same home: holds its servers until it is told to end.
COMMAND = """
import sys
from service.local.servers import servers
from service.settings import read_settings
with servers(read_settings({"EVERAFTER_HOME": sys.argv[1]}), "a test") as settings:
    print(settings.database_url, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def home():
    with fresh_home() as home:
        yield home


def settings_of(home: Home, **more: str):
    return read_settings({"EVERAFTER_HOME": str(home.path), **more})


def command(home: Home) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, str(home.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def database_answers(url: str) -> bool:
    try:
        with psycopg.connect(plain(url)):
            return True
    except psycopg.OperationalError:
        return False


def test_outside_servers_are_taken_as_they_are(home):
    given = settings_of(home, DATABASE_URL="postgresql://db.example.org/x", REDIS_URL="redis://redis.example.org")
    with servers(given) as settings:
        assert settings == given
    assert not (home.postgres / "data").exists()


def test_embedded_servers_run_for_the_duration_and_keep_their_data(home):
    with servers(settings_of(home)) as settings:
        assert database_answers(settings.database_url)
        with psycopg.connect(plain(settings.database_url)) as connection:
            connection.execute("CREATE TABLE promise AS SELECT 42")
    assert not database_answers(settings.database_url)
    with servers(settings_of(home)) as settings, psycopg.connect(plain(settings.database_url)) as connection:
        assert connection.execute("TABLE promise").fetchone() == (42,)


def test_a_second_command_uses_the_servers_of_the_first_and_keeps_them_until_it_ends(home):
    with command(home) as first:
        url = first.stdout.readline().strip()
        with servers(settings_of(home)) as settings:
            assert settings.database_url == url
            first.stdin.close()  # the first is done, and waits for us
            time.sleep(0.5)
            assert first.poll() is None
            assert database_answers(url)
        assert first.wait(60) == 0
        assert not database_answers(url)


def test_what_a_killed_command_left_behind_is_no_hindrance(home):
    with command(home) as first:
        url = first.stdout.readline().strip()
        first.kill()
        first.wait()
    with servers(settings_of(home)) as settings:
        assert settings.database_url == url
        assert database_answers(url)


def test_nothing_outlives_a_killed_command(home):
    with command(home) as first:
        first.stdout.readline()
        family = psutil.Process(first.pid).children(recursive=True)
        assert {"postgres", "valkey-server"} <= {process.name() for process in family}
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        assert psutil.wait_procs(family, timeout=60)[1] == []


def test_a_process_of_a_deployment_makes_no_database_of_its_own(home):
    with pytest.raises(LocalError, match="DATABASE_URL"), servers(settings_of(home), start=False):
        pass
    assert not (home.postgres / "data").exists()
    with servers(settings_of(home)) as running, servers(settings_of(home), start=False) as settings:
        assert settings.database_url == running.database_url
