from __future__ import annotations

import os
import subprocess
import sys

from service.local.lock import Lock

HOLD = "import sys; from pathlib import Path; from service.local.lock import Lock; lock = Lock(Path(sys.argv[1]));" + (
    " assert lock.take('a test'); print('held', flush=True); sys.stdin.read()"
)


def test_one_holds_it_and_the_others_learn_who(tmp_path):
    mine, other = Lock(tmp_path / "lock"), Lock(tmp_path / "lock")
    assert mine.take("everafter up")
    assert not other.take("everafter plan")
    assert not other.share()
    assert other.holder == (os.getpid(), "everafter up")
    mine.release()
    assert other.take("everafter plan")
    assert mine.holder == (os.getpid(), "everafter plan")
    other.release()


def test_several_share_it_and_nobody_holds_it_alone(tmp_path):
    first, second, alone = (Lock(tmp_path / "lock") for _ in range(3))
    assert first.share()
    assert second.share()
    assert not alone.take("x")
    first.release()
    assert not alone.take("x")
    second.release()
    assert alone.take("x")
    alone.release()


def test_a_killed_holder_holds_nothing(tmp_path):
    path = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout.readline() == b"held\n"
        lock = Lock(path)
        assert not lock.take("x")
        assert lock.holder == (holder.pid, "a test")
        holder.kill()
        holder.wait()
        assert lock.take("x")
        lock.release()
