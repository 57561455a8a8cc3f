"""`everafter web`: granian serving the site, with as many worker processes as WEB_PROCESSES says."""

from __future__ import annotations

import os
import pkgutil
from collections.abc import Callable
from functools import partial
from typing import Any

import click
import structlog
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from service.local.lifeline import die_with
from service.local.port import refuse_port_in_use
from service.local.running import environment
from service.local.servers import servers
from service.settings import read_settings

APP = "service.web.app:create"
# A process. More than it has database connections: signups that come in together share one, and its commit.
THREADS = 32
CONNECTIONS = 512  # a process
# A connection that says nothing holds its place until then. Granian keeps this time for HTTP/1 alone: where it may be
# either, a silent connection stays for ever.
HEADER_MILLISECONDS = 10_000
STOP_SECONDS = 8  # for the requests under way; `up` waits 10

LOG_CONFIG: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": structlog.stdlib.ProcessorFormatter,
            "foreign_pre_chain": [
                structlog.stdlib.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
            ],
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        },
    },
    "handlers": {"out": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stdout"}},
    "loggers": {"_granian": {"handlers": ["out"], "propagate": False}},
}


@click.command(help=__doc__, epilog="Example: everafter web --host 0.0.0.0 --port 8080")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="The port to listen on.")
def web(host: str, port: int) -> None:
    with servers(read_settings(), "everafter web", start=False) as settings:
        refuse_port_in_use(host, port)
        os.environ.update(environment(settings))
        server = Granian(
            APP,
            address=host,
            port=port,
            interface=Interfaces.WSGI,
            http=HTTPModes.http1,
            http1_settings=HTTP1Settings(header_read_timeout=HEADER_MILLISECONDS),
            workers=settings.web_processes,
            blocking_threads=THREADS,
            backpressure=CONNECTIONS,
            respawn_failed_workers=True,
            workers_kill_timeout=STOP_SECONDS,
            log_level=LogLevels.error,
            log_dictconfig=LOG_CONFIG,
        )
        server.serve(target_loader=partial(load, os.getpid()), wrap_loader=False)


def load(parent: int) -> Callable[..., Any]:
    """In each of granian's workers: the site, and an end when granian ends. By name, as neither room sees the other."""
    die_with(parent)
    create: Callable[[], Callable[..., Any]] = pkgutil.resolve_name(APP)
    return create()
