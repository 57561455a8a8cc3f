"""PostgreSQL and Valkey for a command: outside ones, those that run on its home, or embedded ones for its duration.

One process at a time owns a home (`up.lock`); it alone starts and stops servers there, and leaves a note of what
runs. Others use what it runs and hold `users.lock` while they do: a command that owns the servers waits for them
before it stops what they use. `everafter up` doesn't wait.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import psutil

from service.local.child import Child
from service.local.error import LocalError
from service.local.home import Home
from service.local.lock import Lock
from service.local.postgres import Postgres
from service.local.running import Running, clear_running, environment, read_running, settings_beside
from service.local.valkey import Valkey
from service.settings import Settings

UP = "everafter up"
PATIENCE = 30.0  # seconds to wait for another command to start its servers, or to end


@dataclass(frozen=True, slots=True)
class Servers:
    """The settings with both addresses filled in, and the servers that were started for them."""

    settings: Settings
    children: tuple[Child, ...]


@contextmanager
def embedded(settings: Settings) -> Iterator[Servers]:
    """Start the servers that `settings` give no address for, and stop them in the end. The home must be held."""
    home = Home(settings.home)
    children: list[Child] = []
    with ExitStack() as stack:
        if not settings.database_url:
            postgres = stack.enter_context(Postgres(home))
            settings = settings.model_copy(update={"database_url": postgres.url})
            children.append(postgres.child)
        if not settings.redis_url:
            valkey = stack.enter_context(Valkey(home))
            settings = settings.model_copy(update={"redis_url": valkey.url})
            children.append(valkey.child)
        yield Servers(settings, tuple(children))


@contextmanager
def servers(settings: Settings, what: str = "another command", start: bool = True) -> Iterator[Settings]:
    """Settings with `database_url` and `redis_url` filled in, good while the context lasts.

    `what` names the command to those that must wait for it. With `start=False` only running servers are used: a
    process of a deployment must not fall back on a database of its own. Raises LocalError.
    """
    if settings.database_url and settings.redis_url:
        yield settings
        return
    home = Home(settings.home)
    home.make()
    lock, users = Lock(home.path / "up.lock"), Lock(home.path / "users.lock")
    deadline = time.monotonic() + PATIENCE
    while True:
        if start and lock.take(what):
            yield from _own(home, settings, lock, users)
            return
        running = read_running(home) if users.share() else None
        if running is not None and running.pid == lock.holder[0] and psutil.pid_exists(running.pid) and _held(home):
            try:
                yield settings_beside(settings, running.environment)
            finally:
                users.release()
            return
        users.release()
        _refuse_to_wait(home, lock, start, deadline)
        time.sleep(0.05)


def _own(home: Home, settings: Settings, lock: Lock, users: Lock) -> Iterator[Settings]:
    try:
        with embedded(settings) as started:
            Running(lock.holder[0], environment(started.settings)).write(home)
            try:
                yield started.settings
            finally:
                while not users.take("the end of a command"):
                    time.sleep(0.05)
                clear_running(home)
    finally:
        users.release()
        lock.release()


def _held(home: Home) -> bool:
    """Whether the home's owner still lives: a note may outlast a kill."""
    probe = Lock(home.path / "up.lock")
    free = probe.share()
    probe.release()
    return not free


def _refuse_to_wait(home: Home, lock: Lock, start: bool, deadline: float) -> None:
    if not start and not _held(home):
        raise LocalError(
            f"DATABASE_URL and REDIS_URL are not both set, and `{UP}` isn't running on {home.path}. Set them, or start "
            "it first."
        )
    if time.monotonic() > deadline:
        pid, holder = lock.holder
        raise LocalError(f"{holder} (pid {pid}) uses {home.path}, and its servers don't answer. Try again later.")
