"""`/confirm/TOKEN`: whoever owns an address confirms what was signed up for with it.

GET    what waits, in the words that were agreed to, and one button; it changes nothing, because scanners open links too
POST   lets it happen, once; a repetition says that it is done
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, render_template
from sqlalchemy.orm import Session

from service.actions.ask_to_confirm import kept_signups
from service.actions.confirm import confirm
from service.actions.system_mail import FORM, LANGUAGE, Request, look_at_request
from service.domain.sequence.model.business import Business
from service.domain.sequence.model.form import Form
from service.domain.system_mail import SystemMail
from service.store.contact import Contact
from service.store.enrolment import Enrolment
from service.store.journey import journey_now
from service.web.current import current_runtime
from service.web.public.evidence import pressed
from service.web.public.language import SPOKEN, language_of
from service.web.public.recipient import shortened
from service.web.public.token import read_token
from service.web.transaction import transact

CONFIRMED = "confirmed"
# By language and by how the request stands: a heading, and what follows from it.
STATES = {
    "en": {
        Request.OPEN: (
            "One click, and you’re in.",
            "You signed up with {address}. Please confirm that this was you.",
        ),
        CONFIRMED: ("Thank you, that’s confirmed.", "What you asked for comes to {address}."),
        Request.DONE: ("That is confirmed already.", "There is nothing more to do; it comes to {address}."),
        Request.LATE: ("This took too long.", "The button has stopped working, and nothing came of the signup."),
        Request.GONE: ("There is nothing to confirm.", "We keep nothing about it any more."),
    },
    "de": {
        Request.OPEN: (
            "Ein Klick, und du bist dabei.",
            "Du wurdest mit {address} angemeldet. Bitte bestätige, dass du das warst.",
        ),
        CONFIRMED: ("Danke, das ist bestätigt.", "Was du wolltest, geht an {address}."),
        Request.DONE: ("Das ist schon bestätigt.", "Du brauchst nichts mehr zu tun; es geht an {address}."),
        Request.LATE: ("Das hat zu lange gedauert.", "Der Knopf gilt nicht mehr, und aus der Anmeldung wurde nichts."),
        Request.GONE: ("Hier gibt es nichts zu bestätigen.", "Wir haben nichts mehr darüber gespeichert."),
    },
}
WORDS = {
    "en": {"button": "Confirm", "mine": "It wasn’t you? Just close this page.", "again": "Sign up again"},
    "de": {"button": "Bestätigen", "mine": "Du warst das nicht? Schließ einfach diese Seite.", "again": "Neu anmelden"},
}

confirming = Blueprint("confirm", __name__)


@dataclass(frozen=True, slots=True)
class Waiting:
    """One form's signup, as the page shows it."""

    title: str
    wordings: tuple[str, ...]


@confirming.get("/confirm/<token>")
def show(token: str) -> str:
    runtime = current_runtime()
    business = runtime.published().library.business
    with runtime.session() as session:
        return _page(session, business, _number(token))


@confirming.post("/confirm/<token>")
def take(token: str) -> str:
    runtime = current_runtime()
    published, number = runtime.published(), _number(token)
    evidence = pressed("confirm")

    def work(session: Session) -> str:
        done = confirm(session, published, runtime.hash_key, number, evidence, journey_now(session))
        return _page(session, published.library.business, number, CONFIRMED if done else None)

    words = transact(runtime, work)
    runtime.bell.ring()
    return words


def _number(token: str) -> int:
    return int(read_token("confirm", token))


def _page(session: Session, business: Business, number: int, state: str | None = None) -> str:
    asked = look_at_request(session, number, SystemMail.CONFIRM, journey_now(session))
    state = state or asked.state
    contact = session.get(Contact, asked.enrolment.contact_id) if asked.enrolment else None
    language = _language(contact, asked.enrolment, business)
    heading, sentence = STATES[language][state]
    form = business.form(str(asked.enrolment.data.get(FORM))) if asked.enrolment else None
    return render_template(
        "confirm.html",
        private=True,
        business=business,
        language=language,
        words=WORDS[language],
        state=state,
        heading=heading,
        sentence=sentence,
        address=shortened(contact.email) if contact else "",
        waiting=_waiting(business, asked.enrolment) if asked.enrolment and state == Request.OPEN else [],
        form=form if state == Request.LATE else None,
    )


def _waiting(business: Business, enrolment: Enrolment) -> list[Waiting]:
    found = []
    for slug, kept in kept_signups(enrolment).items():
        form = business.form(slug) or Form(slug)
        wordings = (kept.wording if kept.mail else "", *(wording for _, wording in kept.channels))
        found.append(Waiting(form.title, tuple(filter(None, wordings))))
    return found


def _language(contact: Contact | None, enrolment: Enrolment | None, business: Business) -> str:
    """The person's own; else that of the page on which they signed up."""
    asked = enrolment.data.get(LANGUAGE) if enrolment else None
    if asked in SPOKEN and (contact is None or contact.language is None):
        return str(asked)
    return language_of(contact, business)
