"""Opens and clicks a second: signed tokens of real mails, every hit counted in the table afterwards."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from statistics import median

from benchmarks.bench import Bench, say, wait_until
from benchmarks.bare import NAME
from benchmarks.load import Answered, Request, total
from benchmarks.mails import SENT, wait_for_mails
from benchmarks.mails import total as whole
from benchmarks.people import join
from benchmarks.result import Result
from benchmarks.usage import milliseconds_each, processor_seconds
from service.runtime import Runtime
from service.store import stream
from service.store.publication import read_links

COUNTED = "SELECT count(*) FROM hit WHERE kind = :kind"
IDS = "SELECT id FROM delivery WHERE state = 'sent' ORDER BY id LIMIT :most"
GATHERED = 0.5  # seconds until web processes have handed on what they gathered
PATIENCE = 180.0  # seconds until all is counted
BARE = [Request("GET", "/")]


def measure_opens(bench: Bench) -> Mapping[str, Result]:
    sign = bench.installation.runtime.signer.sign
    return _measure(bench, "open", [Request("GET", f"/open/{sign('open', str(each))}.gif") for each in _readers(bench)])


def measure_clicks(bench: Bench) -> Mapping[str, Result]:
    sign = bench.installation.runtime.signer.sign
    with bench.installation.runtime.session() as session:
        links = list(read_links(session).values())
    paths = [
        f"/click/{sign('click', f'{each}.{links[number % len(links)]}')}" for number, each in enumerate(_readers(bench))
    ]
    return _measure(bench, "click", [Request("GET", path) for path in paths])
