"""What the current app was built for: its runtime, and where hits are gathered."""

from __future__ import annotations

from typing import NamedTuple, cast

from flask import Flask, current_app

from service.runtime import Runtime
from service.web.gatherer import Gatherer

NAME = "everafter"


class Parts(NamedTuple):
    runtime: Runtime
    hits: Gatherer


def attach(app: Flask, runtime: Runtime, hits: Gatherer) -> None:
    """Let the app's views find what they work with."""
    app.extensions[NAME] = Parts(runtime, hits)


def current_runtime() -> Runtime:
    """The runtime, inside a request."""
    return cast(Parts, current_app.extensions[NAME]).runtime


def current_hits() -> Gatherer:
    """Where opens and clicks go, inside a request."""
    return cast(Parts, current_app.extensions[NAME]).hits
