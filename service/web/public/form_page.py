"""A form as people see it: the hosted page, and the page after."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from flask import Response, render_template, request

from service.clock import machine_now
from service.domain.entry import consented_topics
from service.domain.sequence.model.business import Business
from service.domain.sequence.model.form import MAIL, Form
from service.domain.sequence.model.library import Library
from service.web.current import current_runtime
from service.web.public.controls import controls
from service.web.public.evidence import consent_wording
from service.web.public.fill import fill_token
from service.web.public.form_words import THANKS, WORDS, language_for, own_language
from service.web.public.line import LONGEST
from service.web.public.questions import HONEYPOT, has_honeypot, is_ticked, questions
from service.web.security import content_policy


def current_language(business: Business) -> str:
    """In which language we speak to whoever asks, inside a request."""
    return own_language(business) or language_for(business, request.accept_languages)


def ask(
    business: Business,
    form: Form,
    entry: Mapping[str, object],
    status: int = 200,
    notice: str = "",
    errors: Mapping[str, str] | None = None,
) -> Response:
    """The form, filled in as far as somebody has already done so."""
    runtime = current_runtime()
    language = current_language(business)
    asked = list(controls(questions(form, business, language), language))
    faults = errors or {}
    words = render_template(
        "form.html",
        business=business,
        language=language,
        words=WORDS[language],
        form=form,
        controls=asked,
        first=next((each.name for each in asked if each.name in faults), None),
        values={name: shown(value) for name, value in entry.items()},
        ticked={box.name for box in form.boxes if is_ticked(entry.get(box.name))},
        errors=faults,
        notice=notice,
        wording=consent_wording(runtime.published().library, form, language),
        honeypot=HONEYPOT if has_honeypot(form) else None,
        page=f"{runtime.settings.base_url}/forms/{form.slug}",
        # One that came back keeps its time, so that its next press is late enough.
        fill=shown(entry.get("fill")) or fill_token(runtime.signer, machine_now()),
    )
    answer = Response(words, status, content_type="text/html; charset=utf-8")
    if form.thanks:
        # Browsers hold the redirect after a form to this rule too, and the business's page may redirect once more.
        answer.headers["Content-Security-Policy"] = content_policy(form_action=f"'self' https: {_origin(form.thanks)}")
    return answer


def show_thanks(library: Library, form: Form) -> str:
    """The page after, the same for everybody."""
    language = current_language(library.business)
    heading, *sentences = thanks_of(library, form, language)
    return render_template(
        "thanks.html", business=library.business, language=language, heading=heading, sentences=sentences
    )


def thanks_of(library: Library, form: Form, language: str) -> list[str]:
    """What a visitor reads afterwards: a heading and sentences that hold for whoever is known and whoever is not."""
    words = THANKS[language]
    if form.box(MAIL) or not (form.magnet or consented_topics(library, form)):
        asked = [words["box"]] if form.double_opt_in and form.box(MAIL) else []
        return [words["heading"], words["card"], *asked]
    kind = "confirm" if form.double_opt_in else "magnet" if form.magnet else "mail"
    return [words["heading"], words[kind], words["spam"]]


def shown(value: object) -> str:
    """A value as it may stand in the form again."""
    text = str(value)[: 2 * LONGEST] if isinstance(value, str | int | float) else ""
    return "".join(character for character in text if character.isprintable())


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
