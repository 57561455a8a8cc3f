"""`/left/TOKEN`: after leaving, for an hour, a way back; and, for whoever likes, room to say why.

GET    the page as it stands; it changes nothing
POST   `undo` takes the leaving back; else `because` and `note` say why
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Blueprint, Response, render_template, request
from sqlalchemy.orm import Session

from service.actions.come_back import Back, come_back, offers
from service.actions.give_reason import give_reason
from service.domain.leaving import MEANINGS
from service.ports import Published
from service.store.contact import Consent
from service.store.journey import journey_now
from service.web.current import current_network, current_runtime
from service.web.limits import current_limits
from service.web.problems import page
from service.web.public.entry import read_entry
from service.web.public.evidence import pressed
from service.web.public.leaving_words import AFTER, LEFT, REASONS
from service.web.public.line import BadLine, read_line
from service.web.public.preference_words import WORDS
from service.web.public.recipient import Recipient, look_up, title_of, with_address
from service.web.public.token import read_token
from service.web.public.topics import services
from service.web.transaction import transact

LONGEST_NOTE = 300  # characters

left = Blueprint("left", __name__)
left.add_app_template_filter(with_address)


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody said about why; `notice` where it could not be taken."""

    because: str = ""
    note: str = ""
    notice: str = ""


@left.get("/left/<token>")
def show(token: str) -> str:
    runtime = current_runtime()
    published = runtime.published()
    with runtime.session() as session:
        recipient, topic = _find(session, published, _number(token))
    return left_page(published, recipient, "topic" if topic else "all", _number(token), topic)


@left.post("/left/<token>")
def change(token: str) -> str | tuple[str, int] | Response:
    runtime = current_runtime()
    published = runtime.published()
    entry = read_entry(request)
    number = _number(token)
    if not entry.get("undo"):
        return _say_why(published, number, entry)

    def work(session: Session) -> tuple[Back, Recipient, str | None]:
        came = come_back(session, published, number, pressed("left"), journey_now(session))
        session.flush()
        return came, *_find(session, published, number)

    came, recipient, topic = transact(runtime, work)
    runtime.bell.ring()
    return left_page(published, recipient, str(came), number, topic)


def _say_why(published: Published, number: int, entry: Mapping[str, object]) -> str | tuple[str, int] | Response:
    runtime = current_runtime()
    network = current_network()
    wait = current_limits().wait_for(network, f"left:{number}").seconds
    if wait:
        with runtime.session() as session:
            recipient, _ = _find(session, published, number)
        return too_often(recipient, wait)
    because = str(entry.get("because") or "")
    because = because if because in MEANINGS else ""
    note = str(entry.get("note") or "")
    try:
        note = read_line(note, LONGEST_NOTE)
    except BadLine:
        with runtime.session() as session:
            recipient, topic = _find(session, published, number)
        said = Said(because, note, AFTER[recipient.language]["too_long"])
        return left_page(published, recipient, "topic" if topic else "all", number, topic, said), 422

    def work(session: Session) -> tuple[bool, Recipient, str | None]:
        kept = bool(because or note)
        if kept:
            kept = give_reason(session, published, number, because or "other", note, journey_now(session))
        session.flush()
        return kept, *_find(session, published, number)

    kept, recipient, topic = transact(runtime, work)
    state = "thanks" if kept else "topic" if topic else "all"
    return left_page(published, recipient, state, number, topic, Said(because, note))


def too_often(recipient: Recipient, wait: int) -> Response:
    """The same was asked for again and again: come back in `wait` seconds."""
    refused = page(429, WORDS[recipient.language]["too_often"])
    refused.headers["Retry-After"] = str(wait)
    return refused


def left_page(
    published: Published,
    recipient: Recipient,
    state: str,
    number: int | None,
    topic: str | None = None,
    said: Said | None = None,
) -> str:
    """The page after leaving. `state` is a name of LEFT; `number` that of the leaving, None where nobody is there."""
    runtime, business, language = current_runtime(), published.library.business, recipient.language
    state = state if recipient.address else "gone"
    can_undo = False
    if number is not None and state in {"all", "topic", "thanks"}:
        with runtime.session() as session:
            can_undo = offers(session, number, journey_now(session))
    heading, sentence = LEFT[language][state]
    return render_template(
        "left.html",
        private=True,
        business=business,
        language=language,
        words=AFTER[language],
        choices=WORDS[language],
        state=state,
        heading=heading.format(topic=title_of(business, topic, language)),
        sentence=sentence,
        recipient=recipient,
        services=services(business, recipient) if recipient.address else [],
        reasons=REASONS[language],
        said=said or Said(),
        longest=LONGEST_NOTE,
        can_undo=can_undo,
        left_token=runtime.signer.sign("undo", str(number)) if number is not None else None,
        token=recipient.token,
    )


def _number(token: str) -> int:
    return int(read_token("undo", token))


def _find(session: Session, published: Published, number: int) -> tuple[Recipient, str | None]:
    """Whose leaving it is, and of which topic; nobody where the person was forgotten."""
    act = session.get(Consent, number)
    return look_up(session, published, act.contact_id if act else 0), act.topic if act else None
