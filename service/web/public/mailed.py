"""The buttons behind links in system mails: `/address/TOKEN` takes a new address, `/forget/TOKEN` forgets somebody.

GET    what the button would do; it changes nothing, because scanners open links too
POST   does it, once and within its time
"""

from __future__ import annotations

from typing import NamedTuple

from flask import Blueprint, render_template
from sqlalchemy.orm import Session

from service.actions.ask_by_mail import Moved, confirm_address, confirm_forget
from service.actions.system_mail import Request, look_at_request
from service.domain.system_mail import SystemMail
from service.ports import Published
from service.store.contact import Contact
from service.store.journey import journey_now
from service.web.current import current_runtime
from service.web.public.language import language_of
from service.web.public.leaving_words import LEFT
from service.web.public.mailed_words import BUTTONS, MAILED
from service.web.public.recipient import look_up, shortened
from service.web.public.token import read_token
from service.web.transaction import transact

mailed = Blueprint("mailed", __name__)


class Asker(NamedTuple):
    """Who pressed, as far as it is known: `token` leads to their choices; none of it where they were forgotten."""

    language: str
    address: str = ""
    token: str | None = None


@mailed.get("/address/<token>")
def ask_address(token: str) -> str:
    return _show("address", SystemMail.ADDRESS, int(read_token("address", token)))


@mailed.post("/address/<token>")
def take_address(token: str) -> str:
    runtime = current_runtime()
    published, number = runtime.published(), int(read_token("address", token))

    def work(session: Session) -> tuple[Asker, str]:
        asker = _asker(session, published, number)
        moved = confirm_address(session, published, runtime.hash_key, number, journey_now(session))
        return asker, "done" if moved is Moved.DONE else "over"

    asker, state = transact(runtime, work)
    runtime.bell.ring()
    return _page(published, "address", state, asker)


@mailed.get("/forget/<token>")
def ask_forget(token: str) -> str:
    return _show("forget", SystemMail.FORGET, int(read_token("forget", token)))


@mailed.post("/forget/<token>")
def forget(token: str) -> str:
    runtime = current_runtime()
    published, number = runtime.published(), int(read_token("forget", token))

    def work(session: Session) -> tuple[Asker, str]:
        asker = _asker(session, published, number)
        if confirm_forget(session, number, journey_now(session)):
            return Asker(asker.language), "done"
        return asker, "over"

    asker, state = transact(runtime, work)
    return _page(published, "forget", state, asker)


def _show(what: str, mail: SystemMail, number: int) -> str:
    runtime = current_runtime()
    published = runtime.published()
    with runtime.session() as session:
        asked = look_at_request(session, number, mail, journey_now(session))
        asker = _asker(session, published, number)
    states = {Request.OPEN: "ask", Request.GONE: "gone"}
    return _page(published, what, states.get(asked.state, "over"), asker)


def _asker(session: Session, published: Published, number: int) -> Asker:
    """Whose request it is. The new address is shown to its owner, and only while the button works."""
    asked = look_at_request(session, number, SystemMail.ADDRESS, journey_now(session)).enrolment
    asked = asked or look_at_request(session, number, SystemMail.FORGET, journey_now(session)).enrolment
    contact = session.get(Contact, asked.contact_id) if asked else None
    language = language_of(contact, published.library.business)
    if asked is None or contact is None:
        return Asker(language)
    new = shortened(str(asked.data.get("email") or contact.email))
    return Asker(language, new, look_up(session, published, contact.id).token)


def _page(published: Published, what: str, state: str, asker: Asker) -> str:
    language = asker.language
    heading, sentence = LEFT[language]["gone"] if state == "gone" else MAILED[language][what][state]
    return render_template(
        "mailed.html",
        private=True,
        business=published.library.business,
        language=language,
        state=state,
        heading=heading,
        sentence=sentence,
        address=asker.address,
        button=BUTTONS[language][what],
        manage=asker.token if state != "ask" else None,
        manage_words=LEFT_LINK[language],
    )


LEFT_LINK = {"en": "See everything you get from us", "de": "Alles ansehen, was du von uns bekommst"}
