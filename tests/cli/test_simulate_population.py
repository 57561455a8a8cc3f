"""`everafter simulate --population`."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

from tests.cli.command import everafter

FEW = ("simulate", "--population", "60", "--seed", "3", "--days", "120")


def test_a_population_is_printed_as_json_with_means_and_standard_errors() -> None:
    printed = everafter(*FEW, "--policy", "everafter", "--policy", "random-thin", "--json")
    assert printed.returncode == 0, printed.stderr
    found = json.loads(printed.stdout)
    assert {"seed", "contacts", "days", "world", "assumptions", "policies"} <= set(found)
    assert (found["seed"], found["contacts"], found["days"]) == (3, 60, 120)
    assert found["world"]["name"] == "base"
    assert "assumed, not fitted" in found["assumptions"]["note"]
    assert set(found["policies"]) == {"none", "everafter", "random-thin"}
    for policy in found["policies"].values():
        for name in ("mails", "conversions", "unsubscribes", "complaints", "reachable"):
            assert set(policy[name]) == {"mean", "se"}
        assert set(policy["expired"]) == {f"P{number}" for number in range(1, 8)}
    assert found["policies"]["none"]["incremental"]["against_none"] == {"mean": 0, "se": 0}
    assert found["policies"]["everafter"]["mails"]["mean"] < found["policies"]["none"]["mails"]["mean"]


def test_the_same_seed_prints_the_same_and_says_what_is_assumed(tmp_path: Path) -> None:
    picture = tmp_path / "policies.svg"
    once = everafter(*FEW, "--policy", "caps", "--svg", str(picture))
    again = everafter(*FEW, "--policy", "caps", "--svg", str(picture))
    assert once.returncode == 0, once.stderr
    assert once.stdout == again.stdout
    assert "assumed, not fitted" in once.stdout
    assert len({line.index("kept") for line in once.stdout.splitlines() if line.startswith("policy")}) == 1
    drawn = ElementTree.parse(picture).getroot()
    assert "caps" in "".join(drawn.itertext())


def test_a_world_of_ones_own_is_lived(tmp_path: Path) -> None:
    world = tmp_path / "silent.json"
    world.write_text('{"name": "silent", "notice": 0, "leave": 0}')
    found = json.loads(everafter(*FEW, "--policy", "none", "--world", str(world), "--json").stdout)
    assert found["world"]["name"] == "silent"
    assert found["policies"]["none"]["incremental"]["against_no_mail"]["mean"] == 0
    assert found["policies"]["none"]["unsubscribes"]["mean"] == 0


def test_a_bad_world_is_refused(tmp_path: Path) -> None:
    world = tmp_path / "mine.json"
    world.write_text('{"tolerence": 2}')
    refused = everafter(*FEW, "--world", str(world))
    assert refused.returncode == 1
    assert "`tolerence` is no parameter of a world (did you mean `tolerance`?)" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_one_contact_or_many_and_not_both() -> None:
    for arguments in (
        ("simulate",),
        (*FEW, "--as", "pyproject.toml"),
        ("simulate", "--as", "pyproject.toml", "--seed", "2"),
    ):
        refused = everafter(*arguments)
        assert refused.returncode == 2, arguments
        assert "--population" in refused.stderr


def test_an_unknown_policy_is_refused_with_those_there_are() -> None:
    refused = everafter(*FEW, "--policy", "loud")
    assert refused.returncode == 2
    assert "everafter" in refused.stderr
