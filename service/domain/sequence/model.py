"""What a parsed sequence is: frozen values that the engine, the renderer and the checks read.

The language itself is described in `sequences/README.md`. Everything here is plain data; the rules that
act on it live in `service.domain.enrolment`, `service.domain.schedule` and `service.domain.throttle`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum

from service.domain.pacing import Pacing
from service.domain.policy import Policy
from service.domain.sequence.vocabulary import Kind as Kind
from service.domain.sequence.vocabulary import Stage as Stage
from service.domain.window import Window


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was written: the file as it was named, line and column counted from 1."""

    path: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding of `check`: what is wrong, where, and how to mend it. `code` is stable, for programs."""

    place: Place
    severity: Severity
    code: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        mend = f" ({self.hint})" if self.hint else ""
        return f"{self.place}: {self.severity}: {self.message}{mend}"


class Status(StrEnum):
    DRAFT = "draft"
    LIVE = "live"
    CLOSED = "closed"
    PAUSED = "paused"


class Unit(StrEnum):
    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"
    YEARS = "years"
    RHYTHMS = "rhythms"


@dataclass(frozen=True, slots=True)
class Duration:
    """`3 days`, `1.75 rhythms`. Days and longer are calendar units in the contact's zone."""

    amount: Decimal
    unit: Unit

    @classmethod
    def of(cls, amount: int, unit: Unit) -> Duration:
        return cls(Decimal(amount), unit)

    def __str__(self) -> str:
        unit = self.unit.value.removesuffix("s") if self.amount == 1 else self.unit.value
        return f"{self.amount.normalize():f} {unit}"


@dataclass(frozen=True, slots=True)
class Expression:
    """A condition or merge field as it was written; `service.domain.sequence.expression` asks it."""

    source: str
    place: Place


class Anchor(StrEnum):
    """What a step's time counts from."""

    DAY = "day"  # Day N: from entering
    LATER = "later"  # from the last step done
    BEFORE = "before"  # the three dated ones: from the sequence's date
    AFTER = "after"
    ON_THE_DAY = "on the day"


@dataclass(frozen=True, slots=True)
class When:
    """WHEN of a step's heading. `days` and `last_day` (of `Day N-M`) for DAY, `duration` for LATER, BEFORE, AFTER."""

    anchor: Anchor
    days: int = 0
    last_day: int | None = None
    duration: Duration | None = None
    at: time | None = None


@dataclass(frozen=True, slots=True)
class Trigger:
    """One way in. `on` is `signup`, `event`, `becomes`, `tagged`, `date`, `rhythm`, `quiet` or `manual`;
    `name` the event, stage or tag; `duration` that of `quiet … for DURATION`."""

    on: str
    name: str = ""
    duration: Duration | None = None


class Again(StrEnum):
    NEVER = "never"
    ALWAYS = "always"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Enrol:
    on: tuple[Trigger, ...]
    form: str | None = None
    when: Expression | None = None
    again: Again = Again.NEVER
    again_after: Duration | None = None
    existing: str = "nobody"


@dataclass(frozen=True, slots=True)
class Exit:
    """A `stop` or `goal`: exactly one of `event`, `same`, `when`. `within` and `stay` belong to goals."""

    place: Place
    event: str | None = None
    same: str | None = None
    when: Expression | None = None
    within: Duration | None = None
    stay: bool = False


@dataclass(frozen=True, slots=True)
class AtMost:
    """`3 unanswered` or `5 emails`; service mail does not count."""

    count: int
    unanswered: bool


# What stands in a text for an expression that was cut out. Two private-use characters hold its number: no author
# can forge one, because a file that holds either is refused, and to markdown they are letters, so that emphasis
# round a merge field works as round a word. `placeholder(0)` is written ⟦0⟧ in this documentation.
PLACEHOLDER = re.compile("\ue000([0-9]+)\ue001")


def placeholder(number: int) -> str:
    """⟦number⟧: what stands for `expressions[number]` in a body, subject or preview; PLACEHOLDER finds it again."""
    return f"\ue000{number}\ue001"


@dataclass(frozen=True, slots=True)
class Body:
    """Markdown whose expressions are cut out: ⟦0⟧ (`placeholder(0)`) in `markdown` stands for `expressions[0]`.

    `blocks` is the body split at its `{% … %}`: each is (tag, expression or None, markdown), tag one of `text`,
    `if`, `elif`, `else`, `endif`; only `text` carries markdown. In an email the tags stand on lines of their own,
    so each text is whole paragraphs; in a task's briefing they may stand inside a line, so its texts are joined
    before they are read as markdown. `line` is the file's line of the body's first line.
    """

    blocks: tuple[tuple[str, Expression | None, str], ...]
    expressions: tuple[Expression, ...]
    line: int = 1


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject or preview line with its expressions cut out as in `Body`. `arm` is the letter or name, or None."""

    text: str
    expressions: tuple[Expression, ...]
    place: Place
    arm: str | None = None


@dataclass(frozen=True, slots=True)
class TaskField:
    what: str
    assign: str
    due: Duration | None = None
    cost: Decimal | None = None
    ask: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Action:
    """A riding action: `verb` is `set`, `tag`, `webhook`, `enrol` or `leave`, `text` what stands behind the colon."""

    verb: str
    text: str
    place: Place


@dataclass(frozen=True, slots=True)
class Words:
    """What a step says in one language: those of its own file, or of a translated one."""

    subjects: tuple[Subject, ...]
    preview: Subject | None
    body: Body | None
    place: Place


@dataclass(frozen=True, slots=True)
class Step:
    key: str
    title: str
    when: When
    place: Place
    kind: Kind
    subjects: tuple[Subject, ...] = ()
    preview: Subject | None = None
    body: Body | None = None
    condition: Expression | None = None
    wait_for: Expression | None = None
    wait_up_to: Duration | None = None
    drop_after: Duration | None = None
    window: Window | None = None  # None: the sequence's, else the business's
    task: TaskField | None = None
    actions: tuple[Action, ...] = ()
    template: str | None = None
    sender: str | None = None
    reply_to: str | None = None
    translations: tuple[tuple[str, Words], ...] = ()  # by language

    def __hash__(self) -> int:
        """By the key alone: what is known of a step is looked up often, and equals are told apart by all of it."""
        return hash(self.key)

    @property
    def is_email(self) -> bool:
        return bool(self.subjects)

    def in_language(self, language: str) -> Words:
        """The step's words in a language, the file's own where it has none."""
        own = Words(self.subjects, self.preview, self.body, self.place)
        return dict(self.translations).get(language, own)


@dataclass(frozen=True, slots=True)
class Sequence:
    key: str
    title: str
    stage: Stage
    topic: str
    kind: Kind
    enrol: Enrol
    steps: tuple[Step, ...]
    place: Place
    date: str | None = None
    every: Duration | None = None
    stop: tuple[Exit, ...] = ()
    goal: Exit | None = None
    at_most: AtMost | None = None
    window: Window | None = None
    arms: tuple[tuple[str, int], ...] = ()
    status: Status = Status.LIVE
    sender: str | None = None
    reply_to: str | None = None
    template: str = "letter"
    titles: tuple[tuple[str, str], ...] = ()  # in other languages

    def __hash__(self) -> int:
        """By the key alone, as a step's."""
        return hash(self.key)

    def step(self, key: str) -> Step | None:
        return next((step for step in self.steps if step.key == key), None)


@dataclass(frozen=True, slots=True)
class Topic:
    """What a recipient can leave on its own. `basis` is `consent`, `client` or `service`."""

    name: str
    basis: str = "consent"
    titles: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class FormField:
    name: str
    label: str = ""
    type: str = "text"
    required: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Form:
    """A signup form. `consent` is the wording shown beside the button; `thanks` where the visitor goes after."""

    slug: str
    title: str = ""
    text: str = ""
    button: str = ""
    magnet: str | None = None
    topics: tuple[str, ...] = ()
    fields: tuple[FormField, ...] = ()
    double_opt_in: bool = False
    consent: str = ""
    thanks: str | None = None
    origins: tuple[str, ...] = ()


COUPONS_LAST = Duration.of(30, Unit.DAYS)


@dataclass(frozen=True, slots=True)
class Coupon:
    """A code of its own for each enrolment that prints it. `worth` says in words what it is good for."""

    name: str
    valid: Duration = COUPONS_LAST
    worth: str = ""


@dataclass(frozen=True, slots=True)
class Business:
    """`business.yaml`: one business, its people, its words and its limits."""

    name: str
    sender: str  # `Mia at Glow Studio <mia@glow.example>`
    address: str
    zone: str
    phone: str = ""
    currency: str = "EUR"
    languages: tuple[str, ...] = ("en",)
    window: Window = field(default_factory=Window.any)
    closed: tuple[date, ...] = ()
    people: tuple[tuple[str, str], ...] = ()
    topics: tuple[Topic, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    fields: tuple[tuple[str, str | tuple[str, ...]], ...] = ()
    events: tuple[tuple[str, tuple[tuple[str, str | tuple[str, ...]], ...]], ...] = ()
    calendar: tuple[tuple[str, tuple[date | datetime, ...]], ...] = ()
    segments: tuple[tuple[str, Expression], ...] = ()
    rhythm: tuple[tuple[str, tuple[tuple[str, Duration], ...]], ...] = ()
    forms: tuple[Form, ...] = ()
    magnets: tuple[tuple[str, str], ...] = ()
    coupons: tuple[Coupon, ...] = ()
    webhooks: tuple[tuple[str, str], ...] = ()  # name, address
    throttle: Policy = field(default_factory=Policy)
    pacing: Pacing = field(default_factory=Pacing)

    def form(self, slug: str) -> Form | None:
        return next((form for form in self.forms if form.slug == slug), None)

    def topic(self, name: str) -> Topic | None:
        return next((topic for topic in self.topics if topic.name == name), None)


@dataclass(frozen=True, slots=True)
class Library:
    """All that one business has written, read together: what a publication holds, parsed."""

    business: Business
    sequences: tuple[Sequence, ...]

    def sequence(self, key: str) -> Sequence | None:
        return next((sequence for sequence in self.sequences if sequence.key == key), None)
