"""`everafter map`: draws what is written, into a file or onto standard output."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from service.cli.map import draw_map
from service.settings import ROOT
from tests.domain.sequence.paper import BUSINESS, FRONT, STEP, sequence


def run(*arguments: str) -> Result:
    return CliRunner().invoke(draw_map, list(arguments))


def test_the_map_is_written_to_a_file_and_its_name_is_told(tmp_path: Path) -> None:
    out = tmp_path / "journey.svg"
    result = run("--out", str(out))
    assert result.exit_code == 0
    assert f"{out}: 20 sequences" in result.stdout
    assert ElementTree.fromstring(out.read_text(encoding="utf-8")).tag.endswith("svg")


def test_the_map_can_go_to_standard_output() -> None:
    result = run("--out", "-")
    assert result.exit_code == 0
    assert ElementTree.fromstring(result.stdout).tag.endswith("svg")


def test_there_is_no_map_of_sequences_with_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "checklist.pdf").write_bytes(b"%PDF-")
    (tmp_path / "business.yaml").write_text(BUSINESS)
    (tmp_path / "welcome.md").write_text(sequence(FRONT.replace("Newsletter", "Newsleter"), STEP))
    monkeypatch.setenv("EVERAFTER_SEQUENCES", str(tmp_path))
    result = run("--out", str(tmp_path / "journey.svg"))
    assert result.exit_code == 1
    assert "sequences/welcome.md:4:8: error: There is no topic `Newsleter`." in result.stderr
    assert not (tmp_path / "journey.svg").exists()


def test_a_place_that_can_not_be_written_to_is_told(tmp_path: Path) -> None:
    result = run("--out", str(tmp_path / "nowhere" / "journey.svg"))
    assert (result.exit_code, "can't be written" in result.stderr) == (1, True)


def test_the_picture_in_the_documentation_is_of_what_ships() -> None:
    drawn = run("--out", "-").stdout
    shown = (ROOT / "docs" / "pictures" / "journey.svg").read_text(encoding="utf-8")
    dateless = [
        [line for line in picture.splitlines() if "The journey of a client" not in line] for picture in (drawn, shown)
    ]
    assert dateless[0] == dateless[1], "run `everafter map --out docs/pictures/journey.svg`"
