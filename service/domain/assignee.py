"""Whose task it is: somebody of `people`, or the colleague whom a field of the contact names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Any

from service.domain.contact import BadAddress, read_address
from service.domain.sequence.model.business import Business

FIELD = "contact."
LONGEST = 60  # characters of a wrong name that a sentence repeats


@dataclass(frozen=True, slots=True)
class Assignee:
    """`name` is one of `people`, or the address itself where a field names a colleague who is not on that list.

    `remark` says in a sentence why it is somebody else than the file says; empty where it is not.
    """

    name: str
    address: str
    remark: str = ""


def first_of(business: Business) -> Assignee:
    """Who has to do what is nobody's: the first of `people`; where there is nobody, whoever the mail comes from."""
    name, address = next(iter(business.people), ("", parseaddr(business.sender)[1]))
    return Assignee(name or address, address)


def assignee_of(business: Business, assign: str, contact: Mapping[str, Any]) -> Assignee:
    """Who gets a task with `Assign: …`; `contact` holds the contact's fields by name.

    A field may hold a name of `people`, or the address of a colleague: one of theirs, or one of the same mail domain.
    Any other address is refused, so that nothing filled in from outside sends a client's data elsewhere.
    """
    wanted = assign
    if assign.startswith(FIELD):
        value = contact.get(assign.removeprefix(FIELD))
        wanted = value.strip() if isinstance(value, str) else ""
    known = dict(business.people)
    if wanted in known:
        return Assignee(wanted, known[wanted])
    colleague = _by_address(business, wanted) if assign.startswith(FIELD) else None
    if colleague is not None:
        return colleague
    first = first_of(business)
    why = f"“{assign}” is empty" if not wanted else f"there is no “{wanted[:LONGEST]}” among `people`"
    return Assignee(first.name, first.address, f"It is for {first.name}, because {why}.")


def address_of(business: Business, name: str) -> str:
    """Where whoever was given a task is written to; the first of `people` where they are gone since."""
    known = dict(business.people).get(name)
    return known or (name if "@" in name else first_of(business).address)


def _by_address(business: Business, text: str) -> Assignee | None:
    try:
        address = read_address(text)
    except BadAddress:
        return None
    for name, known in business.people:
        if known.lower() == address.key:
            return Assignee(name, known)
    domains = {_domain(each) for each in (parseaddr(business.sender)[1], *(each for _, each in business.people))}
    return Assignee(address.email, address.email) if _domain(address.key) in domains else None


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()
