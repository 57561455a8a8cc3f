"""`everafter up` itself, with all its real processes."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

import psutil
import psycopg
import pytest

from service.local.home import Home
from service.local.port import free_port
from service.local.postgres import Postgres
from service.local.servers import servers
from service.settings import ROOT, Settings, read_settings
from tests.local.homes import fresh_home, left_of, plain

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    with fresh_home() as home:
        yield home


@pytest.fixture
def port() -> int:
    return free_port("127.0.0.1", 0)


@contextmanager
def up(home: Home, port: int, *more: str, **told: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "service.cli", "up", "--home", str(home.path), "--port", str(port), *more]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT, env=os.environ | told
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


def read_until(process: subprocess.Popen[str], words: str) -> str:
    seen = ""
    for line in process.stdout:
        seen += line
        if words in line:
            return seen
    raise AssertionError(f"never said {words!r}:\n{seen}")


def status(port: int, path: str = "/healthz") -> int:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        line.request("GET", path)
        return line.getresponse().status
    except OSError:
        return 0
    finally:
        line.close()


def wait_for(what, patience: float = 60):
    deadline = time.monotonic() + patience
    while not (found := what()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def settings_of(home: Home) -> Settings:
    """Those of another command on that home."""
    return read_settings({"EVERAFTER_HOME": str(home.path)})


def family_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def child(process: subprocess.Popen[str], *words: str) -> psutil.Process | None:
    """The direct child whose command line ends with `words`, or is called so."""
    for found in psutil.Process(process.pid).children():
        with suppress(psutil.NoSuchProcess):  # a zombie too
            if found.cmdline()[-len(words) :] == list(words) or found.name() in words:
                return found
    return None


class Run(NamedTuple):
    """An `up` that is up: its process, the port of its site, and what it said so far."""

    process: subprocess.Popen[str]
    port: int
    said: str


@pytest.fixture
def run(home: Home, port: int) -> Iterator[Run]:
    """One of this test's own: which tests come before it in the same process, nobody knows."""
    with up(home, port) as process:
        yield Run(process, port, read_until(process, "Home"))


def test_whatever_dies_comes_back(run):
    web = child(run.process, "web", "--port", str(run.port))
    workers = web.children(recursive=True)
    web.kill()
    read_until(run.process, "web was ended by SIGKILL")
    assert [worker for worker in workers if worker.is_running()] == []
    wait_for(lambda: status(run.port) == 200)
    for name in ("postgres", "valkey-server"):
        old = child(run.process, name)
        old.kill()
        wait_for(lambda name=name, old=old: (new := child(run.process, name)) is not None and new != old)
    wait_for(lambda: status(run.port, "/readyz") == 200)


def test_it_serves_until_it_is_told_to_end_and_then_leaves_nothing_behind(home, run):
    assert f"http://127.0.0.1:{run.port}/healthz" in run.said
    assert "Mailbox" in run.said
    assert status(run.port) == 200
    family = family_of(run.process)
    assert {"postgres", "valkey-server"} <= {member.name() for member in family}
    second = subprocess.run(
        [sys.executable, "-m", "service.cli", "up", "--home", str(home.path)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
        check=False,
    )
    assert second.returncode == 1
    assert f"already (pid {run.process.pid})" in second.stderr
    with servers(settings_of(home)) as settings:
        assert settings.base_url == f"http://127.0.0.1:{run.port}"
    run.process.terminate()
    assert run.process.wait(60) == 0
    assert left_of(family) == []


def test_ctrl_c_ends_it_while_it_starts(home, port):
    with up(home, port) as process:
        read_until(process, "database")
        family = family_of(process)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        assert left_of(family) == []


def test_a_kill_leaves_nothing_and_the_next_start_finds_all_its_data(home, port):
    with up(home, port) as process:
        read_until(process, "Home")
        with servers(settings_of(home)) as settings, psycopg.connect(plain(settings.database_url)) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42")
        family = family_of(process)
        assert len(family) > 6
        process.kill()
        process.wait()
        assert psutil.wait_procs(family, timeout=60)[1] == []
        assert status(port) == 0
    with up(home, port) as process:
        read_until(process, "Home")
        assert status(port) == 200
        with servers(settings_of(home)) as settings, psycopg.connect(plain(settings.database_url)) as connection:
            assert connection.execute("TABLE kept").fetchone() == (42,)


def test_a_port_in_use_is_said_before_anything_starts(home):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with up(home, port) as process:
            said = process.stdout.read()
            assert process.wait(60) == 1
    assert f"Port {port} is in use by" in said
    assert f"(pid {os.getpid()})" in said
    assert "Traceback" not in said


def test_a_database_that_is_away_is_waited_for(home, port):
    """An outside server, that comes up a while after us."""
    with fresh_home() as elsewhere:
        server = Postgres(elsewhere)
        with server:
            url = server.url
        with up(home, port, DATABASE_URL=url) as process:
            said = read_until(process, "again in 1 s")
            assert "The database can't be used" in said
            with server:
                read_until(process, "Home")
                assert status(port, "/readyz") == 200
                process.terminate()
                assert process.wait(60) == 0
