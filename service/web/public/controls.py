"""What stands on a form's page: a control for each question, with all that a browser needs to help with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from service.domain.contact import MAX_ADDRESS
from service.domain.sequence.model.form import FormField
from service.web.public.form_words import WORDS
from service.web.public.line import LONGEST

# The control that asks for a type on the page; for all others it is a line of text.
INPUTS = {
    "email": "email",
    "phone": "tel",
    "number": "number",
    "date": "date",
    "time": "datetime-local",
    "link": "url",
    "yes-no": "checkbox",
}
# What browsers can fill in by themselves (HTML, "autofill field").
AUTOCOMPLETE = {
    "email": "email",
    "first_name": "given-name",
    "last_name": "family-name",
    "phone": "tel",
    "company": "organization",
    "address": "street-address",
}
SELECT = "select"
TICK = "checkbox"


@dataclass(frozen=True, slots=True)
class Control:
    """`kind` is the type of an `input`, or `select`; `attributes` are its further ones."""

    name: str
    label: str
    kind: str
    required: bool
    choices: tuple[str, ...]
    hint: str
    attributes: dict[str, str]


def controls(questions: Iterable[FormField], language: str) -> Iterator[Control]:
    """The controls of a form, in its order."""
    for each in questions:
        kind = SELECT if each.choices else INPUTS.get(each.type, "text")
        hint = WORDS[language].get(each.type, "") if each.type == "month-day" else ""
        yield Control(each.name, each.label, kind, each.required, each.choices, hint, _attributes(each, kind))


def _attributes(question: FormField, kind: str) -> dict[str, str]:
    if kind in {SELECT, TICK}:
        return {}
    longest = MAX_ADDRESS if kind == "email" else LONGEST
    given = {"maxlength": str(longest), "autocomplete": AUTOCOMPLETE.get(question.name, "off")}
    if kind == "number":
        given["step"] = "any"
    elif kind == "email":
        given |= {"autocapitalize": "off", "spellcheck": "false"}
    elif question.type == "month-day":
        given |= {"placeholder": "05-24", "inputmode": "numeric"}
    elif question.type == "money":
        given["inputmode"] = "decimal"
    return given
