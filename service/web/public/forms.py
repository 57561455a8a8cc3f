"""The hosted form, and where every form's signups arrive: `/forms/SLUG`.

GET    the form, for people
POST   a signup, from here or from anybody's website: 303, or to JSON 202; the same for known and unknown addresses
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

import structlog
from flask import Blueprint, Response, abort, g, jsonify, redirect, render_template, request, url_for
from prometheus_client import Counter
from werkzeug.wrappers import Response as AnyResponse

from service.actions.sign_up_newcomers import Signup
from service.domain.sequence.model.business import Business
from service.domain.sequence.model.form import Form
from service.web.current import current_reception, current_runtime
from service.web.limits import current_limits
from service.web.network import client_address
from service.web.problems import page, problem, wants_json
from service.web.public.entry import Unreadable, read_entry
from service.web.public.evidence import consent_wording, read_evidence
from service.web.public.line import LONGEST
from service.web.public.questions import HONEYPOT, INPUTS, check, has_honeypot, is_machine, questions
from service.web.security import content_policy

LOOK_AGAIN = "Please look once more at what is marked."
TOO_OFTEN = "Too many signups came from here in a short time. Please try again in {wait}."

SIGNUPS = Counter("everafter_signups", "Signups that this process answered", ["form", "outcome"])

log = structlog.get_logger()
forms = Blueprint("forms", __name__)


@forms.get("/forms/<slug>", provide_automatic_options=False)
def show(slug: str) -> Response:
    business, form = _find(slug)
    ref = request.args.get("ref", "")
    return _ask(business, form, {"ref": ref} if ref else {})


@forms.get("/forms/<slug>/thanks")
def thanks(slug: str) -> str:
    business, form = _find(slug)
    return render_template("thanks.html", business=business, form=form)


@forms.post("/forms/<slug>", provide_automatic_options=False)
def receive(slug: str) -> AnyResponse:
    g.entry = entry = read_entry(request)  # kept for the page that says to try again
    business, form = _find(slug)
    if is_machine(form, entry):
        log.info("form.honeypot", form=form.slug)
        return _accept(form, "honeypot")
    checked = check(form, business, entry)
    if checked.address is None or checked.errors:
        return _refuse(business, form, entry, 422, LOOK_AGAIN, checked.errors)
    runtime = current_runtime()
    network = client_address(request, runtime.settings.trusted_proxies)
    wait = current_limits().wait_for(network, checked.address.key)
    if wait:
        answer = _refuse(business, form, entry, 429, TOO_OFTEN.format(wait=_words(wait)))
        answer.headers["Retry-After"] = str(wait)
        return answer
    evidence = read_evidence(request, entry, network, consent_wording(business, form))
    current_reception().take(Signup(form, checked.address, checked.fields, evidence))
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
    if form is not None and form.origins:
        answer.vary.add("Origin")
        if request.origin in form.origins:
            answer.access_control_allow_origin = request.origin
            answer.headers["Access-Control-Allow-Methods"] = "POST"
            answer.headers["Access-Control-Allow-Headers"] = "Content-Type"
    return answer


@forms.errorhandler(Unreadable)
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
    return _ask(business, form, entry, status, notice, errors or {})


def _ask(
    business: Business,
    form: Form,
    entry: Mapping[str, object],
    status: int = 200,
    notice: str = "",
    errors: Mapping[str, str] | None = None,
) -> Response:
    """The form, filled in as far as somebody has already done so."""
    asked = questions(form, business)
    values = {name: _shown(value) for name, value in entry.items()}
    words = render_template(
        "form.html",
        business=business,
        form=form,
        questions=asked,
        inputs=INPUTS,
        values=values,
        errors=errors or {},
        notice=notice,
        wording=consent_wording(business, form),
        honeypot=HONEYPOT if has_honeypot(form) else None,
        page=f"{current_runtime().settings.base_url}/forms/{form.slug}",
    )
    answer = Response(words, status, content_type="text/html; charset=utf-8")
    if form.thanks:
        # Browsers hold the redirect after a form to this rule too, and the business's page may redirect once more.
        answer.headers["Content-Security-Policy"] = content_policy(form_action=f"'self' https: {_origin(form.thanks)}")
    return answer


def _shown(value: object) -> str:
    """A value as it may stand in the form again."""
    text = str(value)[: 2 * LONGEST] if isinstance(value, str | int | float) else ""
    return "".join(character for character in text if character.isprintable())


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def _words(seconds: int) -> str:
    if seconds < 90:
        return f"{seconds} seconds"
    return f"{-(-seconds // 60)} minutes"
