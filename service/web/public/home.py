"""`/`: what this is, for whoever follows an address of ours to its root."""

from __future__ import annotations

from flask import Blueprint, current_app, render_template

from service.domain.sequence.model.business import Business
from service.runtime import NothingPublished
from service.web.current import current_runtime

DOORS = (("/mailbox", "The development mailbox"), ("/api/docs", "The API, to try out"), ("/readyz", "Is all well?"))

home = Blueprint("home", __name__)


@home.get("/")
def show() -> str:
    business = _business()
    adapter = current_app.url_map.bind("")
    doors = [(path, words) for path, words in DOORS if adapter.test(path)]
    return render_template("home.html", business=business, forms=business.forms if business else (), doors=doors)


def _business() -> Business | None:
    """None where nothing is published yet."""
    try:
        return current_runtime().published().library.business
    except NothingPublished:
        return None
