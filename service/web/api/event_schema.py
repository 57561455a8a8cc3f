"""Events as programs tell of them."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import Discriminator, Field, RootModel, Tag, field_validator, model_validator

from service.actions.tell import Told
from service.web.api.refusal import MANY, ONE
from service.web.api.schema import Email, In, Line, Moment, Name, Out, RowId, shown_as

MOST = 1_000  # events a request
LARGEST_DATA = 16_000  # characters of JSON


class EventIn(In):
    """Something that happened to a person: name the person by `email` or by `contact`."""

    email: Email | None = None
    contact: RowId | None = Field(default=None, description="The contact's id.")
    name: Name = Field(description="`visit.completed`, `purchase` …, or a name that business.yaml declares.")
    at: Moment = Field(default=None, description="When; now where it is absent. Without an offset: the contact's time.")
    key: Line = Field(default=None, description="Your own id of this event; the same name and key twice count once.")
    about: Line = Field(default=None, description="The id of what it speaks of: an appointment, an order.")
    data: dict[Name, Any] = Field(default={}, description="What business.yaml declares for this event, and more.")
    value: Annotated[Decimal, Field(max_digits=15, decimal_places=4)] | None = None
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] | None = Field(
        default=None, description="ISO 4217; the business's where it is absent."
    )

    @field_validator("data")
    @classmethod
    def _not_too_much(cls, data: dict[str, Any]) -> dict[str, Any]:
        if len(json.dumps(data)) > LARGEST_DATA:
            raise ValueError(f"This has more than {LARGEST_DATA} characters; keep what letters and conditions name.")
        return data

    @model_validator(mode="after")
    def _about_one_person(self) -> Self:
        if (self.email is None) == (self.contact is None):
            raise ValueError("Say whom it is about: `email` or `contact`, one of them.")
        return self

    def told(self) -> Told:
        """The same for the action."""
        who = self.email or self.contact
        assert who is not None
        return Told(who, self.name, self.at, self.key, self.about, self.data, self.value, self.currency)


def _shape(value: object) -> str:
    return MANY if isinstance(value, list) else ONE


class EventsIn(
    RootModel[
        Annotated[
            Annotated[EventIn, Tag(ONE)]
            | Annotated[Annotated[list[EventIn], Field(min_length=1, max_length=MOST)], Tag(MANY)],
            Discriminator(_shape),
        ]
    ]
):
    """One event, or a list of them, of which all are taken or none."""

    model_config = shown_as(
        {
            "email": "ana@example.org",
            "name": "visit.completed",
            "at": "2026-01-27 16:00",
            "key": "visit-17",
            "about": "A17",
            "data": {"service": "Cut"},
            "value": 48.00,
        }
    )

    def told(self) -> list[Told]:
        """The events for the action, one or many."""
        return [each.told() for each in ([self.root] if isinstance(self.root, EventIn) else self.root)]


class EventReceipt(Out):
    """`duplicate`: the same name and key were told before, and this changed nothing; `id` is that event's."""

    id: int
    contact: int
    duplicate: bool


class EventReceipts(Out):
    """One for each event of the list, in its order."""

    items: list[EventReceipt]


class EventsTaken(RootModel[EventReceipt | EventReceipts]):
    """A receipt, or for a list all its receipts."""
