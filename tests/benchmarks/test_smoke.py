"""The measurements work and say what they promise; how fast anything is stands elsewhere."""

from __future__ import annotations

import json
import smtplib
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from benchmarks import report
from benchmarks.bench import wait_until
from benchmarks.load import Load, Request
from benchmarks.programs import Missing, find
from benchmarks.result import Result
from benchmarks.sink import own_sink
from benchmarks.table import table
from service.settings import ROOT

RATES = {
    "mails_per_second": "mails/s",
    "opens_per_second": "opens/s",
    "clicks_per_second": "clicks/s",
    "signups_per_second": "signups/s",
}
COSTS = ("cpu_ms_per_mail", "cpu_ms_per_open", "cpu_ms_per_click", "cpu_ms_per_signup", "cpu_ms_per_persons_click")
STEPS = ("render", "sign", "encode", "smtp", "pace", "database_statements", "database_commits", "rows_and_rules")


@pytest.fixture(scope="module")
def glance(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any]]:
    """What a run prints, and what it writes."""
    path = tmp_path_factory.mktemp("benchmarks") / "glance.json"
    command = [sys.executable, "-m", "benchmarks", "--glance", "--output", str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=560, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads(path.read_text())


@pytest.mark.slow
@pytest.mark.timeout(600)  # on a machine that has other things to do
def test_every_measurement_works_on_a_real_installation(glance):
    printed, found = glance
    for name, unit in RATES.items():
        assert found[name]["value"] > 0
        assert found[name]["unit"] == unit
        assert name.replace("_", " ") in printed
    for name in COSTS:
        assert found[name]["value"] == pytest.approx(
            found[name]["everafter"] + found[name]["postgresql"] + found[name]["valkey"], rel=0.01, abs=0.01
        )
    assert found["mails_per_second"]["mails"] == found["mails_per_second"]["arrived"] == 30
    for hits in ("opens_per_second", "clicks_per_second"):
        assert found[hits]["recorded"] >= found[hits]["answered"] > 0
        assert found[hits]["ratio"] == pytest.approx(found[hits]["value"] / found[hits]["reference"], rel=0.01)
    assert found["signups_per_second"]["stored"] >= found["signups_per_second"]["answered"] > 0
    for web in ("opens_per_second", "clicks_per_second", "signups_per_second"):
        assert found[web]["refused"] == found[web]["broken"] == 0
    assert found["steps_advanced_per_second"]["value"] > 0
    assert found["steps_advanced_per_second"]["people"] == 600
    assert found["idle_look_ms"]["value"] > 0
    assert found["signups_per_second"]["reference"] > 0
    assert found["signup_to_handover_ms"]["signups"] == 2
    for events in ("events_per_second", "events_in_lists_per_second"):
        assert found[events]["stored"] >= found[events]["answered"] > 0
        assert found[events]["refused"] == found[events]["broken"] == 0
    for notices in ("notices_per_second", "notices_in_lists_per_second"):
        assert found[notices]["kept"] >= found[notices]["answered"] > 0
        assert found[notices]["refused"] == found[notices]["broken"] == 0
    assert found["feedback_read_per_second"]["value"] > 0
    assert found["mails_per_second_in_a_storm"]["value"] > 0
    assert found["backlog_mails_per_second"]["value"] > 0
    assert found["worker_memory"]["value"] > 0
    assert found["people_planned_per_second"]["people"] == found["people_replanned_per_second"]["people"] == 60
    whole = found["one_mail_in_all"]["value"]
    assert sum(found[f"one_mail_{step}"]["value"] for step in STEPS) == pytest.approx(whole, rel=0.05)
    assert found["machine"]["durability"] == {"fsync": "on", "synchronous_commit": "on"}


def test_the_table_lines_up():
    lines = table(
        {
            "mails_per_second": Result(231.4, "mails/s", 9120.0, "smtp-source"),
            "signups_per_second": Result(1063.9, "signups/s", 2777.0, "pgbench"),
            "peak": Result(0.5, "MB"),
        }
    ).splitlines()
    assert lines == [
        "                    value  unit       reference  by           ratio  aim",
        "-------------------------------------------------------------------------------------------",
        "mails per second      231  mails/s        9,120  smtp-source  0.025  missed ratio ≥ 0.42",
        "signups per second  1,064  signups/s      2,777  pgbench      0.383  ✓ ≥ 1,000, ratio ≥ 0.2",
        "peak                 0.50  MB",
    ]


class HalfOpen(BaseHTTPRequestHandler):
    """Answers whoever asks, and refuses whoever brings something."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.answer(200)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(403)

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: object) -> None: ...


@pytest.mark.slow
def test_wrk_reports_what_was_answered_and_what_was_refused():
    try:
        find("wrk", "wrk", fetch=False)
    except Missing as why:
        pytest.skip(str(why))  # the run above has used our own generator
    with ThreadingHTTPServer(("127.0.0.1", 0), HalfOpen) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        base = f"http://127.0.0.1:{server.server_port}"
        answered = Load(2, fetch=False).run(base, [Request("GET", "/"), Request("POST", "/", "a=b")], 1)
        server.shutdown()
    assert answered.requests > 50
    assert answered.refused == pytest.approx(answered.requests / 2, abs=2)
    assert answered.broken == 0
    assert 0 < answered.p50_ms <= answered.p99_ms


@pytest.mark.slow
def test_the_sink_of_our_own_takes_and_counts_mails(tmp_path):
    with own_sink(tmp_path, "it was asked for") as sink:
        with smtplib.SMTP("127.0.0.1", sink.port) as session:
            for number in range(3):
                session.sendmail("mia@glow.example", [f"{number}@example.org"], "Subject: x\r\n\r\n.\r\nhello\r\n")
        wait_until(lambda: sink.count() == 3, 60, "three mails are counted")
        assert sink.source is None


def test_the_page_shows_the_newest_results():
    assert report.section(json.loads(report.LATEST.read_text())) in report.PAGE.read_text()
