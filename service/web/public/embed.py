"""`/forms/SLUG/embed.js`: one script tag that puts a form into any page.

The script is the same for every form; what differs follows it as JSON. It sets no cookie, asks nobody but us, and
needs of a page's content security policy only our address in `script-src` and `connect-src`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from flask import Response, json, request
from werkzeug.wrappers import Response as AnyResponse

from service.clock import machine_now
from service.domain.sequence.model.form import Form
from service.domain.sequence.model.library import Library
from service.web.current import current_runtime
from service.web.public.controls import Control, controls
from service.web.public.evidence import consent_wording
from service.web.public.fill import fill_token
from service.web.public.form_page import current_language, thanks_of
from service.web.public.form_words import WORDS
from service.web.public.questions import HONEYPOT, has_honeypot, questions

FILE = Path(__file__).parent / "templates" / "embed.js"
# As it stands there, but for the indentation, which is for us and a seventh of it.
SCRIPT = "\n".join(line.strip() for line in FILE.read_text(encoding="utf-8").splitlines() if line.strip())
FRESH = 300  # seconds for which browsers need not ask again
# What could end a script, where somebody copies it into a page. JSON in ASCII is JavaScript (ECMAScript 2019).
ESCAPED = str.maketrans({each: f"\\u{ord(each):04x}" for each in "<>&"})


def embed(form: Form) -> AnyResponse:
    """The script of a form, inside a request."""
    runtime = current_runtime()
    library = runtime.published().library
    facts = describe(library, form, current_language(library.business), runtime.settings.base_url)
    # The token is another each time, and changes nothing of what the form is: hence a weak ETag (RFC 9110 §8.8.1).
    same = hashlib.sha256(write_script(facts).encode()).hexdigest()[:16]
    script = write_script(facts | {"fill": fill_token(runtime.signer, machine_now())})
    answer = Response(script, content_type="text/javascript; charset=utf-8")
    answer.set_etag(same, weak=True)
    answer.cache_control.public = True
    answer.cache_control.max_age = FRESH
    answer.vary.add("Accept-Language")
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return answer.make_conditional(request)


def describe(library: Library, form: Form, language: str, base_url: str) -> dict[str, Any]:
    """All that the script has to know of a form."""
    words = WORDS[language]
    heading, *sentences = thanks_of(library, form, language)
    facts: dict[str, Any] = {
        "slug": form.slug,
        "language": language,
        "action": f"{base_url}/forms/{form.slug}",
        "title": form.title,
        "text": form.text,
        "controls": list(_described(controls(questions(form, library.business, language), language))),
        "boxes": [[box.name, box.wording] for box in form.boxes],
        "consent": consent_wording(library, form, language),
        "button": form.button or words["button"],
        "trap": HONEYPOT if has_honeypot(form) else "",
        "thanks": form.thanks or "",
        "done": [heading, *sentences],
        "words": {name: words[name] for name in ("optional", "trap", "look", "away", "page")},
    }
    return {name: value for name, value in facts.items() if value}


def write_script(facts: Mapping[str, Any]) -> str:
    """The whole script: what is the same for all, called with the facts of one form."""
    return f"{SCRIPT}({json.dumps(facts, ensure_ascii=True, separators=(',', ':')).translate(ESCAPED)});\n"


def _described(asked: Iterable[Control]) -> Iterable[Mapping[str, Any]]:
    for each in asked:
        fact = {"name": each.name, "label": each.label, "kind": each.kind, "required": each.required}
        fact |= {"choices": each.choices, "hint": each.hint, "attributes": each.attributes}
        yield {name: value for name, value in fact.items() if value}
