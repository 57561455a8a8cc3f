"""The page that shows the newest whole run, and the lines of those before it."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.report import BEGIN, END, LATEST, PAGE, line, refresh, section

TOP = "| begun | more |\n|---|---|\n"


def test_the_newest_run_takes_the_place_of_the_last_and_its_line_comes_first(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"above\n{BEGIN}the last\n{END}between\n<!-- runs -->\n{TOP}| yesterday | it was |\n\nbelow\n")
    refresh(page)
    plain = json.loads(LATEST.read_text())
    runs = f"<!-- runs -->\n{TOP}{line(plain)}| yesterday | it was |\n"
    assert page.read_text() == f"above\n{BEGIN}{section(plain)}{END}between\n{runs}\nbelow\n"
    refresh(page)
    assert page.read_text().count(line(plain)) == 1


def test_the_page_shows_the_file_that_is_beside_it() -> None:
    plain, shown = json.loads(LATEST.read_text()), PAGE.read_text()
    assert section(plain) in shown
    assert line(plain) in shown
    head = shown.partition("<!-- runs -->\n")[2].splitlines()[0]
    assert line(plain).count("|") == head.count("|")
