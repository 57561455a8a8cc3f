"""A backup of a home that is destroyed brings everything back, keys included, and mails nobody a second time."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from service.cli.migrate import migrate
from service.local.home import Home
from service.local.lock import Lock
from service.local.postgres import Postgres
from service.runtime import Runtime
from service.settings import read_settings
from service.store.secret import suppression_key
from tests.cli.command import everafter
from tests.local.homes import fresh_home
from tests.web.shop import Shop

pytestmark = pytest.mark.slow

STATES = "SELECT email, step, delivery.state FROM delivery JOIN contact ON contact.id = contact_id ORDER BY 1, 2, 3"
KEYS = "a" * 32 + "," + "b" * 32


@contextmanager
def opened(home: Home) -> Iterator[Runtime]:
    """The home's database for a moment."""
    with Postgres(home) as server:
        migrate(server.url)
        given = {"DATABASE_URL": server.url, "EVERAFTER_HOME": str(home.path), "FORM_LIMITS": "off"}
        runtime = Runtime(read_settings({**given, "REDIS_URL": "redis://127.0.0.1:1"}))
        yield runtime
        runtime.close()


def states(runtime: Runtime) -> list[tuple[str, str, str]]:
    with runtime.session() as session:
        return [tuple(row) for row in session.execute(text(STATES))]


def key_of(runtime: Runtime) -> bytes:
    with runtime.session() as session:
        return suppression_key(session)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Home, Path, list[tuple[str, str, str]], bytes]]:
    """A home with three people, a mail in its mailbox, and a backup of it; what stood there, and its key."""
    with fresh_home() as home:
        with opened(home) as runtime:
            shop = Shop(runtime)
            shop.publish()
            for name in ("ana", "bea", "cleo"):
                assert shop.sign_up(f"{name}@example.org").status_code == 303
            with runtime.session() as session:
                session.execute(text("UPDATE delivery SET state = 'sent', sent_at = now() WHERE contact_id = 1"))
                session.execute(text("UPDATE delivery SET state = 'cleared', wake_at = NULL WHERE contact_id = 2"))
            before, key = states(runtime), key_of(runtime)
        (home.mailbox / "new").mkdir(parents=True)
        (home.mailbox / "new" / "1.mail").write_bytes(b"Subject: Hello\r\n\r\nHello.\r\n")
        file = tmp_path_factory.mktemp("backups") / "kept.zip"
        done = everafter("backup", str(file), EVERAFTER_HOME=str(home.path), SECRET_KEYS=KEYS)
        assert done.returncode == 0, done.stderr
        yield home, file, before, key


def test_a_destroyed_home_comes_back_whole(kept: tuple[Home, Path, list[tuple[str, str, str]], bytes]) -> None:
    _, file, before, key = kept
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in file.parent.iterdir()] == ["kept.zip"]
    with fresh_home() as home:
        shutil.rmtree(home.path)
        done = everafter("restore", "--nothing-left", str(file), EVERAFTER_HOME=str(home.path))
        assert done.returncode == 0, done.stderr
        assert (home.mailbox / "new" / "1.mail").read_bytes().startswith(b"Subject: Hello")
        assert (home.path / "keys.env").read_text() == f"SECRET_KEYS={KEYS}\n"
        assert stat.S_IMODE((home.path / "keys.env").stat().st_mode) == 0o600
        with opened(home) as runtime:
            assert (states(runtime), key_of(runtime)) == (before, key)
            assert Shop(runtime).sign_up("dora@example.org").status_code == 303


def test_what_may_have_left_since_is_uncertain_and_its_chain_goes_on(
    kept: tuple[Home, Path, list[tuple[str, str, str]], bytes],
) -> None:
    _, file, before, _ = kept
    with fresh_home() as home:
        done = everafter("restore", str(file), EVERAFTER_HOME=str(home.path))
        assert done.returncode == 0, done.stderr
        assert "mails may have left since" in done.stdout
        with opened(home) as runtime:
            found = states(runtime)
    assert {each for each in found if each[2] in {"due", "cleared", "handed", "held"}} == set()
    doubted = {email for email, step, state in found if (step, state) == ("hello", "uncertain")}
    assert doubted == {email for email, step, state in before if step == "hello" and state != "sent"}
    assert doubted
    assert {email for email, step, state in found if (step, state) == ("tip", "planned")} >= doubted


def test_a_home_that_holds_data_is_put_aside_only_on_demand(
    kept: tuple[Home, Path, list[tuple[str, str, str]], bytes],
) -> None:
    home, file, before, _ = kept
    told = {"EVERAFTER_HOME": str(home.path)}
    refused = everafter("restore", str(file), **told)
    assert refused.returncode == 1
    assert "holds data already" in refused.stderr
    lock = Lock(home.path / "up.lock")
    assert lock.take("everafter up")
    refused = everafter("restore", "--force", str(file), **told)
    lock.release()
    assert refused.returncode == 1
    assert "Stop it first" in refused.stderr
    done = everafter("restore", "--force", "--nothing-left", str(file), **told)
    assert done.returncode == 0, done.stderr
    (aside,) = home.path.glob("before-*")
    assert (aside / "postgres" / "data" / "PG_VERSION").exists()
    with opened(home) as runtime:
        assert states(runtime) == before


def test_a_damaged_backup_is_refused_before_anything_is_touched(
    kept: tuple[Home, Path, list[tuple[str, str, str]], bytes], tmp_path: Path
) -> None:
    _, file, _, _ = kept
    raw = bytearray(file.read_bytes())
    raw[len(raw) // 3] ^= 1
    damaged, short = tmp_path / "damaged.zip", tmp_path / "short.zip"
    damaged.write_bytes(raw)
    short.write_bytes(file.read_bytes()[:-2_000])
    with fresh_home() as home:
        for each in (damaged, short):
            refused = everafter("restore", str(each), EVERAFTER_HOME=str(home.path))
            assert refused.returncode == 1
            assert "Take another one" in refused.stderr
        assert not (home.postgres / "data").exists()


def test_data_that_is_elsewhere_is_backed_up_elsewhere() -> None:
    refused = everafter("backup", DATABASE_URL="postgresql://somebody@db.example/everafter")
    assert refused.returncode == 1
    assert "docs/operations.md" in refused.stderr
