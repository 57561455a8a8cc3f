"""A task as its page shows it to the colleague who holds the link."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape
from sqlalchemy.orm import Session

from service.actions.asked_fields import shape_of
from service.actions.outcomes import outcomes_of
from service.actions.proceed import find_step
from service.actions.staff_mail import reply_briefing
from service.domain.sequence.filters import Speech
from service.domain.sequence.model.business import Business
from service.domain.sequence.model.form import FormField
from service.domain.sequence.model.step import Step
from service.ports import Published
from service.rendering.briefing import briefing
from service.rendering.templates import speak
from service.store.contact import Contact
from service.store.delivery import Delivery
from service.store.enrolment import Enrolment
from service.store.history import contact_facts
from service.store.journey import journey_now
from service.store.task import Task
from service.web.public.asked import told
from service.web.public.language import language_of
from service.web.public.token import read_token


@dataclass(frozen=True, slots=True)
class Card:
    """`state` is the task's, or `forgotten`. Only an open one tells of the person; `chosen` is the link's own outcome.

    `outcomes` are the words by value, `asked` the fields to fill in, `values` what is known of them.
    """

    task_id: int
    language: str
    state: str
    chosen: str = ""
    title: str = ""
    reason: str = ""
    assignee: str = ""
    due: str = ""
    is_overdue: bool = False
    is_reply: bool = False
    brief: Markup = field(default_factory=Markup)
    rows: tuple[tuple[str, str, str], ...] = ()  # label's key, text, address of a link
    outcomes: Mapping[str, str] = field(default_factory=dict)
    asked: Sequence[FormField] = ()
    values: Mapping[str, Any] = field(default_factory=dict)


def find_card(session: Session, published: Published, token: str) -> Card:
    """The task behind a `task` token. Ends the request with 404 where the token is none of ours."""
    read = read_token("task", token)
    number, _, chosen = read.partition(".")
    business = published.library.business
    language = language_of(None, business)
    task = session.get(Task, int(number))
    if task is None:
        return Card(int(number), language, "forgotten")
    if task.state != "open":
        return Card(task.id, language, task.state, reason=task.reason or "")
    return _open(session, published, task, chosen, language)


def _open(session: Session, published: Published, task: Task, chosen: str, language: str) -> Card:
    business, now = published.library.business, journey_now(session)
    contact = session.get_one(Contact, task.contact_id)
    enrolment = session.get_one(Enrolment, task.enrolment_id)
    touch = session.get(Delivery, task.delivery_id) if task.delivery_id else None
    written = find_step(published, enrolment, touch.step) if touch else None
    say = told(session, published, contact, enrolment, business.languages[0], now)
    offers = outcomes_of(task, written, business)
    name = " ".join(each for each in (contact.first_name, contact.last_name) if each) or contact.email
    asked = _asked(written[1] if written else None, business)
    return Card(
        task_id=task.id,
        language=language,
        state="open",
        chosen=chosen if chosen in {each.value for each in offers} else "",
        title=f"{task.what[:1].upper()}{task.what[1:]} · {name}",
        reason=task.reason or "",
        assignee=task.assignee,
        due=day_in_words(task.due_at, business, language, now) if task.due_at else "",
        is_overdue=task.due_at is not None and task.due_at < now,
        is_reply=touch is None,
        brief=_brief(published, written[1] if written else None, contact, enrolment, say.names, say.speech, touch),
        rows=tuple(_rows(contact, task, say.speech)),
        outcomes=say.choices(offers),
        asked=asked,
        values={each.name: contact_facts(contact).get(each.name) for each in asked},
    )


def _brief(
    published: Published,
    step: Step | None,
    contact: Contact,
    enrolment: Enrolment,
    names: Mapping[str, object],
    speech: Speech,
    touch: Delivery | None,
) -> Markup:
    business = published.library.business
    if touch is None:
        sequence = published.library.sequence(enrolment.sequence)
        title = sequence.title if sequence else enrolment.sequence
        return Markup("<p>{}</p>").format(escape(reply_briefing(business, contact, title)))
    return briefing(business, step.body if step else None, names, speech)


def _rows(contact: Contact, task: Task, speech: Speech) -> Sequence[tuple[str, str, str]]:
    rows = []
    if contact.phone:
        digits = "".join(each for each in contact.phone if each.isdigit() or each == "+")
        rows.append(("phone", contact.phone, f"tel:{digits}"))
    rows.append(("email", contact.email, f"mailto:{contact.email}"))
    if contact.address:
        rows.append(("address", contact.address, ""))
    if task.cost is not None:
        rows.append(("cost", speak("cost | money", speech, cost=task.cost), ""))
    return rows


def _asked(step: Step | None, business: Business) -> tuple[FormField, ...]:
    """The fields that the step asks for, each with the control that its type needs."""
    fields = []
    for name in step.task.ask if step and step.task else ():
        shape = shape_of(name, business) or "text"
        label = name.replace("_", " ").capitalize()
        if shape == "person":
            shape = tuple(each for each, _ in business.people)
        if isinstance(shape, tuple):
            fields.append(FormField(name, label, "choice", choices=shape))
        else:
            fields.append(FormField(name, label, shape))
    return tuple(fields)


def day_in_words(at: datetime, business: Business, language: str, now: datetime) -> str:
    """`Wednesday, November 25`, in the business's time."""
    zone = ZoneInfo(business.zone)
    return speak("day | day", Speech(language, zone, today=now.astimezone(zone).date()), day=at)
