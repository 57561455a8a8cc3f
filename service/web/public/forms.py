"""The hosted form, and where every form's signups arrive: `/forms/SLUG`.

GET    the form, for people; `/forms/SLUG/embed.js` is the same for any page of a website
POST   a signup, from here or from anybody's website: 303, or to JSON 202; the same for known and unknown addresses
"""

from __future__ import annotations

from collections.abc import Mapping

import structlog
from flask import Blueprint, Response, abort, g, jsonify, redirect, request, url_for
from prometheus_client import Counter
from werkzeug.wrappers import Response as AnyResponse

from service.actions.sign_up_newcomers import Signup
from service.clock import machine_now
from service.domain.sequence.model.business import Business
from service.domain.sequence.model.form import Form
from service.web.current import current_network, current_reception, current_runtime
from service.web.limits import current_limits
from service.web.problems import page, problem, wants_json
from service.web.public.embed import embed
from service.web.public.entry import Unreadable, read_entry
from service.web.public.evidence import consent_wording, read_evidence
from service.web.public.fill import is_too_fast
from service.web.public.form_page import ask, current_language, show_thanks
from service.web.public.form_words import WORDS
from service.web.public.questions import check, is_machine
from service.web.public.refer import with_code

REMEMBERED = "600"  # seconds for which a browser need not ask again whether a site's script may post

SIGNUPS = Counter("everafter_signups", "Signups that this process answered", ["form", "outcome"])

log = structlog.get_logger()
forms = Blueprint("forms", __name__)


@forms.get("/forms/<slug>", provide_automatic_options=False)
def show(slug: str) -> Response:
    business, form = _find(slug)
    ref = request.args.get("ref", "")
    return ask(business, form, {"ref": ref} if ref else {})


@forms.get("/forms/<slug>/embed.js")
def script(slug: str) -> AnyResponse:
    _, form = _find(slug)
    return embed(form)


@forms.get("/forms/<slug>/thanks")
def thanks(slug: str) -> str:
    _, form = _find(slug)
    return show_thanks(current_runtime().published().library, form)


@forms.post("/forms/<slug>", provide_automatic_options=False)
def receive(slug: str) -> AnyResponse:
    g.entry = entry = read_entry(request)  # kept for the page that says to try again
    business, form = _find(slug)
    if is_machine(form, entry):
        log.info("form.honeypot", form=form.slug)
        return _accept(form, "honeypot")
    language = current_language(business)
    words = WORDS[language]
    checked = check(form, business, entry, language)
    if checked.address is None or checked.errors:
        return _refuse(business, form, entry, 422, words["look"], checked.errors)
    runtime = current_runtime()
    if is_too_fast(runtime.signer, entry.get("fill"), machine_now()):
        log.info("form.too_fast", form=form.slug)
        return _refuse(business, form, entry, 422, words["fast"])
    network = current_network()
    wait, is_full = current_limits().wait_for(network, checked.address.key)
    if wait:
        notice = words["full" if is_full else "often"].format(wait=_words(wait, words))
        answer = _refuse(business, form, entry, 429, notice)
        answer.headers["Retry-After"] = str(wait)
        return answer
    wording = consent_wording(runtime.published().library, form, language)
    evidence = read_evidence(entry, form, wording, checked.ticked, language)
    current_reception().take(Signup(form, checked.address, with_code(runtime.signer, checked.fields), evidence))
    return _accept(form, "accepted")


@forms.route("/forms/<slug>", methods=["OPTIONS"])
def preflight(slug: str) -> tuple[str, int]:
    """A browser asks whether another site's script may post here; `_let_read` answers."""
    _find(slug)
    return "", 204


@forms.after_request
def _let_read(answer: Response) -> Response:
    """Let scripts of the form's own sites read the answer (Fetch standard, "CORS protocol"), without credentials."""
    form: Form | None = g.get("form")
    if form is not None and form.origins and request.method in {"OPTIONS", "POST"}:
        answer.vary.add("Origin")
        if request.origin in form.origins:
            answer.access_control_allow_origin = request.origin
            answer.headers["Access-Control-Allow-Methods"] = "POST"
            answer.headers["Access-Control-Allow-Headers"] = "Content-Type"
            answer.headers["Access-Control-Max-Age"] = REMEMBERED
    return answer


@forms.app_errorhandler(Unreadable)  # by whichever page reads an entry
def unreadable(error: Unreadable) -> Response:
    return problem(400, str(error)) if wants_json() else page(400, str(error))


def _find(slug: str) -> tuple[Business, Form]:
    business = current_runtime().published().library.business
    form = business.form(slug)
    if form is None:
        abort(404)
    g.form = form
    return business, form


def _accept(form: Form, outcome: str) -> AnyResponse:
    SIGNUPS.labels(form.slug, outcome).inc()
    if wants_json():
        answer = jsonify(status="accepted")
        answer.status_code = 202
        return answer
    return redirect(form.thanks or url_for("forms.thanks", slug=form.slug), 303)


def _refuse(
    business: Business,
    form: Form,
    entry: Mapping[str, object],
    status: int,
    notice: str,
    errors: Mapping[str, str] | None = None,
) -> Response:
    SIGNUPS.labels(form.slug, "limited" if status == 429 else "refused").inc()
    if wants_json():
        return problem(status, notice, **({"errors": dict(errors)} if errors else {}))
    return ask(business, form, entry, status, notice, errors)


def _words(seconds: int, words: Mapping[str, str]) -> str:
    if seconds < 90:
        return words["seconds"].format(seconds)
    return words["minutes"].format(-(-seconds // 60))
