"""`/join/TOKEN`: agree to one more topic. GET changes nothing, because scanners open links too; POST agrees."""

from __future__ import annotations

from email.utils import parseaddr
from typing import NamedTuple

from flask import Blueprint, render_template
from sqlalchemy.orm import Session

from service.actions.join import join
from service.domain.consent import may_email, what_bars
from service.domain.sequence.heading import slug
from service.domain.sequence.model.business import Business, Topic
from service.store.contact import Contact
from service.store.history import read_standings
from service.store.journey import journey_now
from service.store.merged import find_contact
from service.web.current import current_runtime
from service.web.public.evidence import pressed
from service.web.public.language import language_of
from service.web.public.recipient import shortened
from service.web.public.token import read_token
from service.web.transaction import transact

# By language and by how the holder of the link stands to the topic: a heading, and what follows from it.
STATES = {
    "en": {
        "ask": ("Would you like “{topic}” as well?", "It comes to {address}."),
        "joined": ("Lovely: you get “{topic}” from now on.", "It comes to {address}, and there is nothing else to do."),
        "has": ("You get “{topic}” already.", "It comes to {address}, and there is nothing to do."),
        "barred": (
            "We may not write to you.",
            "You have left all our mail, or your mailbox refused it, and we keep to that. "
            "Do you want “{topic}” after all? Then write to us:",
        ),
        "past": ("This is no longer on offer.", "What this link once offered has ended."),
        "forgotten": (
            "There is nothing to choose here.",
            "We keep nothing about you any more, so there is nobody to write to.",
        ),
    },
    "de": {
        "ask": ("Möchtest du auch „{topic}“?", "Es geht an {address}."),
        "joined": ("Schön: „{topic}“ bekommst du ab jetzt.", "Es geht an {address}, mehr brauchst du nicht zu tun."),
        "has": ("„{topic}“ bekommst du schon.", "Es geht an {address}, du brauchst nichts zu tun."),
        "barred": (
            "Wir dürfen dir nicht schreiben.",
            "Du hast dich von allem abgemeldet, oder dein Postfach hat uns abgewiesen, und daran halten wir uns. "
            "Möchtest du „{topic}“ doch? Dann schreib uns:",
        ),
        "past": ("Das gibt es nicht mehr.", "Was dieser Link einmal angeboten hat, ist zu Ende."),
        "forgotten": (
            "Hier gibt es nichts zu wählen.",
            "Wir haben nichts mehr über dich gespeichert, also gibt es niemanden, dem wir schreiben könnten.",
        ),
    },
}
WORDS = {
    "en": {
        "wording": "Yes, {business} may write to me by email about “{topic}”. "
        "Every mail has a link to leave with one click.",
        "button": "Yes, please",
        "manage": "See everything you get from us",
    },
    "de": {
        "wording": "Ja, {business} darf mir per E-Mail zu „{topic}“ schreiben. "
        "In jeder Mail steht ein Link, mit dem ich mich mit einem Klick abmelde.",
        "button": "Ja, gern",
        "manage": "Alles ansehen, was du von uns bekommst",
    },
}

joining = Blueprint("join", __name__)


class Invited(NamedTuple):
    """The holder of a link, and the topic that it offers: None where it, or the person, is no longer there."""

    contact_id: int
    delivery_id: int
    contact: Contact | None
    topic: Topic | None


@joining.get("/join/<token>")
def show(token: str) -> str:
    runtime = current_runtime()
    business = runtime.published().library.business
    with runtime.session() as session:
        invited = find_invited(session, business, token)
        return _page(business, invited, _state(session, invited))


@joining.post("/join/<token>")
def agree(token: str) -> str:
    runtime = current_runtime()
    published = runtime.published()
    business = published.library.business

    def work(session: Session) -> str:
        invited = find_invited(session, business, token)
        state = _state(session, invited)
        if invited.topic is None or state != "ask":
            return _page(business, invited, state)
        evidence = pressed("join", _wording(business, invited))
        now = journey_now(session)
        taken = join(session, published, invited.contact_id, invited.delivery_id, invited.topic, evidence, now)
        return _page(business, invited, "joined" if taken else _state(session, invited))

    words = transact(runtime, work)
    runtime.bell.ring()
    return words


def find_invited(session: Session, business: Business, token: str) -> Invited:
    """Who holds a `join` token, and for which topic. Ends the request with 404 where the token is none of ours."""
    value = read_token("join", token)
    contact_id, delivery_id, name = value.split(".", 2)
    topic = next((each for each in business.topics if slug(each.name) == name), None)
    contact = find_contact(session, int(contact_id))
    return Invited(contact.id if contact else int(contact_id), int(delivery_id), contact, topic)


def _state(session: Session, invited: Invited) -> str:
    if invited.contact is None:
        return "forgotten"
    if invited.topic is None:
        return "past"
    now = journey_now(session)
    standing = read_standings(session, [invited.contact], now)[invited.contact_id]
    if what_bars(standing, invited.topic) is not None:
        return "barred"
    return "ask" if may_email(standing, invited.topic, now) is not None else "has"


def _wording(business: Business, invited: Invited) -> str:
    """What stands beside the button, and is kept with the consent."""
    language = language_of(invited.contact, business)
    return WORDS[language]["wording"].format(business=business.name, topic=_title(invited.topic, language))


def _title(topic: Topic | None, language: str) -> str:
    return dict(topic.titles).get(language, topic.name) if topic else ""


def _page(business: Business, invited: Invited, state: str) -> str:
    language = language_of(invited.contact, business)
    heading, sentence = STATES[language][state]
    manage = current_runtime().signer.sign("manage", f"{invited.contact_id}.{invited.delivery_id}")
    return render_template(
        "join.html",
        private=True,
        business=business,
        language=language,
        words=WORDS[language],
        state=state,
        heading=heading.format(topic=_title(invited.topic, language)),
        sentence=sentence.format(
            topic=_title(invited.topic, language),
            address=shortened(invited.contact.email) if invited.contact else "",
        ),
        business_address=parseaddr(business.sender)[1] if state == "barred" else "",
        wording=_wording(business, invited),
        manage=manage if invited.contact else None,
    )
