"""`business.yaml`: one business, its people, its words and its limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from service.domain.pacing import Pacing
from service.domain.policy import Policy
from service.domain.sequence.model.consent import ConsentPolicy
from service.domain.sequence.model.duration import Duration, Unit
from service.domain.sequence.model.expression import Expression
from service.domain.sequence.model.form import Form
from service.domain.sequence.model.magnet import Magnet
from service.domain.sequence.model.referral import Programme
from service.domain.sequence.model.retention import Retention
from service.domain.window import Window


@dataclass(frozen=True, slots=True)
class Topic:
    """What a recipient can leave on its own. `basis` is why the law lets us write: `consent`, `inquiry`, `client`,
    `service`; `lasts` how long an inquiry, or having been here as a client, is good for it. None: for good."""

    name: str
    basis: str = "consent"
    titles: tuple[tuple[str, str], ...] = ()
    lasts: Duration | None = None


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
    magnets: tuple[Magnet, ...] = ()
    coupons: tuple[Coupon, ...] = ()
    webhooks: tuple[tuple[str, str], ...] = ()  # name, address
    consent: ConsentPolicy = field(default_factory=ConsentPolicy)
    throttle: Policy = field(default_factory=Policy)
    pacing: Pacing = field(default_factory=Pacing)
    retention: Retention = field(default_factory=Retention)
    referral: Programme | None = None  # None: friends are told apart, and nothing is promised

    def form(self, slug: str) -> Form | None:
        return next((form for form in self.forms if form.slug == slug), None)

    def magnet(self, name: str) -> Magnet | None:
        return next((magnet for magnet in self.magnets if magnet.name == name), None)

    def topic(self, name: str) -> Topic | None:
        return next((topic for topic in self.topics if topic.name == name), None)
