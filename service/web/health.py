"""`/healthz`: this process answers. `/readyz`: it can do its work; Redis may be away meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import cast

from flask import Blueprint, Flask, Response, current_app, jsonify
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from service.runtime import Runtime
from service.store.revision import Unready, refuse_older
from service.store.secret import KeysDiffer
from service.web.away import AGAIN_AFTER

NAME = "everafter.readiness"
PATIENCE = 2.0  # seconds

health = Blueprint("health", __name__)


class Readiness:
    """Asks PostgreSQL and Redis at once, and waits for at most PATIENCE. A question under way is not asked twice."""

    def __init__(self, runtime: Runtime) -> None:
        self._questions: dict[str, Callable[[], None]] = {
            "database": lambda: _ask_database(runtime),
            "redis": lambda: _ask_redis(runtime),
        }
        self._pool = ThreadPoolExecutor(len(self._questions), thread_name_prefix="ready")
        self._asked: dict[str, Future[None]] = {}
        self._lock = threading.Lock()

    def reasons(self) -> dict[str, str]:
        """What is amiss, by name; empty where all is well."""
        asked = {name: self._ask(name) for name in self._questions}
        wait(asked.values(), timeout=PATIENCE)
        return {name: reason for name, future in asked.items() if (reason := _reason(future))}

    def _ask(self, name: str) -> Future[None]:
        with self._lock:
            under_way = self._asked.get(name)
            if under_way is None or under_way.done():
                under_way = self._asked[name] = self._pool.submit(self._questions[name])
            return under_way


def attach(app: Flask, runtime: Runtime) -> None:
    """Let the app ask whether it can do its work."""
    app.extensions[NAME] = Readiness(runtime)


@health.get("/healthz")
def alive() -> Response:
    return jsonify(status="alive")


@health.get("/readyz")
def ready() -> Response:
    reasons = cast(Readiness, current_app.extensions[NAME]).reasons()
    if "database" in reasons:
        answer = jsonify(status="unavailable", reasons=reasons)
        answer.status_code = 503
        answer.headers["Retry-After"] = str(AGAIN_AFTER)
        return answer
    if reasons:
        return jsonify(status="degraded", degraded=", ".join(reasons), reasons=reasons)
    return jsonify(status="ready")


def _reason(future: Future[None]) -> str:
    if not future.done():
        return f"It does not answer within {PATIENCE:g} s."
    try:
        future.result()
    except (Unready, KeysDiffer) as error:
        return str(error)
    except (SQLAlchemyError, RedisError) as error:
        # Its name alone: the words may hold an address with a password.
        return f"It can't be reached ({type(error).__name__})."
    return ""


def _ask_database(runtime: Runtime) -> None:
    with runtime.engine.connect() as connection:
        refuse_older(connection)
    runtime.signer  # noqa: B018 (it reads the keys, and refuses where other hosts sign with others)


def _ask_redis(runtime: Runtime) -> None:
    runtime.redis.ping()
