"""What the current app was built for: its runtime, where hits are gathered, where signups are taken; and who asks."""

from __future__ import annotations

from typing import NamedTuple, cast

from flask import Flask, current_app, request

from service.runtime import Runtime
from service.web.gatherer import Gatherer
from service.web.network import Address, client_address
from service.web.reception import Reception

NAME = "everafter"


class Parts(NamedTuple):
    runtime: Runtime
    hits: Gatherer
    reception: Reception


def attach(app: Flask, runtime: Runtime, hits: Gatherer) -> None:
    """Let the app's views find what they work with."""
    app.extensions[NAME] = Parts(runtime, hits, Reception(runtime))


def current_runtime() -> Runtime:
    """The runtime, inside a request."""
    return cast(Parts, current_app.extensions[NAME]).runtime


def current_hits() -> Gatherer:
    """Where opens and clicks go, inside a request."""
    return cast(Parts, current_app.extensions[NAME]).hits


def current_reception() -> Reception:
    """Where signups are taken, inside a request."""
    return cast(Parts, current_app.extensions[NAME]).reception


def current_network() -> Address | None:
    """Where the request comes from; see `client_address`."""
    return client_address(request, current_runtime().settings.trusted_proxies)
