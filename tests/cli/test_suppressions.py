"""`everafter suppressions`: a list comes in from another service, goes out, and comes in again unchanged."""

from __future__ import annotations

import csv
from pathlib import Path

from service.runtime import Runtime
from service.settings import Settings
from service.store.contact import Suppression
from tests.cli.command import everafter
from tests.web.shop import Shop

FOREIGN = """\ufeffEmail Address,Reason,At
ana@example.org,unsubscribed,2025-03-01T10:00:00Z
BEA@Example.org,,
nobody,,
cleo@example.org,mood,
"dora@example.org",complained,2025-03-01
"""


def suppressions(settings: Settings, *arguments: str):  # type: ignore[no-untyped-def]
    told = {"DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url}
    return everafter("suppressions", *arguments, **told, EVERAFTER_HOME=str(settings.home))


def test_a_list_comes_in_and_goes_out_and_changes_nothing_when_it_comes_again(
    settings: Settings, tmp_path: Path
) -> None:
    runtime = Runtime(settings)
    shop = Shop(runtime)
    shop.publish()
    shop.sign_up("bea@example.org")
    foreign, own = tmp_path / "mailchimp.csv", tmp_path / "own.csv"
    foreign.write_text(FOREIGN)
    done = suppressions(settings, "import", str(foreign), "--reason", "bounced")
    assert (done.returncode, done.stdout) == (1, "3 added, 0 stood there already, 2 refused.\n"), done.stderr
    assert "mailchimp.csv:4:" in done.stderr
    assert "mailchimp.csv:5: the reason is one of" in done.stderr
    lines = {each.reason: each for each in shop.all(Suppression)}
    runtime.close()
    assert lines.keys() == {"unsubscribed", "bounced", "complained"}
    assert lines["unsubscribed"].at.isoformat().startswith("2025-03-01")
    assert lines["bounced"].source == "import:mailchimp.csv"

    out = suppressions(settings, "export", "--out", str(own))
    assert (out.returncode, out.stderr.splitlines()[-1]) == (0, "3 lines written.")
    with own.open() as file:
        rows = list(csv.DictReader(file))
    assert [row["email"] for row in rows] == ["", "bea@example.org", ""], "only who is known has an address"
    assert {len(row["address_hash"]) for row in rows} == {64}

    again = suppressions(settings, "import", str(own))
    assert (again.returncode, again.stdout) == (0, "0 added, 3 stood there already, 0 refused.\n"), again.stderr


def test_a_file_without_addresses_is_refused_whole(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "odd.csv"
    file.write_text("name,reason\nAna,manual\n")
    done = suppressions(settings, "import", str(file))
    assert (done.returncode, done.stdout) == (1, "")
    assert "No column is called email; there are: name, reason." in done.stderr
    assert "Traceback" not in done.stderr
