from __future__ import annotations

import os
import signal
import subprocess
import sys

import psutil

from service.settings import ROOT

# A parent that forks a worker, as granian does.
PARENT = """
import multiprocessing, time
from service.local.lifeline import die_with_parent
def work():
    die_with_parent()
    time.sleep(600)
worker = multiprocessing.get_context("fork").Process(target=work)
worker.start()
print(worker.pid, flush=True)
worker.join()
"""


def test_a_worker_ends_with_its_parent_even_when_that_is_killed():
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, cwd=ROOT) as parent:
        worker = psutil.Process(int(parent.stdout.readline()))
        assert worker.is_running()
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
        assert psutil.wait_procs([worker], timeout=20)[1] == []
