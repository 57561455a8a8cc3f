"""`everafter preview`, called as people call it: one mail, a whole sequence, as somebody in particular."""

from __future__ import annotations

from email import message_from_bytes, policy
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine

from service.cli.explain import explain
from service.cli.preview import preview
from service.settings import ROOT
from tests.actions.house import House

EXAMPLES = ROOT / "tests" / "domain" / "sequence" / "examples"
ANA = """\
contact: {email: eva@example.org, first_name: Eva, language: de, timezone: Europe/Madrid}
events:
  - {at: 2026-01-27 17:00, name: visit.completed, about: A17, data: {service: Cut, with: Noa}}
"""


@pytest.fixture(autouse=True)
def _examples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVERAFTER_SEQUENCES", str(EXAMPLES))


def run(*arguments: object) -> Result:
    return CliRunner().invoke(preview, [str(each) for each in arguments])


def eva(folder: Path, text: str = ANA) -> Path:
    path = folder / "eva.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_one_mail_is_written_in_three_ways(tmp_path: Path) -> None:
    result = run("salon-checklist", "your-checklist", "--out", tmp_path / "new")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [str(tmp_path / "new" / f"message.{kind}") for kind in ("eml", "html", "txt")]
    mail = message_from_bytes((tmp_path / "new" / "message.eml").read_bytes(), policy=policy.default)
    assert mail["Subject"] == "Here is your checklist, Ana"
    assert "Hello Ana," in (tmp_path / "new" / "message.html").read_text()
    assert (tmp_path / "new" / "message.txt").read_text().startswith("Hello Ana,\n")


@pytest.mark.parametrize("key", sorted(path.stem for path in EXAMPLES.glob("*.md") if "." not in path.stem))
def test_every_example_can_be_sent_round_on_one_page(key: str, tmp_path: Path) -> None:
    result = run(key, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    page = (tmp_path / "sequence.html").read_text()
    assert page.count('<section class="scene') == (EXAMPLES / f"{key}.md").read_text().count("\n## ")


def test_as_the_contact_of_a_scenario_sees_it(tmp_path: Path) -> None:
    assert run("salon-checklist", "your-checklist", "--as", eva(tmp_path), "--out", tmp_path).exit_code == 0
    assert (tmp_path / "message.txt").read_text().startswith("Hallo Eva,\n")
    assert run("after-visit", "listen", "--as", eva(tmp_path), "--out", tmp_path).exit_code == 0
    assert "not happy with Noa's work" in " ".join((tmp_path / "message.txt").read_text().split())


def test_as_somebody_who_reads_another_language(tmp_path: Path) -> None:
    assert run("salon-checklist", "--language", "de", "--out", tmp_path).exit_code == 0
    assert "Die Fünf-Minuten-Checkliste" in (tmp_path / "sequence.html").read_text()


BOOKED = """\
---
title: You booked
stage: onboarding
topic: Your appointments
enrol: {on: event appointment.booked, again: always}
---

## Day 0: booked
Kind: service
Subject: See you soon

[Change it](link:event.manage_url "button")
"""


@pytest.mark.parametrize("whole", [False, True])
def test_what_production_would_hold_is_said_and_fails(
    whole: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "more"
    folder.mkdir()
    (folder / "booked.md").write_text(BOOKED)
    monkeypatch.setenv("EVERAFTER_SEQUENCES", f"{EXAMPLES},{folder}")
    events = "events: [{at: 2026-01-27 17:00, name: appointment.booked}]\n"
    person = eva(tmp_path, "contact: {email: eva@example.org}\n" + events)
    result = run("booked", *([] if whole else ["booked"]), "--as", person, "--out", tmp_path)
    assert result.exit_code == 1
    assert "a link leads to event.manage_url, which is empty." in result.stderr
    shown = (tmp_path / ("sequence.html" if whole else "message.txt")).read_text()
    assert "⚠ a link leads to event.manage_url, which is empty ⚠" in shown


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["salon-cheklist"], "did you mean `salon-checklist`?"),
        (["salon-checklist", "your-cheklist"], "did you mean `your-checklist`?"),
        (["salon-checklist", "--contact", "ana@example.org", "--as", __file__], "use one of them"),
        (["salon-checklist", "--as", "nowhere.yaml"], "does not exist"),
    ],
)
def test_a_wrong_call_says_what_to_write(arguments: list[str], said: str, tmp_path: Path) -> None:
    result = run(*arguments, "--out", tmp_path)
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_scenario_with_faults_is_told_by_its_place(tmp_path: Path) -> None:
    result = run("salon-checklist", "--as", eva(tmp_path, "contact: {email: eva, first: E}\n"), "--out", tmp_path)
    assert result.exit_code == 1
    assert isinstance(result.exception, Exception)
    known = explain(result.exception)
    assert known is not None
    assert "eva.yaml:1:18: error: That doesn't look like an email address" in known.message
    assert "eva.yaml:1:23: error: There is no key `first`" in known.message


def test_as_somebody_in_the_database_sees_it(
    engine: Engine, database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(engine)
    house.sign_up("eva@example.org", first_name="Eva")
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("REDIS_URL", redis_url)
    result = run("salon-checklist", "your-checklist", "--contact", "Eva@example.org", "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert (tmp_path / "message.txt").read_text().startswith("Hello Eva,\n")
    nobody = run("salon-checklist", "--contact", "nobody@example.org", "--out", tmp_path)
    assert (nobody.exit_code, "nobody has this address" in nobody.stderr) == (2, True)
