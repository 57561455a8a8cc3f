"""The runtime that the current app was built for."""

from __future__ import annotations

from typing import cast

from flask import Flask, current_app

from service.runtime import Runtime

NAME = "everafter"


def attach(app: Flask, runtime: Runtime) -> None:
    """Let the app's views find their runtime."""
    app.extensions[NAME] = runtime


def current_runtime() -> Runtime:
    """The runtime, inside a request."""
    return cast(Runtime, current_app.extensions[NAME])
