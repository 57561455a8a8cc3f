"""How somebody agreed: what a business must be able to show later (GDPR, article 7(1))."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from flask import Request

from service.actions.sign_up import Evidence
from service.domain.hit import clean_user_agent
from service.domain.sequence.model.business import Business
from service.domain.sequence.model.form import Form
from service.web.network import Address
from service.web.public.line import BadLine, read_line

LONGEST_PAGE = 500  # characters of the address of the page that a signup came from


def consent_wording(business: Business, form: Form) -> str:
    """What stands beside the button, and is kept with each consent."""
    usual = f"{business.name} may write to me by email. Every mail has a link to leave with one click."
    return form.consent or usual


def read_evidence(request: Request, entry: Mapping[str, object], network: Address | None, wording: str) -> Evidence:
    """Where a signup came from. A website may say in the field `page` which page it was; else the browser says so."""
    page = without_query(str(entry.get("page") or request.referrer or ""))
    agent = clean_user_agent(request.headers.get("User-Agent", ""))
    return Evidence(str(network) if network else None, agent or None, page, wording)


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
