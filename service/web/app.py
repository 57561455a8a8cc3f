"""The web app, put together: `create` for granian, `build_app` for tests."""

from __future__ import annotations

import gc
import hashlib
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from flask_openapi3.openapi import OpenAPI
from jinja2 import StrictUndefined
from sqlalchemy.exc import SQLAlchemyError

from service.logs import configure
from service.runtime import NothingPublished, Runtime
from service.settings import read_settings
from service.web import api, current, health, limits, metrics, problems, request_id, security, webhooks
from service.web.body import WholeRequest
from service.web.front import Front
from service.web.gatherer import Gatherer
from service.web.public.answer import answering
from service.web.public.calendar import calendars
from service.web.public.confirm import confirming
from service.web.public.forms import forms
from service.web.public.home import home
from service.web.public.join import joining
from service.web.public.left import left
from service.web.public.magnets import magnets
from service.web.public.mailed import mailed
from service.web.public.my_data import my_data
from service.web.public.pictures import pictures
from service.web.public.preferences import preferences
from service.web.public.refer import referring
from service.web.public.share import sharing
from service.web.public.task import tasks
from service.web.public.unsubscribe import leaving
from service.web.studio.mailbox import mailbox

FORM_BYTES = 64 * 1024  # what a body may have where a view does not say otherwise
YEAR = 31_536_000  # seconds
PAGES = (
    home,
    forms,
    leaving,
    preferences,
    magnets,
    pictures,
    referring,
    sharing,
    joining,
    my_data,
    left,
    mailed,
    confirming,
    answering,
    tasks,
    calendars,
)
PUBLIC = Path(__file__).parent / "public"

log = structlog.get_logger()


class Site(OpenAPI):
    """Flask, but for what it logs of a fault: the path holds the token of a link, and a log must not. And bodies come
    whole."""

    request_class = WholeRequest

    def log_exception(self, exc_info: Any) -> None:
        log.error("request.failed", exc_info=exc_info)


def create() -> Site:
    """The app of one server process. Raises SettingsError; KeysDiffer where other hosts sign with other keys.

    It starts without the database, answers 503 meanwhile, and recovers by itself.
    """
    configure("web")
    runtime = Runtime(read_settings())
    try:
        runtime.signer  # noqa: B018 (a host that signs with keys of its own must not start)
        runtime.published()  # read before the first visitor waits for it
    except (SQLAlchemyError, NothingPublished) as error:
        log.warning("web.not_ready", error=type(error).__name__)
    site = build_app(runtime)
    # What was made so far stays. A list of events makes thousands of values and lets go of them by itself; to look
    # through everything at every seven hundredth takes a good part of the time that keeping them does.
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    return site


def build_app(runtime: Runtime) -> Site:
    """The app over a runtime."""
    return attach(lay_out(has_mailbox=runtime.settings.provider == "mailbox"), runtime)


def lay_out(*, has_mailbox: bool) -> Site:
    """Routes, pages, and what every answer carries: all of a site that is nobody's yet."""
    site = Site(
        "service.web",
        doc_ui=False,
        root_path=str(PUBLIC),
        static_folder="static",
        static_url_path="/static",
    )
    site.config.update(MAX_CONTENT_LENGTH=FORM_BYTES, SEND_FILE_MAX_AGE_DEFAULT=YEAR)
    # No answer sends a request elsewhere because of a slash: RFC 8058 forbids it, and a POST would lose its body.
    site.url_map.merge_slashes = False
    site.jinja_options = {"undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}
    style = hashlib.sha256((PUBLIC / "static" / "pages.css").read_bytes()).hexdigest()[:12]
    site.jinja_env.globals.update(business=None, private=False, language="en", style_version=style)
    security.register(site)
    request_id.register(site)
    problems.register(site)
    for blueprint in (health.health, metrics.metrics, webhooks.webhooks, *PAGES, *([mailbox] if has_mailbox else [])):
        site.register_blueprint(blueprint)
    api.register(site)
    return site


def attach(site: Site, runtime: Runtime) -> Site:
    """Let a site work for a runtime; one that worked for another before begins anew."""
    hits = Gatherer(runtime.redis, runtime.engine)
    current.attach(site, runtime, hits)
    for part in (limits, health, metrics, webhooks):
        part.attach(site, runtime)
    site.wsgi_app = Front(partial(Site.wsgi_app, site), runtime, hits)  # type: ignore[method-assign]
    return site
