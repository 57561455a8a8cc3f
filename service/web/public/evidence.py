"""How somebody agreed: what a business must be able to show later (GDPR, article 7(1))."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from flask import request

from service.actions.sign_up import Evidence
from service.domain.entry import consented_topics
from service.domain.hit import clean_user_agent
from service.domain.sequence.model.form import MAIL, ConsentBox, Form
from service.domain.sequence.model.library import Library
from service.web.current import current_network, current_runtime
from service.web.public.form_words import WORDS
from service.web.public.line import BadLine, read_line

LONGEST_PAGE = 500  # characters of the address of the page that a signup came from


def consent_wording(library: Library, form: Form, language: str) -> str:
    """What stands beside the button, and is kept with each consent; nothing where the button agrees to nothing."""
    if form.consent or form.box(MAIL) or not consented_topics(library, form):
        return form.consent
    return WORDS[language]["agreed"].format(business=library.business.name)


def read_evidence(
    entry: Mapping[str, object],
    form: Form,
    wording: str,
    ticked: Sequence[ConsentBox],
    language: str | None = None,
) -> Evidence:
    """Where a signup came from, and what was agreed to in which words: by the button, `wording`, and by boxes.

    A website may say in the field `page` which page it was; else the browser says so.
    """
    network = current_network()
    page = without_query(str(entry.get("page") or request.referrer or ""))
    mail = form.box(MAIL)
    return Evidence(
        address=str(network) if network else None,
        user_agent=_agent(),
        page=page,
        wording=mail.wording if mail else wording,
        form=form.slug,
        mail=mail is None or mail in ticked,
        channels=tuple((box.channel, box.wording) for box in ticked if box.channel != MAIL),
        language=language,
    )


def pressed(page: str, wording: str = "") -> Evidence:
    """What tells, of the press of a button on a page of ours, who pressed it, where, and under which words."""
    network = current_network()
    return Evidence(
        str(network) if network else None,
        _agent(),
        f"{current_runtime().settings.base_url}/{page}",
        wording,
    )


def without_query(address: str) -> str | None:
    """A page's address as far as it may be kept: queries and passwords are nobody's business."""
    try:
        parts = urlsplit(read_line(address, longest=4 * LONGEST_PAGE))
    except (ValueError, BadLine):
        return None
    host = parts.netloc.rpartition("@")[2]
    if parts.scheme not in {"http", "https"} or not host:
        return None
    return f"{parts.scheme}://{host}{parts.path}"[:LONGEST_PAGE]


def _agent() -> str | None:
    return clean_user_agent(request.headers.get("User-Agent", "")) or None
