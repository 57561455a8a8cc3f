"""`everafter simulate`, called as people call it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service.cli.simulate import simulate
from tests.cli.command import everafter

ANA = "tests/simulation/ana.yaml"
LIFE = "contact: {email: ana@example.org}\nevents:\n- {at: 2026-01-05 12:00, name: signup, form: salon-checklist}\n"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(simulate, [str(each) for each in arguments])


def write(folder: Path, text: str) -> Path:
    path = folder / "ana.yaml"
    path.write_text(text)
    return path


def test_as_json_it_prints_what_the_interface_says() -> None:
    result = everafter("simulate", "--as", ANA, "--days", "400", "--json")
    assert (result.returncode, result.stderr) == (0, "")
    told = json.loads(result.stdout)
    assert {name: told[name] for name in ("contact", "from", "days")} == {
        "contact": "ana@example.org",
        "from": "2026-01-05",
        "days": 400,
    }
    names = ["at", "local", "sequence", "step", "kind", "state", "reason", "class", "transactional", "enrolment"]
    assert all(list(touch) == [*names, "holds"] for touch in told["touches"])
    glad = next(touch for touch in told["touches"] if touch["step"] == "so-glad")
    assert [(hold["at"], hold["rule"]) for hold in glad["holds"]][:1] == [("2026-03-20T09:00:00Z", "gap")]
    assert glad["holds"][0]["reason"].startswith("Held until Fri 20 Mar 11:00: ")
    assert {touch["state"] for touch in told["touches"]} <= {"sent", "done", "skipped", "held", "expired", "cancelled"}
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", touch["at"]) for touch in told["touches"])
    assert (told["touches"][0]["at"], told["touches"][0]["local"]) == (
        "2026-01-05T11:10:00Z",
        "2026-01-05T12:10:00+01:00",
    )


def test_the_table_aligns_and_ends_with_what_it_comes_to() -> None:
    result = run("--as", ANA)
    assert result.exit_code == 0
    table = result.stdout.splitlines()
    column = next(line for line in table if line.startswith("when")).index("state")
    states = {line[column:].split()[0] for line in table if re.match(r"\w{3} \d{4}-.{9}  [a-z]", line)}
    assert states <= {"sent", "done", "skipped", "held", "expired", "cancelled"}
    assert [line.split(":")[0] for line in table[-2:]] == ["longest silence", "busiest week"]
    assert max(map(len, table)) <= 150


def test_only_the_named_sequences_are_shown() -> None:
    result = run("win-back", "time-again", "--as", ANA, "--json")
    assert {touch["sequence"] for touch in json.loads(result.stdout)["touches"]} == {"win-back", "time-again"}


def test_the_first_day_and_the_number_of_days_may_be_told() -> None:
    result = run("--as", ANA, "--from", "2026-05-01", "--days", "31", "--json")
    days = [touch["local"][:10] for touch in json.loads(result.stdout)["touches"] if touch["state"] != "held"]
    assert min(days) >= "2026-05-01"
    assert max(days) <= "2026-05-31"


def test_a_scenario_that_does_not_fit_is_told_with_its_places(tmp_path: Path) -> None:
    path = write(tmp_path, LIFE.replace("salon-checklist", "salon-checklists").replace("at:", "on:"))
    result = run("--as", path)
    assert result.exit_code == 1
    assert f"{path}:3:4: error: There is no key `on` in an event." in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("win-bak", "--as", ANA), "there is no sequence “win-bak” (did you mean `win-back`?)"),
        (("--as", "nobody.yaml"), "does not exist"),
        (("--as", ANA, "--from", "soon"), "does not match the format"),
        (("--as", ANA, "--days", "0"), "is not in the range"),
        ((), "one contact with --as FILE.yaml"),
    ],
)
def test_a_wrong_call_is_told(arguments: tuple[str, ...], words: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert words in result.stderr


def test_without_events_a_first_day_is_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path, "contact: {email: ana@example.org, stage: client, birthday: 02-29}\n")
    assert run("--as", path).exit_code == 2
    result = run("--as", path, "--from", "2026-01-01", "--json")
    assert [touch["step"] for touch in json.loads(result.stdout)["touches"]][-1] == "happy-birthday"
