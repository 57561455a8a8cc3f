"""What it was measured on: numbers without their machine say nothing."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from importlib.metadata import version
from pathlib import Path

import psutil
from sqlalchemy import text

from benchmarks.installation import Installation
from service.settings import ROOT

PACKAGES = ("granian", "flask", "sqlalchemy", "psycopg", "redis", "rq", "jinja2", "mjml-python", "itsdangerous")
SYNCS = 100
BLOCK = bytes(8192)  # a page of PostgreSQL's log


def describe(installation: Installation) -> dict[str, object]:
    """The hardware, the versions, and what makes an acknowledged write safe."""
    return {
        "cores": os.cpu_count(),
        "processor": _model(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "fdatasync_ms": _fdatasync(installation.home.path),
        "revision": _revision(),
        "versions": _versions(installation),
        "durability": {name: _shown(installation, name) for name in ("fsync", "synchronous_commit")},
    }


def load_average() -> list[float]:
    """Of the last 1, 5 and 15 minutes: what else the machine has to do."""
    return [round(each, 2) for each in os.getloadavg()]


def _model() -> str:
    """The processor's name, as Linux knows it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _fdatasync(folder: Path) -> float:
    """Milliseconds to get a page onto the disk that the database lives on; the mean of a hundred."""
    path = folder / "fdatasync"
    with path.open("wb") as file:
        began = time.perf_counter()
        for _ in range(SYNCS):
            file.write(BLOCK)
            file.flush()
            os.fsync(file.fileno()) if not hasattr(os, "fdatasync") else os.fdatasync(file.fileno())
        took = time.perf_counter() - began
    path.unlink()
    return round(1000 * took / SYNCS, 2)


def _revision() -> str:
    """The commit, and whether the tree was changed since; empty outside of git."""
    asked = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return asked.stdout.strip()


def _versions(installation: Installation) -> dict[str, str]:
    info = installation.runtime.redis.info("server")
    assert isinstance(info, dict)
    servers = {
        "postgresql": _shown(installation, "server_version"),
        "valkey": str(info.get("valkey_version") or info["redis_version"]),
    }
    return servers | {name: version(name) for name in PACKAGES}


def _shown(installation: Installation, name: str) -> str:
    with installation.runtime.session() as session:
        return str(session.execute(text(f"SHOW {name}")).scalar_one())
