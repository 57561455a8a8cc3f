"""What merge fields and conditions may name: fields with their shapes, events, functions, filters.

A shape is the name of a type (`text`, `date` …) or the tuple of the words a field may hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from service.domain.arm import letters
from service.domain.sequence.model.business import Business
from service.domain.sequence.model.sequence import Sequence

Shape = str | tuple[str, ...]

STAGES = ("lead", "client", "lapsed", "former")  # a contact's, not the map's
TYPES = ("text", "number", "money", "date", "month-day", "time", "link", "email", "phone", "person", "yes-no")

CONTACT: dict[str, Shape] = {
    "email": "email",
    "first_name": "text",
    "last_name": "text",
    "language": "text",
    "timezone": "text",
    "phone": "phone",
    "address": "text",
    "company": "text",
    "stage": STAGES,
    "client_since": "date",
    "birthday": "month-day",
    "source": "text",
    "tags": "tags",
}
# Of them, what a form, a colleague at a task or a program may fill in; the address, stage and tags have ways of their
# own.
PERSONAL = ("first_name", "last_name", "phone", "address", "company", "language", "timezone", "birthday")
BUSINESS = ("name", "from", "address", "phone")
EVENT: dict[str, Shape] = {"name": "text", "at": "time", "about": "text", "value": "money", "currency": "text"}
FORM: dict[str, Shape] = {"first_name": "text", "last_name": "text"}  # what every form takes, beside the address
REFERRAL = ("code", "from", "friend", "count", "reward")
COUPON = ("expires", "worth")  # beside its code

# Events that exist without being declared: those the service raises, and those a business sends by convention.
RAISED: dict[str, dict[str, Shape]] = {
    "signup": {},
    "click": {"sequence": "text", "step": "text"},
    "answer": {"sequence": "text", "step": "text", "value": "text", "note": "text"},
    "reply": {"sequence": "text", "step": "text"},
    "unsubscribed": {"topic": "text"},
    "unengaged": {},
    "bounced": {"sequence": "text", "step": "text", "words": "text"},
    "complained": {"sequence": "text", "step": "text", "words": "text"},
    "less-often": {"wish": "yes-no"},
    "pause": {"days": "number"},
    "came-back": {"topic": "text"},
    "left-because": {"reason": "text", "note": "text", "topic": "text"},
    "address-changed": {},
    "task.done": {"sequence": "text", "step": "text", "value": "text", "note": "text"},
    "referral.joined": {"friend": "text", "code": "text"},
    "referral.qualified": {"friend": "text", "count": "number"},
    "referral.rewarded": {"friend": "text", "reward": "text", "code": "text", "expires": "date"},
    "referral.welcomed": {"from": "text", "reward": "text", "code": "text", "expires": "date"},
}
CUSTOMARY: dict[str, dict[str, Shape]] = {
    "appointment.booked": {
        "starts": "time",
        "ends": "time",
        "with": "text",
        "service": "text",
        "place": "text",
        "manage_url": "link",
    },
    "appointment.cancelled": {},
    "appointment.missed": {},
    "visit.completed": {"service": "text", "with": "text"},
    "purchase": {"product": "text"},
    "refund": {},
    "cart.left": {"cart_url": "link"},
    "agreement.signed": {},
    "proposal.declined": {},
    "praise.given": {},
    "review.left": {},
    "complaint.raised": {},
    "complaint.resolved": {},
    "client.left": {"reason": "text"},
}

# Filters, and how many words each may take: `value | money("CHF")`.
FILTERS = {"day": 0, "time": 0, "money": 1, "title": 0}


@dataclass(frozen=True, slots=True)
class Function:
    """A function of conditions. `names` says what its argument is the name of; `within` whether it takes that."""

    names: str
    within: bool = False


FUNCTIONS: dict[str, Function] = {
    "clicked": Function("step"),
    "sent": Function("step", within=True),
    "done": Function("step"),
    "answer": Function("step"),
    "happened": Function("event", within=True),
    "count": Function("event", within=True),
    "total": Function("event", within=True),
    "days_since": Function("event", within=True),
    "upcoming": Function("booking"),
    "tagged": Function("tag"),
    "consented": Function("topic"),
    "inside": Function("sequence"),
    "segment": Function("segment"),
    "coupon": Function("coupon"),
}
ABOUT_STEPS = frozenset({"clicked", "sent", "done", "answer"})
ABOUT_MAILS = frozenset({"clicked", "sent"})


@dataclass(frozen=True, slots=True)
class Shelf:
    """What all expressions of one library may name. `steps` maps each sequence to its steps and their answers."""

    business: Business
    events: Mapping[str, Mapping[str, Shape]]
    contact: Mapping[str, Shape]
    steps: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    mails: frozenset[tuple[str, str]] = frozenset()  # which of them are mails: (sequence, step)


@dataclass(frozen=True, slots=True)
class Scope:
    """What the expressions of one sequence, or of a segment (`sequence` None), may name.

    `event` is None where nothing named `event` began it. `passed` are the steps that stand above the one being
    read, None where any step may be named. `always` are the values that can't be empty here.
    """

    shelf: Shelf
    sequence: Sequence | None = None
    event: Mapping[str, Shape] | None = None
    form: Mapping[str, Shape] = field(default_factory=dict)
    date: bool = False
    always: frozenset[str] = frozenset()
    passed: frozenset[str] | None = None

    def steps(self) -> Mapping[str, tuple[str, ...]]:
        """The sequence's own steps, each with the answers it offers."""
        return self.shelf.steps.get(self.sequence.key, {}) if self.sequence else {}

    def begins_with(self, way: str) -> bool:
        """Whether one way into the sequence is this: `signup`, `event` …"""
        return self.sequence is not None and any(trigger.on == way for trigger in self.sequence.enrol.on)

    def arms(self) -> tuple[str, ...]:
        """What `arm` may be."""
        if self.sequence is None:
            return ()
        return tuple(arm for arm, _ in self.sequence.arms) or letters(self.sequence)


def shelf_of(
    business: Business, sequences: Iterable[Sequence], answers: Mapping[str, Mapping[str, tuple[str, ...]]]
) -> Shelf:
    """The shelf of a business and of all sequences' steps; `answers` are those that each step offers."""
    events: dict[str, dict[str, Shape]] = {name: dict(data) for name, data in (RAISED | CUSTOMARY).items()}
    for name, data in business.events:
        events.setdefault(name, {}).update(data)
    mails = frozenset((each.key, step.key) for each in sequences for step in each.steps if step.is_email)
    return Shelf(business, events, CONTACT | dict(business.fields), answers, mails)


def scope_of(shelf: Shelf, sequence: Sequence) -> Scope:
    """The scope of a sequence, by what it begins with."""
    events = [trigger.name for trigger in sequence.enrol.on if trigger.on in {"event", "rhythm", "quiet"}]
    names = tuple(dict.fromkeys(name for name in events if name in shelf.events))
    data: dict[str, Shape] = {key: shape for name in names for key, shape in shelf.events[name].items()}
    event = {**EVENT, **data, "name": names} if names else None
    asked, required = _form(shelf.business, sequence)
    always = {"contact.email", "contact.stage", "business.name", "business.from", "business.address", "today", "arm"}
    always |= {"referral.code", "referral.count"}
    always |= {f'coupon("{coupon.name}").worth' for coupon in shelf.business.coupons if coupon.worth}
    always |= {"date"} if has_date(sequence) else set()
    always |= {"business.phone"} if shelf.business.phone else set()
    if event is not None and len(events) == len(sequence.enrol.on):
        always |= {"event.name", "event.at"}
    if names and len(names) == len(sequence.enrol.on) == 1:
        always |= {f'days_since("{names[0]}")'}
    if sequence.enrol.on and all(trigger.on == "signup" for trigger in sequence.enrol.on):
        always |= {f"form.{name}" for name in required}
    return Scope(shelf, sequence, event, asked, has_date(sequence), frozenset(always))


def has_date(sequence: Sequence) -> bool:
    """Whether there is a date that `before`, `after` and `On the day` count from."""
    return sequence.date is not None or any(trigger.on == "rhythm" for trigger in sequence.enrol.on)


def _form(business: Business, sequence: Sequence) -> tuple[dict[str, Shape], Iterable[str]]:
    """The fields of the forms that can begin this sequence, and those of them that all ask for."""
    forms = [form for form in business.forms if sequence.enrol.form in {None, form.slug}]
    asked: dict[str, Shape] = dict(FORM)
    for form in forms:
        asked |= {each.name: each.choices or each.type for each in form.fields}
    required = [{each.name for each in form.fields if each.required} for form in forms]
    return asked, set.intersection(*required) if required else set()
