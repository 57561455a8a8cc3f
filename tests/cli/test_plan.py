"""`everafter plan` and `everafter publish`, as processes over a real database."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from service.cli.publish import publish_at_start
from service.settings import Settings
from tests.actions.newsroom import Newsroom, letters
from tests.actions.written import BUSINESS
from tests.cli.command import everafter

OLD = letters("Day 0: hello", "Day 10 at 10:00: letter")
NEW = letters("Day 0: hello", "Day 3 at 10:00: tip", "Day 10 at 10:00: letter")


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """Settings of a business with a folder of its own and one reader, who waits for the second letter."""
    folder = tmp_path / "sequences"
    folder.mkdir()
    (folder / "business.yaml").write_text(BUSINESS)
    (folder / "letters.md").write_text(OLD)
    own = settings.model_copy(update={"sequences": (folder,)})
    engine = create_engine(own.database_url)
    room = Newsroom(engine, letters=OLD)
    room.sign_up()
    room.work()
    engine.dispose()
    # The same once more, now with the templates that a business has.
    assert run(own, "publish", "--yes").stdout == "Published as 3: 1 sequence of Glow Studio.\n"
    return own


def run(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    return everafter(
        *arguments,
        DATABASE_URL=settings.database_url,
        REDIS_URL=settings.redis_url,
        EVERAFTER_HOME=str(settings.home),
        EVERAFTER_SEQUENCES=str(settings.sequences[0]),
    )


def write(settings: Settings, words: str, name: str = "letters") -> None:
    (settings.sequences[0] / f"{name}.md").write_text(words)


def test_nothing_changed_is_said_and_nothing_is_published(settings: Settings) -> None:
    told = run(settings, "plan")
    assert (told.returncode, told.stdout) == (0, "Nothing that people feel has changed since publication 3.\n")
    assert "Nothing has changed; publication 3 stays in force." in run(settings, "publish", "--yes").stdout


def test_plan_says_what_publish_then_does(settings: Settings) -> None:
    write(settings, NEW)
    told = run(settings, "plan")
    assert told.returncode == 0, told.stderr
    assert told.stdout == (
        "letters · 1 person inside\n"
        "  + tip       Day 3 at 10:00\n"
        "  next touch  1 earlier, by 7 days\n"
        "  steps       1 person gets one more\n"
    )
    people = json.loads(run(settings, "plan", "--json").stdout)["sequences"][0]["people"]
    assert (people["inside"], people["gain"], people["earlier"]["count"]) == (1, 1, 1)
    refused = run(settings, "publish")  # nobody answers
    assert refused.returncode == 1
    assert told.stdout in refused.stdout
    done = run(settings, "publish", "--yes")
    assert done.stdout.splitlines() == [
        "Published as 4: 1 sequence of Glow Studio.",
        "Everybody whom it concerns follows it.",
    ]
    assert run(settings, "plan").stdout.startswith("Nothing that people feel has changed")


def test_a_step_under_a_new_title_is_offered_its_old_id_and_not_published(settings: Settings) -> None:
    write(settings, OLD.replace("Day 10 at 10:00: letter", "Day 10 at 10:00: a note"))
    for command in (("plan",), ("publish", "--yes")):
        told = run(settings, *command)
        assert told.returncode == 1
        assert "Id: letter" in told.stderr
    assert "Id" not in run(settings, "publish", "--yes").stdout


def test_files_with_errors_are_told_as_check_tells_them(settings: Settings) -> None:
    write(settings, "no front matter")
    told = run(settings, "plan")
    assert told.returncode == 1
    assert "letters.md:1:1: error:" in told.stderr


def test_reopening_what_is_not_there_is_a_wrong_call(settings: Settings) -> None:
    assert run(settings, "publish", "--yes", "--reopen", "leters").returncode == 2


def test_up_publishes_by_itself_only_what_moves_nobody(settings: Settings) -> None:
    write(settings, OLD.replace("Hello.", "Good day."))
    first, again = publish_at_start(settings), publish_at_start(settings)
    assert "Published as 4" in first.said
    assert (again.said, again.forms) == ("", first.forms)
    write(settings, NEW)
    said = publish_at_start(settings).said
    assert "publication 4 stays in force" in said
    assert "letters  next touch: 1 earlier, by 7 days; steps: 1 person gets one more" in said
    assert "`everafter publish`" in said
