"""Programs that we measure with: those that are installed, else Debian's, unpacked into the user's cache.

Nothing is installed, configured or started as a service. Where a program can't be had, the reason is said.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "everafter" / "benchmarks"
PLACES = ("usr/bin", "usr/sbin")
PATIENCE = 120  # seconds for a download


class Missing(Exception):  # noqa: N818 (what it says)
    """The program can't be had; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Program:
    path: str
    package: str  # its name and version
    environment: dict[str, str] = field(default_factory=dict)


def find(name: str, package: str, fetch: bool, libraries: Sequence[str] = ()) -> Program:
    """The program `name` of a Debian package; `libraries` are others that not every machine has. Raises Missing."""
    installed = shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin")))
    if installed:
        return Program(installed, _version(package))
    folder = CACHE / package
    if fetch and not _inside(folder, name):
        _fetch((package, *libraries), folder)
    path = _inside(folder, name)
    if path is None:
        raise Missing(f"{name} is not installed; on Debian: apt install {package}")
    archive = next(folder.glob(f"{package}_*.deb"), folder)
    libraries = os.pathsep.join(str(each) for each in (folder / "usr/lib").glob("**") if any(each.glob("*.so*")))
    environment = {"LD_LIBRARY_PATH": libraries} if libraries else {}
    program = Program(str(path), archive.stem.rpartition("_")[0].replace("_", " "), environment)
    _refuse_incomplete(program, name)
    return program


def _inside(folder: Path, name: str) -> Path | None:
    return next((folder / place / name for place in PLACES if (folder / place / name).exists()), None)


def _fetch(packages: Sequence[str], folder: Path) -> None:
    named = " ".join(packages)
    if not shutil.which("apt-get") or not shutil.which("dpkg"):
        raise Missing(f"this machine has no apt-get to fetch {named} with")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        subprocess.run(
            ["apt-get", "download", *packages], cwd=folder, check=True, capture_output=True, timeout=PATIENCE
        )
        for archive in folder.glob("*.deb"):
            subprocess.run(["dpkg", "-x", str(archive), str(folder)], check=True, capture_output=True)
    except subprocess.SubprocessError:
        raise Missing(f"`apt-get download {named}` failed; `apt-get update` may help") from None


def _refuse_incomplete(program: Program, name: str) -> None:
    """Debian's packages bring what they depend on in others, which may not be here."""
    asked = subprocess.run(
        ["ldd", program.path], env=os.environ | program.environment, capture_output=True, text=True, check=False
    )
    lacking = [line.split()[0] for line in asked.stdout.splitlines() if "not found" in line]
    if lacking:
        raise Missing(f"{name} needs {', '.join(lacking)}, which this machine doesn't have")


def _version(package: str) -> str:
    asked = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package} ${Version}", package], capture_output=True, text=True, check=False
    ) if shutil.which("dpkg-query") else None  # fmt: skip
    return asked.stdout if asked and asked.returncode == 0 else package
