"""What a form asks, and whether an answer to it will do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from service.domain.contact import Address, BadAddress, read_address
from service.domain.sequence.model import Business, Form, FormField
from service.web.public.shapes import SHAPES, TEXT, Misfit, read_choice, read_line, read_timezone

EMAIL = FormField("email", "Email address", "email", required=True)
FIRST_NAME = FormField("first_name", "First name")
LAST_NAME = FormField("last_name", "Last name")
REFERRAL = FormField("ref")
HONEYPOT = "website"  # a person never sees it; who fills everything fills this too

Value = str | bool | int | float


@dataclass(frozen=True, slots=True)
class Checked:
    """`address` and `fields` are good; `errors` holds a sentence for each field that is not."""

    address: Address | None = None
    fields: dict[str, Value] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


def questions(form: Form, business: Business) -> tuple[FormField, ...]:
    """What the hosted page asks, in its order: first name and address where the form does not place them itself."""
    declared = tuple(_whole(each, business) for each in form.fields)
    names = {each.name for each in declared}
    return tuple(each for each in (FIRST_NAME, EMAIL) if each.name not in names) + declared


def is_machine(form: Form, entry: Mapping[str, object]) -> bool:
    """Whether the honeypot is filled. A form that really asks for it has none."""
    return has_honeypot(form) and entry.get(HONEYPOT) not in {None, ""}


def has_honeypot(form: Form) -> bool:
    return all(each.name != HONEYPOT for each in form.fields)


def check(form: Form, business: Business, entry: Mapping[str, object]) -> Checked:
    """Read an entry: the form's own fields, `email`, the names and `ref`; anything else is ignored."""
    checked = Checked()
    address = None
    asked = questions(form, business)
    unasked = tuple(each for each in (LAST_NAME, REFERRAL) if each.name not in {one.name for one in asked})
    for question in asked + unasked:
        try:
            text = _text(entry.get(question.name))
            if not text:
                if question.required:
                    raise Misfit(_missing(question))
            elif question.name == EMAIL.name:
                address = read_address(text)
            else:
                checked.fields[question.name] = _read(question, text)
        except (Misfit, BadAddress) as error:
            checked.errors[question.name] = str(error)
    return replace(checked, address=address)


def kind_of_input(question: FormField) -> str:
    """The control that asks for it: `select`, or an input's type."""
    return "select" if question.choices else SHAPES.get(question.type, TEXT)[1]


def _whole(question: FormField, business: Business) -> FormField:
    """A form's field with the label, type and words that it has elsewhere, where the form leaves them open."""
    usual = {each.name: each for each in (EMAIL, FIRST_NAME, LAST_NAME)}.get(question.name)
    label = question.label or (usual.label if usual else question.name.replace("_", " ").replace("-", " ").capitalize())
    if question.name == EMAIL.name:
        return replace(EMAIL, label=label)
    shape = dict(business.fields).get(question.name)
    if isinstance(shape, tuple):
        return replace(question, label=label, choices=question.choices or shape)
    is_plain = question.type == "text"
    return replace(question, label=label, type=shape if is_plain and shape else question.type)


def _text(value: object) -> str:
    """A value as one line of text, however JSON spelled it. Raises Misfit."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else ""
    if not isinstance(value, str | int | float):
        raise Misfit("Please give one text.")
    return read_line(str(value))


def _read(question: FormField, text: str) -> Value:
    if question.choices:
        return read_choice(text, question.choices)
    if question.name == "timezone":
        return read_timezone(text)
    return SHAPES.get(question.type, TEXT)[0](text)


def _missing(question: FormField) -> str:
    if question.name == EMAIL.name:
        return "Please give your email address."
    return "Please choose one." if question.choices else "Please fill this in."
