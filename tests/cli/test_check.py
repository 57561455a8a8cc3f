"""`everafter check`, called as people call it: folders, single files, folders elsewhere, layers, and JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service.cli.check import check
from service.cli.written import read_written
from service.edition import NotPublishable
from service.settings import read_settings
from tests.domain.sequence.paper import BUSINESS, FRONT, STEP, sequence
from tests.domain.sequence.test_library import letters

TIMES = 5  # what one file costs, of which Python's start is nearly all; twice where this was written
PATH = {"PYTHONPATH": str(Path(__file__).parents[2])}
WHOLE = sequence(FRONT, STEP.replace("Subject", "Kind: service\nSubject"))
BROKEN = WHOLE.replace("Newsletter", "Newsleter")
TOLD = "4:8: error: There is no topic `Newsleter`. (did you mean `Newsletter`?)"


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to stand in, with sequences of one business in `sequences/`."""
    home = tmp_path / "house"
    write(home / "sequences" / "business.yaml", BUSINESS)
    write(home / "sequences" / "files" / "checklist.pdf", "%PDF-")
    write(home / "sequences" / "welcome.md", WHOLE)
    monkeypatch.setenv("EVERAFTER_SEQUENCES", str(home / "sequences"))
    monkeypatch.chdir(home)
    return home


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(check, [str(each) for each in arguments])


def lines(result: Result) -> list[str]:
    return result.stdout.splitlines()


def test_where_nothing_is_wrong_it_says_so(house: Path) -> None:
    result = run()
    assert (result.exit_code, lines(result)[-1].endswith(" files, no problems")) == (0, True)


def test_a_problem_is_told_by_the_path_as_it_is_written_from_here(house: Path) -> None:
    write(house / "sequences" / "onboarding" / "hello.md", BROKEN)
    result = run()
    assert lines(result)[0] == f"sequences/onboarding/hello.md:{TOLD}"
    assert lines(result)[-1].endswith(" files, 1 error")
    assert result.exit_code == 1


def test_a_warning_is_told_and_fails_nothing(house: Path) -> None:
    write(house / "sequences" / "welcome.md", WHOLE.replace("Did you try it? [Book](link:booking)", "That is all."))
    result = run()
    assert ":9:1: warning: " in lines(result)[0]
    assert lines(result)[-1].endswith(" files, 1 warning")
    assert result.exit_code == 0


def test_problems_come_in_the_order_of_the_files(house: Path) -> None:
    write(house / "sequences" / "b.md", BROKEN)
    write(house / "sequences" / "a.md", BROKEN + "\n[no](link:no)\n\n[no](link:nowhere)\n")
    assert [line.partition(": ")[0] for line in lines(run())[:-1]] == [
        "sequences/a.md:4:8",
        "sequences/a.md:15:6",
        "sequences/a.md:17:6",
        "sequences/b.md:4:8",
    ]


def test_json_holds_the_same_for_programs(house: Path) -> None:
    write(house / "sequences" / "hello.md", BROKEN)
    result = run("--json")
    assert json.loads(result.stdout) == [
        {
            "path": "sequences/hello.md",
            "line": 4,
            "column": 8,
            "severity": "error",
            "code": "unknown-topic",
            "message": "There is no topic `Newsleter`.",
            "hint": "did you mean `Newsletter`?",
        }
    ]
    assert result.exit_code == 1
    write(house / "sequences" / "hello.md", WHOLE)
    assert run("--json").stdout == "[]\n"


def test_one_file_is_told_of_alone_and_as_it_was_named(house: Path) -> None:
    write(house / "sequences" / "hello.md", BROKEN)
    write(house / "sequences" / "other.md", BROKEN)
    assert lines(run("sequences/hello.md")) == [f"sequences/hello.md:{TOLD}", "1 file, 1 error"]
    named = house / "sequences" / "hello.md"
    assert lines(run(named)) == [f"{named}:{TOLD}", "1 file, 1 error"]
    assert run("sequences/welcome.md").exit_code == 0


def test_a_file_elsewhere_is_read_with_the_configured_business(house: Path, tmp_path: Path) -> None:
    file = write(tmp_path / "drafts" / "hello.md", BROKEN.replace("[Book](link:booking)", "![A](images/a.png)"))
    assert lines(run(file)) == [
        f"{file}:{TOLD}",
        f"{file}:13:22: error: There is no file `images/a.png` beside hello.md. (put it there)",
        "1 file, 2 errors",
    ]
    write(tmp_path / "drafts" / "images" / "a.png", "png")
    assert lines(run(file)) == [f"{file}:{TOLD}", "1 file, 1 error"]


def test_a_file_elsewhere_stands_in_for_the_one_of_its_name(house: Path, tmp_path: Path) -> None:
    asks = STEP.replace("Subject", 'If: inside("welcome")\nKind: service\nSubject')
    file = write(tmp_path / "drafts" / "welcome.md", sequence(FRONT, asks))
    assert lines(run(file)) == ["1 file, no problems"]


def test_a_folder_elsewhere_with_a_business_of_its_own_is_read_by_itself(house: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    write(other / "business.yaml", BUSINESS.replace("Newsletter", "Newsleter"))
    write(other / "files" / "checklist.pdf", "%PDF-")
    write(other / "deep" / "hello.md", BROKEN)
    assert lines(run(other)) == ["2 files, no problems"]
    assert lines(run(other / "deep" / "hello.md")) == ["1 file, no problems"]


def test_a_broken_business_is_told_whatever_was_asked_about(house: Path) -> None:
    write(house / "sequences" / "business.yaml", BUSINESS + "currency: Euro\n")
    assert lines(run("sequences/welcome.md"))[0].startswith(
        "sequences/business.yaml:15:11: error: `Euro` is no currency."
    )


def test_a_later_folder_replaces_files_of_the_same_name(
    house: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = house / "sequences"
    write(library / "letters" / "hello.md", BROKEN)
    studio = tmp_path / "studio"
    write(studio / "hello.md", WHOLE)
    monkeypatch.setenv("EVERAFTER_SEQUENCES", f"{library},{studio}")
    assert run().exit_code == 0
    monkeypatch.setenv("EVERAFTER_SEQUENCES", f"{studio},{library}")
    assert lines(run())[0] == f"sequences/letters/hello.md:{TOLD}"


def test_a_translation_is_told_of_by_its_own_name(house: Path) -> None:
    write(house / "sequences" / "business.yaml", BUSINESS + "languages: [en, de]\n")
    german = write(house / "sequences" / "de" / "welcome.de.md", "---\ntitle: Hallo\nstage: nurture\n---\n")
    assert [line.partition(": ")[0] for line in lines(run())[:-1]] == [
        "sequences/de/welcome.de.md:1:1",
        "sequences/de/welcome.de.md:3:1",
    ]
    assert lines(run(german))[-1] == "1 file, 1 error and 1 warning"
    assert lines(run("sequences/welcome.md")) == ["1 file, no problems"]


def test_a_later_folder_replaces_a_translation_alone(
    house: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(house / "sequences" / "business.yaml", BUSINESS + "languages: [en, de]\n")
    write(house / "sequences" / "welcome.de.md", "---\ntitle: Hallo\n---\n\n## nobody\n\nHallo?\n")
    german = "---\ntitle: Hallo\n---\n\n## your-checklist\nSubject: Hier\n\n[Buchen](link:boking)\n"
    studio = write(tmp_path / "studio" / "welcome.de.md", german)
    monkeypatch.setenv("EVERAFTER_SEQUENCES", f"{house / 'sequences'},{tmp_path / 'studio'}")
    assert lines(run())[0].startswith(f"{studio}:8:10: error: There is no link `boking`.")


def test_publishing_names_the_file_in_its_own_folder(
    house: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = write(tmp_path / "studio" / "welcome.md", BROKEN)
    monkeypatch.setenv("EVERAFTER_SEQUENCES", f"sequences,{tmp_path / 'studio'}")
    with pytest.raises(NotPublishable) as refused:
        read_written(read_settings())
    assert str(refused.value) == f"{studio}:{TOLD}"


def test_a_hundred_files_with_six_hundred_mails_cost_little_more_than_pythons_start(house: Path) -> None:
    """In processor time of the whole command; docs/performance.md has the number."""
    one = _processor_time(house)
    for number in range(100):
        write(house / "sequences" / f"letter-{number}.md", letters(number))
    hundred = _processor_time(house)
    print(f"everafter check, 100 files, 600 mails: {hundred:.2f} s of processor time, one file {one:.2f} s")
    assert hundred < TIMES * one


def _processor_time(house: Path) -> float:
    """Seconds of it that `everafter check` takes."""
    before = os.times()
    done = subprocess.run([sys.executable, "-m", "service.cli", "check"], cwd=house, env=os.environ | PATH, check=False)
    after = os.times()
    assert done.returncode == 0
    return after.children_user + after.children_system - before.children_user - before.children_system


def test_a_wrong_call_is_told_apart_from_a_wrong_file(house: Path) -> None:
    assert run("sequences/nobody.md").exit_code == 2
    assert run("--jsn").exit_code == 2


def test_a_missing_folder_is_named_with_the_setting(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVERAFTER_SEQUENCES", "nowhere")
    result = run()
    assert result.exit_code == 1
    assert result.stderr == "Error: There is no folder nowhere; look at EVERAFTER_SEQUENCES.\n"


def test_help_shows_an_example() -> None:
    assert "everafter check sequences/salon-checklist.md" in run("--help").stdout
