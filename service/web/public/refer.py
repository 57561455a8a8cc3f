"""`/refer/CODE`: a friend arrives by somebody's link, and goes on to the form; the code goes with them in its address.

There is no cookie: whoever comes back another day comes by the link again. Whose code it is shows nowhere.
"""

from __future__ import annotations

from flask import Blueprint, redirect, url_for
from werkzeug.wrappers import Response

from service.domain.referral import read_code
from service.domain.sequence.model.business import Business
from service.store.referral import find_referrer
from service.web.current import current_runtime

FORM = "friend"  # the form that is meant for friends, where the business has one

referring = Blueprint("refer", __name__)


@referring.get("/refer/<text>")
def arrive(text: str) -> Response:
    runtime = current_runtime()
    business = runtime.published().library.business
    code = read_code(text)
    if code is not None:
        with runtime.session() as session:
            known = find_referrer(session, code) is not None
        code = code if known else None
    return redirect(landing_page(business, code), 302)


def landing_page(business: Business, code: str | None) -> str:
    """Where friends sign up: a path of our own site."""
    form = business.form(FORM) or next(iter(business.forms), None)
    return url_for("forms.show", slug=form.slug, ref=code) if form else url_for("home.show")
