"""`/my-data/TOKEN`: all that is stored about the holder of the link, to be read, and to be taken away as a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from email.utils import parseaddr
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from babel.dates import format_date
from flask import Blueprint, Response, render_template, request

from service.clock import machine_now
from service.domain.sequence.model.business import Business
from service.domain.sequence.model.form import MAIL
from service.store.contact import Contact
from service.store.history import zone_of
from service.store.merged import find_contact
from service.store.person import Stored, as_json, read_person
from service.web.current import current_runtime
from service.web.public.labels import FIELDS, SECTIONS, VALUES, YES_NO
from service.web.public.language import language_of
from service.web.public.my_data_words import WORDS
from service.web.public.recipient import title_of
from service.web.public.token import read_token

# The machinery's own names for things; the file has them.
UNSHOWN = frozenset({"id", "key", "message_id", "recorded_at", "received_at", "enrolment", "replaced"})
KEEPS = timedelta(days=30)  # a mail may be handed on, and lie in archives for years
MOST = 200  # records that a section shows, the newest; the file has all

my_data = Blueprint("my_data", __name__)


class Line(NamedTuple):
    label: str
    value: str


class Section(NamedTuple):
    """A heading and what stands under it, each record as lines of a label and a value; `older` are not shown."""

    title: str
    records: list[list[Line]]
    older: int


@my_data.get("/my-data/<token>")
def show(token: str) -> str | Response:
    runtime = current_runtime()
    business = runtime.published().library.business
    contact_id, _, made_at = read_token("my-data", token).partition(".")
    if machine_now().timestamp() > float(made_at or 0) + KEEPS.total_seconds():
        return _too_late(business)
    with runtime.session() as session:
        contact = find_contact(session, int(contact_id))
        stored = read_person(session, contact) if contact else {}
    if contact and request.args.get("format") == "json":
        headers = {"Content-Disposition": 'attachment; filename="my-data.json"'}
        return Response(as_json(stored), 200, headers, content_type="application/json")
    language = language_of(contact, business)
    words = WORDS[language]
    return render_template(
        "my_data.html",
        private=True,
        business=business,
        language=language,
        words=words,
        intro=words["intro"].format(business=business.name),
        sections=list(_sections(stored, _teller(contact, business))) if contact else [],
        business_address=parseaddr(business.sender)[1],
    )


def my_data_token(contact_id: int) -> str:
    """Leads to all that is stored about somebody, for KEEPS from now."""
    return current_runtime().signer.sign("my-data", f"{contact_id}.{int(machine_now().timestamp())}")


def _too_late(business: Business) -> Response:
    """The link has done its time. Whose it was is not said."""
    language = language_of(None, business)
    words = WORDS[language]
    page = render_template(
        "my_data.html",
        private=True,
        business=business,
        language=language,
        words=words | {"nothing": words["late"], "nothing_hint": words["late_hint"]},
        sections=[],
        business_address=parseaddr(business.sender)[1],
    )
    return Response(page, 410)


@dataclass(frozen=True, slots=True)
class Teller:
    """Says values in a person's language and time. `titles` are what topics are called in it, by their names."""

    language: str
    zone: ZoneInfo
    titles: Mapping[str, str]

    def lines(self, record: Mapping[str, Any]) -> list[Line]:
        """What a record says: empty values left out, records within it brought up."""
        lines = []
        for name, value in record.items():
            if name in UNSHOWN or value in (None, "", [], {}):
                continue
            if isinstance(value, Mapping):
                lines += self.lines(value)
            else:
                said = self.titles.get(value) if name == "topic" else None
                lines.append(Line(self.label(name), said or self.say(value)))
        return lines

    def label(self, name: str) -> str:
        return FIELDS[self.language].get(name) or name.replace("_", " ").replace("-", " ").capitalize()

    def say(self, value: object) -> str:
        if isinstance(value, datetime):
            local = value.astimezone(self.zone)
            return f"{format_date(local, 'long', locale=self.language)}, {local:%H:%M}"
        if isinstance(value, list):
            return ", ".join(self.say(each) for each in value)
        if isinstance(value, Decimal):
            return f"{value:f}"
        if isinstance(value, bool):
            return YES_NO[self.language][value]
        return VALUES[self.language].get(str(value), str(value))


def _teller(contact: Contact, business: Business) -> Teller:
    language = language_of(contact, business)
    titles = {each.name: title_of(business, each.name, language) for each in business.topics}
    return Teller(language, zone_of(contact, business), titles)


def _sections(stored: Stored, teller: Teller) -> Iterator[Section]:
    shown = stored | {
        "person": [stored["person"]],
        "consents": [_with_topic(each, teller) for each in stored["consents"]],
        "suppressions": [_with_topic(each, teller) for each in stored["suppressions"]],
        "mails": _with_hits(stored["mails"], stored["opens_and_clicks"]),
    }
    for name, title in SECTIONS[teller.language].items():
        records = shown[name]
        yield Section(title, [teller.lines(record) for record in records[-MOST:]], max(0, len(records) - MOST))


def _with_topic(record: Stored, teller: Teller) -> Stored:
    """No topic means all of them, but where it is about another way than by mail."""
    is_of_mail = record.get("channel", MAIL) == MAIL
    return record | {"topic": record["topic"] or (WORDS[teller.language]["all"] if is_of_mail else None)}


def _with_hits(mails: Iterable[Stored], hits: Iterable[Stored]) -> list[Stored]:
    """Each mail with how often it was opened and its links followed; the file lists each time."""
    counts = Counter((hit["mail"], hit["kind"]) for hit in hits)
    return [
        mail | {"opened": counts[mail["id"], "open"] or None, "clicked": counts[mail["id"], "click"] or None}
        for mail in mails
    ]
