"""`everafter up`: everything on this machine, from the database to the mailbox. Ctrl-C ends all of it."""

from __future__ import annotations

import http.client
import os
import pkgutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from textwrap import indent
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click
import psutil
from sqlalchemy.exc import OperationalError

from service.cli.children import Children
from service.cli.migrate import migrate
from service.cli.output import Terminal
from service.clock import machine_now
from service.local.backoff import Backoff
from service.local.error import LocalError
from service.local.home import Home
from service.local.lock import Lock
from service.local.orphans import adopt_orphans, end_leftovers, mark_run
from service.local.port import free_port, refuse_port_in_use
from service.local.running import Running, clear_running, environment
from service.local.servers import PATIENCE, UP, embedded
from service.local.stop import Stopped, stop_on_signals
from service.local.supervisor import Supervisor
from service.settings import LOOPBACK, Settings, read_settings

if TYPE_CHECKING:
    from service.cli.publish import Start

HOST = "127.0.0.1"
MAILBOX_PORT = 1025


@dataclass(frozen=True, slots=True)
class Wish:
    """What the caller asked for, read and checked."""

    settings: Settings
    port: int
    demo: bool


@click.command(help=__doc__, epilog="Example: everafter up --port 8080 --speed 86400 (a day a second)")
@click.option("--home", type=click.Path(file_okay=False), help="Where everything is kept.  [default: .everafter]")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="The port of the site.")
@click.option("--smtp", metavar="URL", help="Send through this server, and start no mailbox.")
@click.option("--speed", type=click.FloatRange(1, 1_000_000), help="Let journeys run this many times as fast.")
@click.option("--no-demo", is_flag=True, help="Publish nothing by itself.")
def up(home: str | None, port: int, smtp: str | None, speed: float | None, no_demo: bool) -> None:
    given = {
        "EVERAFTER_HOME": home,
        "SMTP_URL": smtp,
        "MAIL_PROVIDER": "smtp" if smtp else None,
        "EVERAFTER_SPEED": str(speed) if speed else None,
    }
    settings = read_settings({name: value for name, value in given.items() if value})
    if "base_url" not in settings.model_fields_set:
        settings = settings.model_copy(update={"base_url": f"http://{HOST}:{port}"})
    refuse_speed_elsewhere(settings)
    environment(settings)  # raises SettingsError before anything is started
    terminal = Terminal()
    try:
        with stop_on_signals():
            run(Wish(settings, port, demo=not no_demo), terminal)
    except Stopped:
        terminal.say("  Everafter has ended; its data is kept.")


def refuse_speed_elsewhere(settings: Settings) -> None:
    """Mail of a hurried journey must not reach people."""
    if settings.speed == 1 or settings.provider == "mailbox":
        return
    if settings.provider != "smtp" or urlsplit(settings.smtp_url).hostname not in LOOPBACK:
        raise click.UsageError("--speed goes only with the mailbox or an SMTP server on this machine.")


def run(wish: Wish, terminal: Terminal) -> None:
    """Until Stopped; whatever was started is ended on the way out."""
    home = Home(wish.settings.home)
    home.make()
    adopt_orphans()
    with ExitStack() as stack:
        stack.enter_context(held(home, terminal))
        if left := end_leftovers(home):
            terminal.say(f"  An earlier run was killed; ended the {left} processes it left behind.")
        refuse_port_in_use(HOST, wish.port)
        if wish.settings.provider == "mailbox" and wish.settings.smtp_url:
            terminal.say("  SMTP_URL is set, but MAIL_PROVIDER isn't smtp: mail goes to the mailbox.")
        with terminal.step("database and Valkey"):
            servers = stack.enter_context(embedded(with_mailbox(wish.settings)))
        settings = servers.settings
        prepare_database(settings.database_url, terminal)
        supervisor = Supervisor(home, terminal.line)
        supervisor.watch(servers.children)
        stack.callback(supervisor.stop)
        children = Children(settings, wish.port, mark_run(home))
        supervisor.start(children.front())
        start = publish(wish, settings, terminal)
        with terminal.step("site"):
            wait_for_site(supervisor, wish.port, terminal)
        supervisor.start(children.back())
        Running(os.getpid(), environment(settings)).write(home)
        stack.callback(clear_running, home)
        took = machine_now().timestamp() - psutil.Process().create_time()
        terminal.addresses(f"Everafter is up, after {took:.1f} s.", addresses(wish, home, start))
        supervisor.run()


def publish(wish: Wish, settings: Settings, terminal: Terminal) -> Start | None:
    """Publish `sequences/` while the site starts: what compiles them takes as long to import as the site itself."""
    if not wish.demo:
        return None
    with terminal.step("sequences"):
        start: Start = pkgutil.resolve_name("service.cli.publish:publish_at_start")(settings)
    if start.said:
        terminal.say(indent(start.said, "  "))
    return start


@contextmanager
def held(home: Home, terminal: Terminal) -> Iterator[None]:
    """The home, for us alone. Raises LocalError where `up` runs on it; waits for a command that is soon done."""
    lock = Lock(home.path / "up.lock")
    deadline = time.monotonic() + PATIENCE
    said = False
    while not lock.take(UP):
        pid, holder = lock.holder
        if holder == UP or time.monotonic() > deadline:
            raise LocalError(f"`{holder}` is running on {home.path} already (pid {pid}).")
        if holder and not said:
            terminal.say(f"  Waiting for `{holder}` (pid {pid}) to end …")
            said = True
        time.sleep(0.05)
    try:
        yield
    finally:
        lock.release()


def with_mailbox(settings: Settings) -> Settings:
    """Where no provider is set, mail goes to the mailbox, at a port that is free."""
    if settings.provider != "mailbox":
        return settings
    return settings.model_copy(update={"smtp_url": f"smtp://{HOST}:{free_port(HOST, MAILBOX_PORT)}"})


def prepare_database(url: str, terminal: Terminal) -> None:
    """Migrate, as soon as the database can be reached and lets us."""
    backoff = Backoff()
    with terminal.step("migrations"):
        while True:
            try:
                migrate(url)
                return
            except OperationalError as error:
                pause = backoff.after(0)
                reason = (str(error.orig).strip().splitlines() or ["no reason given"])[0]
                terminal.say(f"  The database can't be used: {reason}; again in {pause:g} s")
                time.sleep(pause)


def wait_for_site(supervisor: Supervisor, port: int, terminal: Terminal) -> None:
    """Until /healthz answers. Whatever dies meanwhile is started again, and says why in its own lines."""
    complain_at = time.monotonic() + 30
    while not healthy(port):
        supervisor.tick(0.05)
        if time.monotonic() > complain_at:
            terminal.say("  The site still doesn't answer; what it says stands above.")
            complain_at += 30


def healthy(port: int) -> bool:
    line = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        line.request("GET", "/healthz")
        return line.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        line.close()


def addresses(wish: Wish, home: Home, start: Start | None) -> list[tuple[str, str]]:
    site = wish.settings.base_url
    return [
        *(("Form", f"{site}/forms/{slug}") for slug in (start.forms[:1] if start else ())),
        *([("Mailbox", f"{site}/mailbox")] if wish.settings.provider == "mailbox" else []),
        ("API", f"{site}/api/docs"),
        ("Health", f"{site}/healthz"),
        ("Home", str(home.path)),
    ]
