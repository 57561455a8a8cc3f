"""`/answer/TOKEN`: the link behind an answer in a mail.

GET    the chosen answer, the others to change to, room for a few words, one button; it changes nothing, because
       machines open links too
POST   keeps the answer; a later one replaces it
"""

from __future__ import annotations

from dataclasses import dataclass, field

from flask import Blueprint, Response, g, make_response, render_template, request
from sqlalchemy.orm import Session

from service.actions.answer import answer
from service.actions.proceed import find_step
from service.ports import Published
from service.store.contact import Contact
from service.store.delivery import Delivery
from service.store.enrolment import Enrolment
from service.store.journey import journey_now
from service.web.current import current_network, current_runtime
from service.web.limits import current_limits
from service.web.problems import page
from service.web.public.asked import told
from service.web.public.entry import read_entry
from service.web.public.language import language_of
from service.web.public.line import BadLine, read_lines
from service.web.public.token import read_token
from service.web.transaction import transact

LONGEST_NOTE = 2_000  # characters
WORDS = {
    "en": {
        "title": "Your answer",
        "legend": "Your answer",
        "note": "Would you like to add something?",
        "optional": "optional",
        "button": "Send my answer",
        "thanks": "Thank you!",
        "taken": "Your answer “{answer}” has reached us.",
        "note_taken": "And so have your words; somebody will read them.",
        "change": "Change my answer",
        "gone": "There is nothing to answer any more.",
        "forgotten": "We keep nothing about you any more, so nobody waits for your answer.",
        "unclear": "Please choose one of these answers.",
        "too_long": "Please use at most 2,000 characters of plain text.",
        "too_often": "That was often in a short time. Please try again in a few minutes.",
    },
    "de": {
        "title": "Deine Antwort",
        "legend": "Deine Antwort",
        "note": "Möchtest du etwas dazu sagen?",
        "optional": "wenn du magst",
        "button": "Antwort abschicken",
        "thanks": "Danke!",
        "taken": "Deine Antwort „{answer}“ ist angekommen.",
        "note_taken": "Deine Worte auch; jemand von uns liest sie.",
        "change": "Antwort ändern",
        "gone": "Hier gibt es nichts mehr zu beantworten.",
        "forgotten": "Wir haben nichts mehr über dich gespeichert, also wartet niemand auf deine Antwort.",
        "unclear": "Bitte wähle eine dieser Antworten.",
        "too_long": "Bitte schreib höchstens 2.000 Zeichen, nur Text.",
        "too_often": "Das war oft in kurzer Zeit. Bitte versuch es in ein paar Minuten noch einmal.",
    },
}

answering = Blueprint("answer", __name__)


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked of whom. `choices` are the words by value; empty where the person was forgotten."""

    delivery_id: int
    value: str
    language: str
    title: str = ""
    choices: dict[str, str] = field(default_factory=dict)


@answering.get("/answer/<token>")
def show(token: str) -> Response:
    runtime = current_runtime()
    published = runtime.published()
    with runtime.session() as session:
        question = find_question(session, published, token)
    return _ask(published, question)


@answering.post("/answer/<token>")
def take(token: str) -> Response:
    runtime = current_runtime()
    published = runtime.published()
    g.entry = entry = read_entry(request)  # kept for the page that says to try again
    with runtime.session() as session:
        question = find_question(session, published, token)
    value, words = str(entry.get("answer") or question.value), WORDS[question.language]
    if question.choices and value not in question.choices:
        return _ask(published, question, 422, words["unclear"], str(entry.get("note") or ""))
    try:
        note = read_lines(str(entry.get("note") or ""), LONGEST_NOTE)
    except BadLine:
        return _ask(published, question, 422, words["too_long"], str(entry.get("note") or ""), value)
    network = current_network()
    wait = current_limits().wait_for(network, f"answer:{question.delivery_id}").seconds
    if wait:
        refused = page(429, words["too_often"], again={"answer": value, "note": note})
        refused.headers["Retry-After"] = str(wait)
        return refused

    def work(session: Session) -> bool:
        return answer(session, published, question.delivery_id, value, note, journey_now(session))

    taken = transact(runtime, work)
    runtime.bell.ring()
    return _page(published, question, state="taken" if taken else "gone", value=value, note=note)


def find_question(session: Session, published: Published, token: str) -> Question:
    """The question behind an `answer` token. Ends the request with 404 where the token is none of ours."""
    read = read_token("answer", token)
    number, _, value = read.partition(".")
    business = published.library.business
    delivery = session.get(Delivery, int(number))
    if delivery is None:
        return Question(int(number), value, language_of(None, business))
    contact = session.get_one(Contact, delivery.contact_id)
    enrolment = session.get_one(Enrolment, delivery.enrolment_id)
    language = language_of(contact, business)
    written = find_step(published, enrolment, delivery.step)
    if written is None:  # its words were taken out since; what was answered still counts
        return Question(delivery.id, value, language, choices={value: value.replace("-", " ")})
    say = told(session, published, contact, enrolment, contact.language or language, journey_now(session))
    choices = say.answers(written[1])
    choices.setdefault(value, value.replace("-", " "))  # not offered any more, and still theirs to give
    return Question(delivery.id, value, language, say.subject(written, enrolment.arm), choices)


def _ask(
    published: Published, question: Question, status: int = 200, notice: str = "", note: str = "", value: str = ""
) -> Response:
    state = "ask" if question.choices else "gone"
    answer_page = _page(published, question, state=state, value=value or question.value, note=note, notice=notice)
    answer_page.status_code = status
    return answer_page


def _page(
    published: Published, question: Question, *, state: str, value: str, note: str = "", notice: str = ""
) -> Response:
    return make_response(
        render_template(
            "answer.html",
            private=True,
            business=published.library.business,
            language=question.language,
            words=WORDS[question.language],
            question=question,
            state=state,
            value=value,
            note=note,
            notice=notice,
        )
    )
