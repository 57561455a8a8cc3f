"""`everafter worker`: one worker, which takes what is due and hands it over."""

from __future__ import annotations

import os
import pkgutil

import click

from service.local.running import environment
from service.local.servers import servers
from service.settings import read_settings


@click.command(help=__doc__, epilog="Example: everafter worker")
def worker() -> None:
    with servers(read_settings(), "everafter worker", start=False) as settings:
        os.environ.update(environment(settings))
        pkgutil.resolve_name("workers.worker:run")()
