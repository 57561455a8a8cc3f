"""The few lines between fork and exec: end with the starter, leave root, then become the command.

Run as a script, `python -I -S tether.py PLAN COMMAND…`, and not as a `preexec_fn`, which isn't safe beside threads
and can't enter a user namespace from a process that has any. It imports nothing but the standard library. PLAN is
JSON: `parent` (the starter's pid), `signal` (what to get when the starter is killed), and for a command that
refuses to run as root `owned` (folders it must own), `open` (folders it must be able to pass) and `fallback`
(an unprivileged user's uid and gid).
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import stat
import sys
from pathlib import Path
from typing import Any

CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1


def main() -> None:
    plan = json.loads(sys.argv[1])
    command = sys.argv[2:]
    reset_signals()
    if plan.get("owned") and os.geteuid() == 0:
        leave_root(plan)
        refuse_closed_doors([Path(command[0]), *map(Path, plan["owned"])])
    end_with(plan["parent"], plan["signal"])
    os.execv(command[0], command)  # noqa: S606 (the command is ours)


def reset_signals() -> None:
    """Give back what Python and the starter changed and exec would hand on: the mask and the ignored signals."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def leave_root(plan: dict[str, Any]) -> None:
    """Go on without root's rights: as the folders' owner, in a user namespace of our own, or as a fallback user.

    In the namespace the files stay root's, so nothing has to be opened to others. Containers often refuse it.
    """
    uid, gid = plan["fallback"]
    owner = Path(plan["owned"][0]).stat()
    if owner.st_uid == 0 and enter_namespace(uid, gid):
        return
    if owner.st_uid != 0:
        uid, gid = owner.st_uid, owner.st_gid
    for folder in plan["owned"]:
        give(Path(folder), uid, gid)
    for folder in plan["open"]:
        path = Path(folder)
        path.chmod(path.stat().st_mode | stat.S_IXGRP | stat.S_IXOTH)
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)


def enter_namespace(uid: int, gid: int) -> bool:
    """Become `uid` in a new user namespace that maps it to ourselves; False where the machine refuses."""
    if sys.platform != "linux" or ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWUSER) != 0:
        return False
    outer_uid, outer_gid = 0, 0
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {outer_uid} 1")
    Path("/proc/self/gid_map").write_text(f"{gid} {outer_gid} 1")
    return True


def give(folder: Path, uid: int, gid: int) -> None:
    if folder.stat().st_uid == uid:
        return
    for path in (folder, *folder.rglob("*")):
        os.chown(path, uid, gid, follow_symlinks=False)


def refuse_closed_doors(paths: list[Path]) -> None:
    for path in paths:
        if not os.access(path, os.X_OK):
            sys.exit(
                f"PostgreSQL doesn't run as root, and without root's rights {path} can't be reached: a folder above it "
                "is closed to others. Run Everafter as the user who owns it, keep project and home where every user "
                "may pass, or set DATABASE_URL."
            )


def end_with(parent: int, number: int) -> None:
    """Get `number` when the starter's thread ends, however it ends (Linux only)."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
    if os.getppid() != parent:  # it ended before we could ask
        sys.exit(1)


if __name__ == "__main__":
    main()
