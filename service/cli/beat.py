"""`everafter beat`: rings each second, moves journey time, prunes."""

from __future__ import annotations

import os
import pkgutil

import click

from service.local.running import environment
from service.local.servers import servers
from service.settings import read_settings


@click.command(help=__doc__, epilog="Example: everafter beat")
def beat() -> None:
    with servers(read_settings(), "everafter beat", start=False) as settings:
        os.environ.update(environment(settings))
        pkgutil.resolve_name("workers.beat:run")()
