"""Lives that nobody thought of: made up by a seed out of what a library's people can do."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from service.domain.sequence.answers import answers_of
from service.domain.sequence.model.library import Library

BEGIN = datetime(2026, 1, 5, 9)
ZONES = ("Europe/Madrid", "America/New_York", "Pacific/Auckland", "Asia/Kolkata", "Europe/Berlin")


def life_by_chance(library: Library, seed: int, days: int, count: int = 40) -> str:
    """A scenario file of about `count` events in `days` days."""
    chance = Random(seed)
    stage = chance.choice(["lead", "lead", "client"])
    contact = [
        "email: ana@example.org",
        f"stage: {stage}",
        f"timezone: {chance.choice(ZONES)}",
        *chance.sample(["first_name: Ana", "birthday: 02-29", "phone: +34 600 123 456", "address: Calle Mayor 3"], 3),
    ]
    form = library.business.forms[0].slug
    lines = [f"{{at: {BEGIN + timedelta(hours=3)}, name: signup, form: {form}}}"] if stage == "lead" else []
    lines += [_event(library, chance, days) for _ in range(count)]
    topics = ", ".join(chance.sample([topic.name for topic in library.business.topics], 3))
    return f"contact: {{{', '.join(contact)}}}\nconsents: [{topics}]\nevents:\n" + "".join(
        f"- {each}\n" for each in lines
    )


def _event(library: Library, chance: Random, days: int) -> str:
    at = BEGIN + timedelta(minutes=chance.randrange(days * 24 * 60))
    about = f"A{chance.randrange(8)}"
    starts = at + timedelta(minutes=chance.randrange(30 * 24 * 60))
    ways = {
        "booked": f"name: appointment.booked, about: {about}, data: {{starts: {starts:%Y-%m-%d %H:%M}, service: Cut}}",
        "cancelled": f"name: appointment.cancelled, about: {about}",
        "missed": f"name: appointment.missed, about: {about}",
        "visit": f"name: visit.completed, about: {about}, value: {chance.randrange(20, 90)}.00, data: {{service: Cut}}",
        "purchase": f"name: purchase, value: {chance.randrange(5, 200)}.50, data: {{product: Shampoo}}",
        "praise": "name: praise.given",
        "reply": "name: reply",
        "complaint": f"name: complaint.{chance.choice(['raised', 'resolved', 'resolved'])}, about: C1",
        "leave": f"name: unsubscribed, topic: {chance.choice(library.business.topics).name}",
        "click": _click(library, chance),
        "answer": _answer(library, chance),
        "task": _task(library, chance),
        "friend": _friend(chance),
        "goodbye": "name: client.left, data: {reason: moved}",
    }
    often = {
        "booked": 5,
        "visit": 6,
        "click": 6,
        "answer": 6,
        "task": 4,
        "cancelled": 2,
        "reply": 2,
        "goodbye": 0.3,
        "leave": 0.7,
    }
    return f"{{at: {at}, {chance.choices(list(ways.values()), [often.get(way, 1) for way in ways])[0]}}}"


def _friend(chance: Random) -> str:
    name = chance.choice(["referral.joined", "referral.qualified"])
    return f"name: {name}, data: {{friend: {chance.choice(['Ben', 'Cleo'])}}}"


def _click(library: Library, chance: Random) -> str:
    sequence = chance.choice(library.sequences)
    mails = [step.key for step in sequence.steps if step.is_email]
    return f"name: click, sequence: {sequence.key}, step: {chance.choice(mails)}" if mails else "name: reply"


def _answer(library: Library, chance: Random) -> str:
    asked = [
        (sequence.key, step.key, offer.value)
        for sequence in library.sequences
        for step in sequence.steps
        for offer in (answers_of(step, "en") if step.is_email else ())
    ]
    sequence, step, value = chance.choice(asked)
    return f"name: answer, sequence: {sequence}, step: {step}, value: {value}"


def _task(library: Library, chance: Random) -> str:
    tasks = [(sequence.key, step) for sequence in library.sequences for step in sequence.steps if step.task]
    sequence, step = chance.choice(tasks)
    offers = [offer.value for offer in answers_of(step, "en")]
    value = f", value: {chance.choice(offers)}" if offers else ""
    name = "task.skipped" if chance.random() < 0.3 else f"task.done{value}"
    name, _, rest = name.partition(",")
    return f"name: {name}, sequence: {sequence}, step: {step.key}" + (f",{rest}" if rest else "")
