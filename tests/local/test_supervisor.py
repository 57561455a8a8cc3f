from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from service.settings import ROOT
from tests.local.homes import left_of, lives


@contextmanager
def supervised(home, *children: str, patience: float = 60) -> Iterator[subprocess.Popen[str]]:
    """`patience`: seconds in which they may end by themselves."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.local.supervised", str(home), str(patience), *children],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


def read_until(process: subprocess.Popen[str], *starts: str) -> list[str]:
    """Lines, until there is one for each of `starts` to begin."""
    lines, missing = [], set(starts)
    for line in process.stdout:
        lines.append(line.strip())
        missing -= {start for start in missing if line.startswith(start)}
        if not missing:
            return lines
    raise AssertionError(f"no line begins with {missing} in {lines}")


def family_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def test_output_comes_behind_its_name_and_into_a_file(tmp_path):
    with supervised(tmp_path, "steady") as process:
        assert read_until(process, "steady") == ["left 0", "steady here"]
    assert (tmp_path / "log" / "steady.log").read_text() == "here\n"


def test_what_dies_is_started_again_after_growing_pauses(tmp_path):
    began = time.monotonic()
    with supervised(tmp_path, "flaky") as process:
        lines = [line for _ in range(3) for line in read_until(process, "up")]
    assert time.monotonic() - began >= 0.5 + 1
    assert [line for line in lines if line.startswith("up")] == [
        "up flaky ended with status 3; again in 0.5 s",
        "up flaky ended with status 3; again in 1 s",
        "up flaky ended with status 3; again in 2 s",
    ]
    assert lines.count("flaky trying") == 3


def test_the_whole_family_of_what_died_is_ended_before_it_starts_again(tmp_path):
    """A server's workers would go on serving beside the new ones, those in a session of their own too."""
    with supervised(tmp_path, "family") as process:
        read_until(process, "family")
        family = family_of(process)
        leader = next(child for child in family if child.ppid() == process.pid)
        assert len(family) == 3
        leader.kill()
        read_until(process, "up family was ended by SIGKILL")
        read_until(process, "family")
        assert [child for child in family if lives(child)] == []
        assert len(family_of(process)) == 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_all_of_them(tmp_path, number):
    with supervised(tmp_path, "polite", "family", "silent") as process:
        read_until(process, "polite", "family")
        family = family_of(process)
        assert len(family) == 5
        process.send_signal(number)
        lines = read_until(process, "ended")
        assert process.wait(60) == 0
        assert "polite bye" in lines
        assert left_of(family) == []


def test_what_does_not_listen_is_ended_after_a_while(tmp_path):
    with supervised(tmp_path, "stubborn", patience=1.5) as process:
        read_until(process, "stubborn")
        family = family_of(process)
        began = time.monotonic()
        process.terminate()
        assert process.wait(60) == 0
        assert time.monotonic() - began > 1.4
        assert left_of(family) == []


def test_a_process_that_never_stops_talking_keeps_nobody_from_ending(tmp_path):
    with supervised(tmp_path, "talkative") as process:
        read_until(process, "talkative")
        process.terminate()
        read_until(process, "ended")
        assert process.wait(60) == 0


def test_a_kill_of_the_supervisor_leaves_nothing_that_the_next_start_does_not_end(tmp_path):
    with supervised(tmp_path, "stubborn", "family") as process:
        read_until(process, "stubborn", "family")
        family = family_of(process)
        process.kill()
        process.wait()
    with supervised(tmp_path, "steady") as process:
        read_until(process, "steady")
        assert left_of(family) == []


def test_the_next_start_does_no_harm_to_others(tmp_path):
    """Not even to a process that took over the pid of ours: the mark decides."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "mark").write_text("0" * 32)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, env=os.environ) as foreign:
        with supervised(tmp_path, "steady") as process:
            assert read_until(process, "steady")[0] == "left 0"
            assert foreign.poll() is None
        foreign.kill()
