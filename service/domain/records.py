"""What words may name without calling anything: values and records, which no past has to be read for.

Most mails name one or two of them, so each is made when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from functools import lru_cache
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from service.domain.moment import Moment
from service.domain.sequence.expression import Empty, Record
from service.domain.sequence.model.business import Business


class Known(Protocol):
    """What they are made of."""

    @property
    def business(self) -> Business: ...
    @property
    def contact(self) -> Mapping[str, Any]: ...
    @property
    def event(self) -> Mapping[str, Any]: ...
    @property
    def form(self) -> Mapping[str, Any]: ...
    @property
    def referral(self) -> Mapping[str, Any]: ...
    @property
    def date(self) -> Moment | None: ...
    @property
    def arm(self) -> str | None: ...
    @property
    def now(self) -> datetime: ...
    @property
    def zone(self) -> ZoneInfo: ...


@dataclass(slots=True, eq=False)  # not frozen: to be made so takes three times as long, once a mail
class Records(Mapping[str, object]):
    """The names of a mail whose words call nothing. `event` and `form` began the enrolment."""

    business: Business
    contact: Mapping[str, Any]
    event: Mapping[str, Any]
    form: Mapping[str, Any]
    referral: Mapping[str, Any]
    date: Moment | None
    arm: str | None
    now: datetime
    zone: ZoneInfo

    def __getitem__(self, name: str) -> object:
        return RECORDS[name](self)

    def __iter__(self) -> Iterator[str]:
        return iter(RECORDS)

    def __len__(self) -> int:
        return len(RECORDS)


def _business(known: Known) -> Record:
    business = known.business
    said = {
        "name": business.name,
        "from": _signature(business.sender),
        "address": business.address,
        "phone": business.phone,
    }
    return Record("business", said)


def _date(known: Known) -> object:
    """A day is the person's; an instant is spoken in the time of its place."""
    if known.date is None:
        return Empty(name="date")
    at, is_day = known.date.at, known.date.is_day
    return at.astimezone(known.zone).date() if is_day else at.astimezone(ZoneInfo(known.business.zone))


@lru_cache(maxsize=16)
def _signature(sender: str) -> str:
    name, address = parseaddr(sender)
    return name or address


RECORDS: Mapping[str, Callable[[Known], object]] = {
    "contact": lambda known: Record("contact", known.contact),
    "business": _business,
    "event": lambda known: Record("event", known.event),
    "form": lambda known: Record("form", known.form),
    "referral": lambda known: Record("referral", known.referral),
    "date": _date,
    "today": lambda known: known.now.astimezone(known.zone).date(),
    "arm": lambda known: known.arm,
}
