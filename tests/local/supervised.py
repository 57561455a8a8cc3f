"""A supervisor over small processes, run as a process: `supervised.py HOME PATIENCE CHILD…`, each in SCRIPTS."""

from __future__ import annotations

import signal
import sys
from contextlib import suppress
from pathlib import Path

from service.local.child import Child
from service.local.home import Home
from service.local.orphans import MARK, adopt_orphans, end_leftovers, mark_run
from service.local.stop import Stopped, stop_on_signals
from service.local.supervisor import Supervisor

SLEEP = "import time; time.sleep(600)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('here', flush=True);" + SLEEP
FAMILY = f"""
import subprocess, sys
beside = subprocess.Popen([sys.executable, "-c", {SLEEP!r}])
apart = subprocess.Popen([sys.executable, "-c", {SLEEP!r}], start_new_session=True)
print(beside.pid, apart.pid, flush=True)
{SLEEP}
"""
SCRIPTS = {
    "steady": f"print('here', flush=True); {SLEEP}",
    "polite": "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: (print('bye'), sys.exit(0)));"
    f"print('here', flush=True); {SLEEP}",
    "flaky": "print('trying', flush=True); raise SystemExit(3)",
    "stubborn": STUBBORN,
    "family": FAMILY,
    "talkative": "while True: print('x' * 1000)",
    "silent": SLEEP,
}


def show(name: str, line: str) -> None:
    with suppress(BrokenPipeError):
        print(name, line, flush=True)


def main() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # as at a terminal, even where the tests run under nohup
    home = Home(Path(sys.argv[1]))
    home.make()
    adopt_orphans()
    print("left", end_leftovers(home), flush=True)
    supervisor = Supervisor(home, show)
    mark = {MARK: mark_run(home)}
    try:
        with stop_on_signals():
            try:
                supervisor.start([Child(name, (sys.executable, "-c", SCRIPTS[name]), mark) for name in sys.argv[3:]])
                supervisor.run()
            finally:
                supervisor.stop(patience=float(sys.argv[2]))
    except Stopped:
        print("ended", flush=True)


if __name__ == "__main__":
    main()
