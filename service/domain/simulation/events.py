"""What the scenario tells of, done to the person as production would do it."""

from __future__ import annotations

from service.domain.consent import may_email, what_bars
from service.domain.happening import Happening
from service.domain.sequence.model.business import Topic
from service.domain.simulation.life import Life
from service.domain.simulation.occur import agree, consent, pause, receive, sign_up, unsubscribe, wish_less_often
from service.domain.simulation.pace import note_open
from service.domain.simulation.row import Row

NO_MAIL = "No such mail had left by then, so this is passed over."


def happen(life: Life, event: Happening) -> None:
    """One event of the scenario, at its time."""
    match event.name:
        case "signup":
            form = life.business.form(str(event.data.get("form")))
            if form is not None:
                sign_up(life, form, {name: value for name, value in event.data.items() if name != "form"})
        case "click":
            _click(life, event)
        case "open":
            _open(life, event)
        case "answer":
            _answer(life, event)
        case "less-often":
            wish_less_often(life, event.data.get("wish") != "no")
        case "pause":
            pause(life, int(event.data.get("days") or 0))
        case "unsubscribed":
            unsubscribe(life, event.data.get("topic") or None)
        case _:
            _tell(life, event)


def _click(life: Life, event: Happening) -> None:
    row = _mail(life, event)
    if row is None:
        return
    topic = life.business.topic(str(event.data.get("topic")))
    data = {"sequence": row.inside.sequence.key, "step": row.step.key, "enrolment": row.inside.number}
    if topic is not None:
        if not _join(life, topic):
            return
        data["topic"] = topic.name
    told = Happening("click", life.now, data, enrolment_id=row.inside.number, key=f"click:{life.count()}")
    receive(life, told)


def _open(life: Life, event: Happening) -> None:
    """The person, and no machine, opened it."""
    row = _mail(life, event)
    if row is not None:
        note_open(life, row)


def _join(life: Life, topic: Topic) -> bool:
    """The button behind a `join:` link. Twin of `service.actions.join`."""
    standing = life.standing()
    if what_bars(standing, topic) is not None:
        return False
    if may_email(standing, topic, life.now) is not None:
        own = [line for line in life.suppressed if line.topic == topic.name and line.reason == "unsubscribed"]
        life.suppressed = [line for line in life.suppressed if line not in own]
        consent(life, [topic.name])
        agree(life)
        life.wake()
    return True


def _answer(life: Life, event: Happening) -> None:
    """A later answer replaces an earlier one; the same once more changes nothing. Twin of `service.actions.answer`."""
    row = _mail(life, event)
    if row is None:
        return
    inside, step = row.inside, row.step.key
    data = {
        "sequence": inside.sequence.key,
        "step": step,
        "value": event.data.get("value"),
        "note": event.data.get("note") or None,
        "enrolment": inside.number,
    }
    about = f"answer:{inside.number}:{step}"
    if any(each.name == "answer" and each.about == about and each.data == data for each in life.happenings):
        return
    receive(life, Happening("answer", life.now, data, enrolment_id=inside.number, about=about))


def _mail(life: Life, event: Happening) -> Row | None:
    """The mail that was clicked or answered: the newest of that step that had left."""
    of = (event.data.get("sequence"), event.data.get("step"))
    sent = [row for row in life.rows if (row.inside.sequence.key, row.step.key) == of and row.state == "sent"]
    if not sent:
        life.note(NO_MAIL)
        return None
    return max(sent, key=lambda row: (row.at or life.now, row.number))


def _tell(life: Life, event: Happening) -> None:
    """What a booking system or shop saw, or a colleague who reads the mail."""
    data = {name: value for name, value in event.data.items() if name != "currency"}
    currency = event.data.get("currency") or (life.business.currency if event.value is not None else None)
    about = event.about
    if event.name.startswith("referral."):
        about = about or f"referral:{data.get('friend') or life.count()}"
        data = {"from" if event.name == "referral.welcomed" else "friend": "a friend"} | data
    receive(life, Happening(event.name, life.now, data, event.value, about=about, key=event.key), currency)
