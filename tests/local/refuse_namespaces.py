"""Run a command as root on a machine that refuses user namespaces, as most containers do: `refuse_namespaces.py CMD…`.

The command runs in a namespace of its own that knows all users, and in which no further one may be made. Needs root.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

CLONE_NEWUSER = 0x10000000


def main() -> None:
    parent_reads, child_writes = os.pipe()
    child_reads, parent_writes = os.pipe()
    child = os.fork()
    if child == 0:
        if ctypes.CDLL(None).unshare(CLONE_NEWUSER) != 0:
            os._exit(77)
        os.write(child_writes, b"x")
        os.read(child_reads, 1)
        Path("/proc/sys/user/max_user_namespaces").write_text("0")
        os.execvp(sys.argv[1], sys.argv[1:])
    os.close(child_writes)
    if os.read(parent_reads, 1):
        for kind in ("uid_map", "gid_map"):
            Path(f"/proc/{child}/{kind}").write_text("0 0 65536")
    os.write(parent_writes, b"x")
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


main()
