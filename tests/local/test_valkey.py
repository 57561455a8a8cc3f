from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys

import psutil
import pytest
import redis

from service.local.valkey import Valkey
from tests.local.homes import fresh_home
from tests.waiting import until


@pytest.fixture
def home():
    with fresh_home() as home:
        yield home


def test_it_is_reached_by_its_socket_and_its_password_alone(home):
    with Valkey(home) as server:
        process = psutil.Process(server.child.process.pid)
        assert process.net_connections("inet") == []
        password = (home.valkey / "password").read_text().strip()
        assert password not in " ".join(process.cmdline())
        for secret in (home.valkey / "password", home.valkey / "valkey.conf"):
            assert stat.S_IMODE(secret.stat().st_mode) == 0o600
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(unix_socket_path=str(home.sockets / "valkey.sock")).ping()


def test_it_refuses_rather_than_forgets_when_it_is_full(home):
    with Valkey(home) as server, redis.Redis.from_url(server.url) as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_what_it_took_is_there_after_a_kill(home):
    with Valkey(home) as server, redis.Redis.from_url(server.url) as client:
        client.xadd("hits", {"kind": "open"})
        until(lambda: client.info("persistence")["aof_buffer_length"] == 0, "the kernel has it")
        os.kill(server.child.process.pid, signal.SIGKILL)
        server.child.process.wait()
    with Valkey(home) as server, redis.Redis.from_url(server.url) as client:
        assert client.xlen("hits") == 1


def test_a_server_that_a_killed_run_left_behind_is_ended(home):
    left = Valkey(home)
    left.__enter__()
    with redis.Redis.from_url(left.url) as client:
        client.set("promise", "kept")
    with Valkey(home) as server, redis.Redis.from_url(server.url) as client:
        assert left.child.process.wait(20) == 0
        assert client.get("promise") == b"kept"


def test_a_pid_file_that_names_another_process_does_it_no_harm(home):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as foreign:
        (home.run / "valkey.pid").write_text(f"{foreign.pid}\n")
        with Valkey(home):
            assert foreign.poll() is None
        foreign.kill()


def test_a_pid_file_that_names_a_process_without_words_is_no_leftover_either(home):
    """A thread of the kernel; for a moment, whatever is just being started."""
    wordless = next((each.pid for each in psutil.process_iter() if each.ppid() == 2 and not each.cmdline()), None)
    if wordless is None:
        pytest.skip("the kernel's threads are not seen from here")
    (home.run / "valkey.pid").write_text(f"{wordless}\n")
    with Valkey(home) as server:
        assert redis.Redis.from_url(server.url).ping()


def test_a_home_with_quotes_and_spaces_in_its_name_works():
    with fresh_home('the "best" sälon \\ ever') as home, Valkey(home) as server:
        assert redis.Redis.from_url(server.url).ping()
