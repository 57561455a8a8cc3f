"""What a person gets from us, topic by topic, each to be left on its own: `/preferences/TOKEN`."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from flask import Blueprint, render_template, request

from service.domain.sequence.model import Business
from service.web.current import current_runtime
from service.web.public.entry import read_entry
from service.web.public.recipient import Recipient, can_be_left, find_recipient, is_subscribed
from service.web.public.unsubscribe import take_back
from service.web.transaction import transact

UNCLEAR = "Nothing was changed: please choose what to leave."

preferences = Blueprint("preferences", __name__)


class Line(NamedTuple):
    """One topic on the page. `state` is `subscribed`, `left` or `service`."""

    name: str
    state: str


@preferences.get("/preferences/<token>")
def show(token: str) -> str:
    runtime = current_runtime()
    published = runtime.published()
    with runtime.session() as session:
        recipient = find_recipient(session, published, token)
    return _page(published.library.business, recipient)


@preferences.post("/preferences/<token>")
def change(token: str) -> str | tuple[str, int]:
    runtime = current_runtime()
    published = runtime.published()
    business = published.library.business
    entry = read_entry(request)
    topic = str(entry.get("topic", ""))
    if not entry.get("all") and not can_be_left(business, topic):
        with runtime.session() as session:
            return _page(business, find_recipient(session, published, token), UNCLEAR), 422
    which = None if entry.get("all") else topic
    recipient = transact(runtime, partial(take_back, published=published, token=token, topic=which, source="page"))
    return _page(business, recipient, f"You have left “{which}”." if which else "You have left everything.")


def _page(business: Business, recipient: Recipient, notice: str = "") -> str:
    topics = _topics(business, recipient)
    return render_template(
        "preferences.html",
        private=True,
        business=business,
        address=recipient.address,
        topics=topics,
        leavable=any(topic.state == "subscribed" for topic in topics),
        notice=notice,
    )


def _topics(business: Business, recipient: Recipient) -> list[Line]:
    """What comes, and what was left; topics that never concerned the person are not listed."""
    named = {line.topic for line in recipient.standing.suppressed}
    lines = []
    for topic in business.topics:
        if is_subscribed(recipient, topic):
            lines.append(Line(topic.name, "service" if topic.basis == "service" else "subscribed"))
        elif topic.name in named:
            lines.append(Line(topic.name, "left"))
    return lines
