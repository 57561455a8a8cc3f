"""Behind a pooler that lends a connection for one transaction nothing breaks, as nothing of ours hangs on a session."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url
from sqlalchemy.orm import sessionmaker
from sqlalchemy.pool import NullPool

from benchmarks.programs import Missing, find
from service.actions.publish import Edition, publish
from service.cli.doctor import examine
from service.cli.migrate import migrate
from service.cli.written import read_written
from service.local.child import Child, Unrooted
from service.local.port import answers
from service.runtime import Runtime
from service.settings import ROOT, Settings, read_settings
from service.store.engine import KEEPS
from tests.end_to_end.inbox import Inbox, free_port, receiving
from tests.web.shop import FILES, Shop
from workers.beat import Beat
from workers.job import run

PEOPLE = 60
CONFIGURATION = """\
[databases]
{name} = host={host} port=5432 user={user} password={password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 3
ignore_startup_parameters = options
"""
# What outlives a transaction: session locks and settings, statements prepared by name, notifications, temporary tables.
OF_A_SESSION = re.compile(
    r"pg_(try_)?advisory_lock(_shared)?\(|func\.pg_(try_)?advisory_lock\b|\bLISTEN [a-z]|\bWITH HOLD\b|\bPREPARE [a-z]"
    r"|CREATE TEMP|[\"'(]SET (?!LOCAL |TRANSACTION |NULL)|set_config\([^)]*false\)"
)


def test_no_statement_leaves_anything_in_a_session() -> None:
    folders = [ROOT / "service", ROOT / "workers", ROOT / "migrations"]
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for folder in folders
        for path in folder.rglob("*.py")
        for line in path.read_text().splitlines()
        if OF_A_SESSION.search(line)
    ]
    assert found == []


@pytest.fixture
def bounced(empty_database_url: str, tmp_path: Path) -> Iterator[str]:
    """A real PgBouncer in transaction mode over three connections."""
    try:
        program = find("pgbouncer", "pgbouncer", fetch=False)
    except Missing as why:
        pytest.skip(f"{why}; the test below stands in for it")
    address, port = make_url(empty_database_url), free_port()
    tmp_path.chmod(0o711)
    file = tmp_path / "pgbouncer.ini"
    place = {"name": address.database, "user": address.username, "password": address.password, "port": port}
    file.write_text(CONFIGURATION.format(**place, host=address.query["host"]))
    folder = Unrooted(owned=(tmp_path,), open=())
    child = Child("pgbouncer", (program.path, str(file)), program.environment, tmp_path / "log", unrooted=folder)
    child.start()
    try:
        child.wait_until(lambda: answers("127.0.0.1", port))
        yield f"postgresql+psycopg://{address.username}:x@127.0.0.1:{port}/{address.database}"
    finally:
        child.stop()


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with receiving() as inbox:
        yield inbox


def settings_of(url: str, redis_url: str, home: Path, inbox: Inbox) -> Settings:
    given = {"DATABASE_URL": url, "REDIS_URL": redis_url, "EVERAFTER_HOME": str(home)}
    return read_settings({**given, "SMTP_URL": inbox.url, "FORM_LIMITS": "off"})


def live(runtimes: list[Runtime], inbox: Inbox) -> None:
    """People sign up in many threads, beat does all it does, and three workers send at once."""
    first = runtimes[0]
    shipped, _ = read_written(first.settings)
    layouts = {name: words for name, words in shipped.files.items() if not name.startswith("sequences/")}
    with first.session() as session:
        publish(session, Edition({**layouts, **FILES}, set()))
    shop = Shop(first)
    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(lambda number: shop.sign_up(f"p{number}@example.org").status_code, range(PEOPLE))
        assert set(answers) == {303}
    beat = Beat(first, threading.Event())
    for act in (beat.announce, beat.prune, beat.tick):
        act()
    with ThreadPoolExecutor(3) as pool:
        sent = sum(pool.map(lambda runtime: run(runtime, threading.Event(), budget=60), runtimes))
    assert sent == PEOPLE == len({mail.recipient for mail in inbox.mails}) == len(inbox.mails)


def test_everything_works_through_pgbouncer(bounced: str, redis_url: str, tmp_path: Path, inbox: Inbox) -> None:
    with ThreadPoolExecutor(2) as hosts:
        list(hosts.map(migrate, [bounced] * 2))
    runtimes = [Runtime(settings_of(bounced, redis_url, tmp_path, inbox)) for _ in range(3)]
    live(runtimes, inbox)
    with runtimes[0].engine.connect() as lent:
        assert not lent.info.get(KEEPS), "the next transaction runs elsewhere"
    amiss = {each.what for each in examine(runtimes[0], runtimes[0].settings) if each.advice}
    assert amiss == {"durability", "waits"}, "the pooler has taken our waits away, and doctor says so"
    for runtime in runtimes:
        runtime.close()


def test_everything_works_with_a_connection_for_each_transaction(
    empty_database_url: str, redis_url: str, tmp_path: Path, inbox: Inbox
) -> None:
    with ThreadPoolExecutor(2) as hosts:
        list(hosts.map(migrate, [empty_database_url] * 2))
    runtimes = [Runtime(settings_of(empty_database_url, redis_url, tmp_path, inbox)) for _ in range(3)]
    for runtime in runtimes:
        runtime.engine.dispose()
        runtime.engine = create_engine(empty_database_url, poolclass=NullPool, connect_args={"prepare_threshold": None})
        runtime._sessions = sessionmaker(runtime.engine, expire_on_commit=False)
    live(runtimes, inbox)
    for runtime in runtimes:
        runtime.close()
