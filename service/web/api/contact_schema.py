"""Contacts as programs write and read them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, field_validator

from service.actions.change_contact import Changes
from service.actions.record_consent import Given
from service.domain.sequence.names import PERSONAL
from service.web.api.paging import PageQuery, never_null
from service.web.api.schema import (
    Email,
    In,
    Instant,
    Line,
    Moment,
    MonthDay,
    Name,
    Out,
    Stage,
    Text,
    TimeZone,
    searched_as,
    shown_as,
)

MOST_TAGS = 100
MOST_FIELDS = 200
MOST_CONSENTS = 50
COLUMNS = (*PERSONAL, "source")
LANGUAGE = r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}$"


class ConsentIn(In):
    """A consent that was given elsewhere."""

    topic: Name = Field(description="A topic of business.yaml.")
    wording: Text = Field(default=None, description="What the person agreed to, word for word.")
    at: Moment = Field(default=None, description="When; now where it is absent. Without an offset: the contact's time.")
    source: Line = Field(default=None, description="Where: a page, a paper form, a till.")


class ContactChanges(In):
    """What to change. What is absent stays as it is; null clears a field."""

    model_config = shown_as({"stage": "client", "phone": None})

    email: Email | None = Field(default=None, json_schema_extra=never_null)
    first_name: Line = None
    last_name: Line = None
    phone: Line = None
    address: Text = None
    company: Line = None
    language: Annotated[str, Field(pattern=LANGUAGE)] | None = Field(default=None, description="`de`, `pt-BR` …")
    timezone: TimeZone = Field(default=None, description="An IANA name; the business's where there is none.")
    birthday: MonthDay = Field(default=None, description="Month and day; a year is left out.")
    source: Line = Field(default=None, description="Where the contact came from.")
    stage: Stage | None = Field(
        default=None, description="Moves the person on the journey.", json_schema_extra=never_null
    )
    tags: list[Name] | None = Field(
        default=None,
        max_length=MOST_TAGS,
        description="All tags; they replace those that were there.",
        json_schema_extra=never_null,
    )
    fields: dict[Name, Any] | None = Field(
        default=None,
        max_length=MOST_FIELDS,
        description="Fields of business.yaml; null removes one.",
        json_schema_extra=never_null,
    )
    consents: list[ConsentIn] = Field(
        default=[], max_length=MOST_CONSENTS, description="Consents given elsewhere, kept with their evidence."
    )

    @field_validator("email", "stage", "tags", "fields", mode="before")
    @classmethod
    def _is_something(cls, value: object) -> object:
        if value is None:
            raise ValueError("This can't be null; leave it out to keep it as it is.")
        return value

    def changes(self) -> Changes:
        """What was really sent, for the action."""
        return Changes(
            columns={name: getattr(self, name) for name in COLUMNS if name in self.model_fields_set},
            fields=self.fields or {},
            tags=None if self.tags is None else tuple(dict.fromkeys(self.tags)),
            stage=self.stage,
            address=self.email,
            consents=tuple(Given(each.topic, each.wording, each.at, each.source) for each in self.consents),
        )


class ContactIn(ContactChanges):
    """A contact to create, or to update where there is one with this address. null clears a field."""

    model_config = shown_as(
        {
            "email": "ana@example.org",
            "first_name": "Ana",
            "timezone": "Europe/Madrid",
            "tags": ["salon"],
            "consents": [{"topic": "Tips and ideas", "wording": "Yes, please write to me.", "source": "at the desk"}],
        }
    )

    email: Email


class SuppressedOut(Out):
    """Why mail does not go to this address: on one topic, or on none (`topic` null)."""

    topic: str | None
    reason: str
    at: Instant


class ContactOut(Out):
    """A contact."""

    id: int
    email: str
    first_name: str | None
    last_name: str | None
    phone: str | None
    address: str | None
    company: str | None
    language: str | None
    timezone: str | None
    birthday: str | None
    source: str | None
    stage: str
    client_since: Instant | None
    tags: list[str]
    fields: dict[str, Any]
    consented: list[str] = Field(description="The topics agreed to and not taken back.")
    suppressed: list[SuppressedOut] = Field(description="What stands on the suppression list for this address.")
    created_at: Instant
    updated_at: Instant


class ContactPage(Out):
    """Contacts, the newest first."""

    items: list[ContactOut]
    next: str | None = Field(description="The cursor of the next page; null at the end.")


class ContactQuery(PageQuery):
    """Which contacts. Several conditions all hold."""

    stage: Stage | None = Field(default=None, json_schema_extra=never_null)
    tag: str | None = Field(default=None, max_length=200, json_schema_extra=never_null)


class ContactSearch(ContactQuery):
    """Which contacts, by their address too. Several conditions all hold."""

    model_config = searched_as({"email": "ana@example.org"})

    email: Email | None = Field(default=None, description="The contact of this address.", json_schema_extra=never_null)
