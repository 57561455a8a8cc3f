"""Small libraries, and the lives that are lived over them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import dedent

from service.domain.sequence.library import read_library
from service.domain.sequence.model.library import Library
from service.domain.sequence.model.problem import Severity
from tests.rendering.studio import shipped

BUSINESS = """
name: Glow Studio
from: Mia at Glow Studio <mia@glow.example>
address: Lindenweg 4, 10969 Berlin
phone: "+49 30 5550123"
time zone: Europe/Berlin
currency: EUR
window: Mon-Sat 09:00-19:00
closed: [2026-04-06]
people: {front-desk: desk@glow.example, owner: mia@glow.example}
topics:
  Tips and ideas: {}
  Newsletter: {}
  After your visit: {basis: client}
  Your appointments: {basis: service}
  Questions: {basis: inquiry}
consent: {inquiry lasts: 20 days}
fields: {anniversary: month-day, wish: text, visits: number, lead: person}
rhythm:
  visit.completed: {Cut: 6 weeks, else: 6 weeks}
forms:
  checklist: {topics: [Tips and ideas], fields: {wish: text}}
  letter: {topics: [Newsletter]}
  club: {opt in: double, topics: [Newsletter]}
  question: {topics: [Questions]}
calendar: {mothers-day: [2026-05-10]}
coupons: {TREAT: {valid: 14 days}}
"""


@dataclass(frozen=True)
class Small:
    """`shows` are (step, state) that there must be, so that a life that says nothing fails."""

    scenario: str
    days: int
    shows: tuple[tuple[str, str], ...]
    sequences: Mapping[str, str]


def library_of(sequences: Mapping[str, str]) -> tuple[Library, dict[str, bytes]]:
    files = {path: content for path, content in shipped().items() if path.startswith("email_templates/")}
    files["sequences/business.yaml"] = BUSINESS.encode()
    for key, text in sequences.items():
        files[f"sequences/{key}.md"] = dedent(text).lstrip().encode()
    library, problems = read_library(files)
    assert library is not None, [str(each) for each in problems if each.severity is Severity.ERROR]
    return library, files


def sequence(head: str, *steps: str) -> str:
    return f"---\n{dedent(head).strip()}\n---\n\n" + "\n\n".join(dedent(step).strip() for step in steps) + "\n"


def mail(when: str, title: str, *fields: str, body: str = "Hello. [Read it](https://glow.example/)") -> str:
    return "\n".join([f"## {when}: {title}", "", f"Subject: {title}", *fields, "", body])


def task(when: str, title: str, *fields: str, body: str = "Call.") -> str:
    return "\n".join([f"## {when}: {title}", "", "Task: call", "Assign: front-desk", *fields, "", body])


NURTURE = """
title: Letters
stage: nurture
topic: Tips and ideas
enrol: {on: signup, form: checklist}
"""
SIGNUP = "{at: 2026-01-05 12:00, name: signup, form: checklist}"
