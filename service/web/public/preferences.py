"""What a person gets from us, topic by topic, how often, and where: `/preferences/TOKEN`.

GET    a page that changes nothing, because scanners open links too
POST   one choice of the page, see `service.web.public.choice`
"""

from __future__ import annotations

from functools import partial

from flask import Blueprint, Response, make_response, render_template, request

from service.domain.pause import CHOICES
from service.ports import Published
from service.web.current import current_network, current_runtime
from service.web.limits import current_limits
from service.web.public.choice import BY_MAIL, Notice, keep, read_choice
from service.web.public.entry import read_entry
from service.web.public.left import left_page, too_often
from service.web.public.my_data import my_data_token
from service.web.public.preference_words import WORDS
from service.web.public.recipient import Recipient, find_recipient
from service.web.public.topics import marketing, services
from service.web.transaction import transact

preferences = Blueprint("preferences", __name__)


@preferences.get("/preferences/<token>")
def show(token: str) -> Response:
    runtime = current_runtime()
    published = runtime.published()
    with runtime.session() as session:
        recipient = find_recipient(session, published, token)
    return _page(published, recipient)


@preferences.post("/preferences/<token>")
def change(token: str) -> Response | str:
    runtime = current_runtime()
    published = runtime.published()
    with runtime.session() as session:
        recipient = find_recipient(session, published, token)
    words = WORDS[recipient.language]
    choice = read_choice(published.library.business, read_entry(request))
    if choice is None:
        return _page(published, recipient, Notice(words["unclear"], is_wrong=True), 422)
    if choice.kind in BY_MAIL:
        network = current_network()
        wait = current_limits().wait_for(network, f"{choice.kind}:{recipient.contact_id}").seconds
        if wait:
            return too_often(recipient, wait)
    recipient, notice = transact(runtime, partial(keep, published=published, token=token, choice=choice))
    runtime.bell.ring()
    if choice.kind == "all":
        return left_page(published, recipient, "all", notice.left)
    return _page(published, recipient, notice, 422 if notice.is_wrong else 200)


def _page(published: Published, recipient: Recipient, notice: Notice | None = None, status: int = 200) -> Response:
    runtime, business = current_runtime(), published.library.business
    topics = marketing(business, recipient) if recipient.address else []
    left = runtime.signer.sign("undo", str(notice.left)) if notice is not None and notice.left is not None else None
    answer = make_response(
        render_template(
            "preferences.html",
            private=True,
            business=business,
            language=recipient.language,
            words=WORDS[recipient.language],
            recipient=recipient,
            topics=topics,
            services=services(business, recipient) if recipient.address else [],
            leavable=any(topic.state == "on" for topic in topics),
            pauses=CHOICES,
            until=recipient.day(recipient.paused_until) if recipient.paused_until else None,
            notice=notice,
            left_token=left,
            token=recipient.token,
            my_data=my_data_token(recipient.contact_id) if recipient.is_fresh else None,
        )
    )
    answer.status_code = status
    return answer
