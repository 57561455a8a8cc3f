"""`/refer/CODE`: a friend arrives by somebody's link, and goes on to the form; who sent them goes along in its address.

There is no cookie: whoever comes back another day comes by the link again. `ref` is the code, signed, as every address
of ours that speaks of somebody is; a code that is typed or written by another program counts as it is. Whoever brings a
signed `ref` of before keeps it: first touch wins. Whose code it is shows nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from service.actions.sign_up import REF
from service.domain.referral import read_code
from service.domain.sequence.model.business import Business
from service.domain.token import Signer
from service.store.referral import find_referrer
from service.web.current import current_runtime

FORM = "friend"  # the form that is meant for friends, where the business has one and says nothing else

referring = Blueprint("refer", __name__)


@referring.get("/refer/<text>")
def arrive(text: str) -> Response:
    runtime = current_runtime()
    business = runtime.published().library.business
    before = request.args.get(REF, "")
    code = (code_of(runtime.signer, before) if "." in before else None) or read_code(text)
    if code is not None:
        with runtime.session() as session:
            known = find_referrer(session, code) is not None
        code = code if known else None
    return redirect(landing_page(business, runtime.signer.sign("ref", code) if code else None), 302)


def landing_page(business: Business, ref: str | None) -> str:
    """Where friends sign up: the page or the form that `referral` names, else a form of ours."""
    programme = business.referral
    if programme is not None and programme.page:
        return _with_ref(programme.page, ref)
    named = business.form(programme.form) if programme is not None and programme.form else None
    form = named or business.form(FORM) or next(iter(business.forms), None)
    return url_for("forms.show", slug=form.slug, ref=ref) if form else url_for("home.show")


def code_of(signer: Signer, ref: str) -> str | None:
    """The code in a `ref`: signed, or plain as somebody typed it; None where it is neither, or was altered."""
    if "." not in ref:
        return read_code(ref)
    value = signer.read("ref", ref.strip())
    return read_code(value) if value is not None else None


def with_code(signer: Signer, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a form with the code itself as their `ref`; without one where there is none in it."""
    ref = fields.get(REF)
    if ref is None:
        return dict(fields)
    code = code_of(signer, ref) if isinstance(ref, str) else None
    others = {name: value for name, value in fields.items() if name != REF}
    return others | ({REF: code} if code else {})


def _with_ref(page: str, ref: str | None) -> str:
    if ref is None:
        return page
    parts = urlsplit(page)
    query = "&".join(filter(None, (parts.query, urlencode({REF: ref}))))
    return urlunsplit(parts._replace(query=query))
