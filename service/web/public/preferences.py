"""What a person gets from us, topic by topic, and how often: `/preferences/TOKEN`.

GET    a page that changes nothing, because scanners open links too
POST   one choice of the page: leave a `topic`, get one `again`, `less` (yes or no), or leave `all`
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session

from service.actions.join import join
from service.actions.less_often import wish_less_often
from service.actions.sign_up import Evidence
from service.domain.consent import what_bars
from service.domain.hit import clean_user_agent
from service.domain.sequence.model.business import Business, Topic
from service.ports import Published
from service.store.journey import journey_now
from service.web.current import current_runtime
from service.web.network import client_address
from service.web.public.entry import read_entry
from service.web.public.recipient import Recipient, can_be_left, find_recipient, is_subscribed
from service.web.public.unsubscribe import take_back
from service.web.transaction import transact

UNCLEAR = "Nothing was changed: please choose what to change."
BARRED = "We may not write to you about “{topic}”, so nothing was changed. Do you want it after all? Then write to us."
WORDING = "{topic}: Get it again"  # what stands on the page
LESS = "We write to you less often from now on."
AS_BEFORE = "We write to you as often as before."

preferences = Blueprint("preferences", __name__)


class Line(NamedTuple):
    """One topic on the page. `state` is `subscribed`, `left`, `service`, or `barred`: left, and not to be had back."""

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
    chosen = _chosen(business, read_entry(request))
    if chosen is None:
        with runtime.session() as session:
            return _page(business, find_recipient(session, published, token), UNCLEAR), 422
    recipient, notice = transact(runtime, partial(_keep, published=published, token=token, chosen=chosen))
    runtime.bell.ring()
    return _page(business, recipient, notice)


def _chosen(business: Business, entry: Mapping[str, object]) -> tuple[str, str] | None:
    """What was chosen, and of which topic; None where that is not clear."""
    if entry.get("all"):
        return "all", ""
    for choice in ("topic", "again"):
        topic = str(entry.get(choice) or "")
        if can_be_left(business, topic):
            return choice, topic
    less = entry.get("less")
    return ("less", str(less)) if less in {"yes", "no"} else None


def _keep(session: Session, *, published: Published, token: str, chosen: tuple[str, str]) -> tuple[Recipient, str]:
    """The recipient as they are once it is kept, and a sentence about it."""
    choice, word = chosen
    if choice in {"all", "topic"}:
        recipient = take_back(session, published=published, token=token, topic=word or None, source="page")
        return recipient, f"You have left “{word}”." if word else "You have left everything."
    recipient = find_recipient(session, published, token)
    if choice == "less":
        wish_less_often(session, published, recipient.contact_id, word == "yes", journey_now(session))
        notice = LESS if word == "yes" else AS_BEFORE
    else:
        notice = _get_again(session, published, recipient, word)
    session.flush()
    return find_recipient(session, published, token), notice


def _get_again(session: Session, published: Published, recipient: Recipient, name: str) -> str:
    """The topic comes again, with the words on the page as the evidence of the consent."""
    runtime = current_runtime()
    topic = published.library.business.topic(name)
    network = client_address(request, runtime.settings.trusted_proxies)
    evidence = Evidence(
        str(network) if network else None,
        clean_user_agent(request.headers.get("User-Agent", "")) or None,
        f"{runtime.settings.base_url}/preferences",
        WORDING.format(topic=name),
    )
    mail, now = recipient.delivery_id, journey_now(session)
    if topic is None or not join(session, published, recipient.contact_id, mail, topic, evidence, now):
        return BARRED.format(topic=name)
    return f"Lovely: you get “{name}” again."


def _page(business: Business, recipient: Recipient, notice: str = "") -> str:
    topics = _topics(business, recipient)
    return render_template(
        "preferences.html",
        private=True,
        business=business,
        address=recipient.address,
        topics=topics,
        leavable=any(topic.state == "subscribed" for topic in topics),
        less_often=recipient.less_often,
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
            lines.append(Line(topic.name, _left(recipient, topic)))
    return lines


def _left(recipient: Recipient, topic: Topic) -> str:
    return "left" if what_bars(recipient.standing, topic) is None else "barred"
