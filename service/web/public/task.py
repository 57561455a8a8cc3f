"""`/task/TOKEN`: the link in a mail to a colleague.

GET    what is to be done, and for whom; it changes nothing
POST   `do=done` with the outcome, a note and what is asked; `do=snooze` with a number of days; `do=skip` with a reason
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, g, make_response, render_template, request
from sqlalchemy.orm import Session

from service.actions.settle_task import TaskOver, settle_task, skip_task, snooze_task
from service.domain.duration import plus_days
from service.domain.field import Unfit
from service.ports import Published
from service.store.journey import journey_now
from service.store.task import Task
from service.web.current import current_runtime
from service.web.public.entry import read_entry
from service.web.public.line import BadLine, read_lines
from service.web.public.task_card import Card, day_in_words, find_card
from service.web.public.task_words import SNOOZES, WORDS
from service.web.transaction import transact

LONGEST_NOTE = 2_000  # characters
PREFIX = "asked."  # before the names of the fields that a task asks for

INPUTS = {"number": "number", "date": "date", "time": "datetime-local", "link": "url", "email": "email", "phone": "tel"}

Doing = Callable[[Session], Task | None]
tasks = Blueprint("task", __name__)


@tasks.get("/task/<token>")
def show(token: str) -> Response:
    runtime = current_runtime()
    published = runtime.published()
    with runtime.session() as session:
        card = find_card(session, published, token)
    return _page(published, card, card.state)


@tasks.post("/task/<token>")
def settle(token: str) -> Response:
    runtime = current_runtime()
    published = runtime.published()
    g.entry = entry = read_entry(request)  # kept for the page that says to try again
    with runtime.session() as session:
        card = find_card(session, published, token)
    if card.state != "open":
        return _page(published, card, card.state)
    try:
        doing, state = _doing(published, card, entry)
        task = transact(runtime, doing)
    except BadLine:
        return _refuse(published, card, entry, {"note": WORDS[card.language]["too_long"]})
    except Unfit as error:
        faults = {str(each.path[-1]) if each.path else "": each.sentence for each in error.faults}
        return _refuse(published, card, entry, faults)
    except TaskOver as error:
        return _page(published, card, "over", reason=str(error))
    runtime.bell.ring()
    return _page(published, card, state if task else "forgotten", until=_until(published, task))


def _doing(published: Published, card: Card, entry: Mapping[str, object]) -> tuple[Doing, str]:
    """What to do with the task, and how the page calls it afterwards. Raises BadLine."""
    do = entry.get("do")
    if do == "snooze" and entry.get("days") in SNOOZES[card.language]:
        return partial(_snooze, published, card, int(str(entry["days"]))), "snoozed"
    if do == "skip":
        reason = " ".join(read_lines(str(entry.get("reason") or ""), LONGEST_NOTE).split())
        return partial(_skip, published, card, reason), "skipped"
    note = read_lines(str(entry.get("note") or ""), LONGEST_NOTE)
    asked = {each.name: _value(each.type, entry.get(PREFIX + each.name)) for each in card.asked}
    return partial(_done, published, card, str(entry.get("outcome") or "") or None, note, asked), "settled"


def _done(
    published: Published, card: Card, outcome: str | None, note: str, asked: Mapping[str, Any], session: Session
) -> Task | None:
    return settle_task(session, published, card.task_id, card.assignee, outcome, note, asked, journey_now(session))


def _skip(published: Published, card: Card, reason: str, session: Session) -> Task | None:
    return skip_task(session, published, card.task_id, card.assignee, reason, journey_now(session))


def _snooze(published: Published, card: Card, days: int, session: Session) -> Task | None:
    now = journey_now(session)
    until = plus_days(now, days, ZoneInfo(published.library.business.zone))
    return snooze_task(session, published, card.task_id, card.assignee, until, now)


def _value(kind: str, value: object) -> object:
    """What was typed, as its type is read: a form knows only texts."""
    if not isinstance(value, str) or not value.strip():
        return None
    if kind == "yes-no":
        return {"yes": True, "no": False}.get(value, value)
    if kind == "number":
        try:
            return float(value)
        except ValueError:
            return value
    return value.strip()


def _until(published: Published, task: Task | None) -> str:
    if task is None or task.snoozed_until is None:
        return ""
    business = published.library.business
    return day_in_words(task.snoozed_until, business, business.languages[0], task.snoozed_until)


def _refuse(published: Published, card: Card, entry: Mapping[str, object], errors: Mapping[str, str]) -> Response:
    answer = _page(published, card, "open", entry=entry, errors=errors)
    answer.status_code = 422
    return answer


def _page(
    published: Published,
    card: Card,
    state: str,
    *,
    reason: str = "",
    until: str = "",
    entry: Mapping[str, object] | None = None,
    errors: Mapping[str, str] | None = None,
) -> Response:
    return make_response(
        render_template(
            "task.html",
            private=True,
            business=published.library.business,
            language=card.language,
            words=WORDS[card.language],
            card=card,
            state=state,
            reason=reason or card.reason,
            until=until,
            entry=entry or {},
            errors=errors or {},
            inputs=INPUTS,
            snoozes=SNOOZES[card.language],
            prefix=PREFIX,
        )
    )
