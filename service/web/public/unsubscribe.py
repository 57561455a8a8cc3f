"""Leaving: the link at the foot of every mail, and the button that mail programs show (RFC 8058).

GET    a page that changes nothing, because scanners open links too
POST   leaves all marketing, or the one `topic` that the body names: 200, without a redirect or a cookie
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session
from werkzeug.exceptions import HTTPException

from service.actions.unsubscribe import unsubscribe
from service.ports import Published
from service.store.journey import journey_now
from service.web.current import current_runtime
from service.web.public.entry import Unreadable, read_entry
from service.web.public.evidence import pressed
from service.web.public.leaving_words import LEAVING
from service.web.public.left import left_page
from service.web.public.preference_words import WORDS
from service.web.public.recipient import Recipient, find_recipient, title_of
from service.web.public.topics import services
from service.web.transaction import transact

leaving = Blueprint("unsubscribe", __name__)


@leaving.get("/unsubscribe/<token>")
def show(token: str) -> str:
    runtime = current_runtime()
    published = runtime.published()
    with runtime.session() as session:
        recipient = find_recipient(session, published, token)
    return _ask(published, recipient, token)


@leaving.post("/unsubscribe/<token>")
def leave(token: str) -> str | tuple[str, int]:
    runtime = current_runtime()
    published = runtime.published()
    entry = _read_kindly()
    topic = str(entry["topic"]) if entry.get("topic") else None
    if topic is not None and published.library.business.topic(topic) is None:
        with runtime.session() as session:
            recipient = find_recipient(session, published, token)
        return _ask(published, recipient, token, LEAVING[recipient.language]["gone_topic"]), 422
    source = "page" if entry.get("by") == "page" else "one-click"
    recipient, left = transact(runtime, partial(take_out, published=published, token=token, topic=topic, source=source))
    runtime.bell.ring()
    return left_page(published, recipient, "topic" if topic else "all", left, topic)


def take_out(
    session: Session, *, published: Published, token: str, topic: str | None, source: str
) -> tuple[Recipient, int | None]:
    """Unsubscribe whoever holds the token, from a topic or from everything: the recipient as they are afterwards, and
    the number by which this goes, None where the person was forgotten."""
    recipient = find_recipient(session, published, token)
    evidence = pressed("unsubscribe", LEAVING[recipient.language]["all"] if source == "page" and not topic else "")
    now = journey_now(session)
    left = unsubscribe(session, published, recipient.contact_id, now, topic=topic, source=source, evidence=evidence)
    session.flush()
    return find_recipient(session, published, token), left


def _read_kindly() -> Mapping[str, object]:
    """The body's fields; none where it can't be read, for a mail program's POST counts whatever it holds."""
    try:
        return read_entry(request)
    except (Unreadable, HTTPException):
        return {}


def _ask(published: Published, recipient: Recipient, token: str, notice: str = "") -> str:
    business, language = published.library.business, recipient.language
    return render_template(
        "unsubscribe.html",
        private=True,
        business=business,
        language=language,
        words=LEAVING[language],
        choices=WORDS[language],
        recipient=recipient,
        topic_title=title_of(business, recipient.topic, language),
        services=services(business, recipient) if recipient.address else [],
        token=token,
        notice=notice,
    )
