from __future__ import annotations

import os
import signal
import subprocess
import sys

import psutil
import pytest

from service.settings import ROOT

# A parent that forks a worker, as granian does.
PARENT = """
import multiprocessing, os, sys, time
from service.local.lifeline import die_with
def work(parent):
    time.sleep(float(sys.argv[1]))
    die_with(parent)
    time.sleep(600)
worker = multiprocessing.get_context("fork").Process(target=work, args=(os.getpid(),))
worker.start()
print(worker.pid, flush=True)
worker.join()
"""


@pytest.mark.parametrize("head_start", [0, 1], ids=["at once", "already gone when the watch begins"])
def test_a_worker_ends_with_its_parent_even_when_that_is_killed(head_start):
    with subprocess.Popen([sys.executable, "-c", PARENT, str(head_start)], stdout=subprocess.PIPE, cwd=ROOT) as parent:
        worker = psutil.Process(int(parent.stdout.readline()))
        assert worker.is_running()
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
        assert psutil.wait_procs([worker], timeout=60)[1] == []
