"""What a form asks, and whether an answer to it will do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

from service.domain.contact import MAX_ADDRESS, Address, BadAddress, read_address
from service.domain.field import BadValue, read_value
from service.domain.sequence.forms import PHONE
from service.domain.sequence.model.business import Business
from service.domain.sequence.model.form import MAIL, ConsentBox, Form, FormField
from service.domain.sequence.names import CONTACT
from service.web.public.disposable import is_disposable
from service.web.public.form_words import FAULTS, fault_of
from service.web.public.labels import FIELDS
from service.web.public.line import LONGEST, BadLine, read_line

EMAIL = FormField("email", type="email", required=True)
FIRST_NAME = FormField("first_name")
LAST_NAME = FormField("last_name")
REFERRAL = FormField("ref")
HONEYPOT = "website"  # a person never sees it; who fills everything fills this too
UNTICKED = frozenset({"no", "false", "off", "0"})


@dataclass(frozen=True, slots=True)
class Checked:
    """`address` and `fields` are good, `ticked` are the form's own boxes; `errors` holds a sentence for each field
    that is not good."""

    address: Address | None = None
    fields: dict[str, object] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    ticked: tuple[ConsentBox, ...] = ()


def questions(form: Form, business: Business, language: str = "en") -> tuple[FormField, ...]:
    """What the hosted page asks, in its order: first name and address where the form does not place them itself."""
    declared = tuple(_whole(each, business, language) for each in form.fields)
    names = {each.name for each in declared}
    usual = tuple(each for each in (FIRST_NAME, EMAIL) if each.name not in names)
    return tuple(_whole(each, business, language) for each in usual) + declared


def is_machine(form: Form, entry: Mapping[str, object]) -> bool:
    """Whether the honeypot is filled. A form that really asks for it has none."""
    return has_honeypot(form) and entry.get(HONEYPOT) not in (None, "")


def has_honeypot(form: Form) -> bool:
    return all(each.name != HONEYPOT for each in form.fields)


def check(form: Form, business: Business, entry: Mapping[str, object], language: str = "en") -> Checked:
    """Read an entry: the form's own fields and boxes, `email`, the names and `ref`; anything else is ignored."""
    words = FAULTS[language]
    checked = Checked()
    address = None
    asked = questions(form, business, language)
    unasked = tuple(each for each in (LAST_NAME, REFERRAL) if each.name not in {one.name for one in asked})
    for question in asked + unasked:
        try:
            text = _text(entry.get(question.name), MAX_ADDRESS if question.name == EMAIL.name else LONGEST)
            if not text:
                if question.required:
                    checked.errors[question.name] = words[_missing(question)]
            elif question.name == EMAIL.name:
                address = read_address(text)
            else:
                checked.fields[question.name] = _value(question, text, business)
        except (BadLine, BadAddress, BadValue) as error:
            if question is not REFERRAL:  # nobody typed it, so nobody could mend it
                checked.errors[question.name] = fault_of(language, question, str(error))
    if address is not None and not form.disposable and is_disposable(address.key):
        checked.errors[EMAIL.name] = words["disposable"]
    ticked = tuple(box for box in form.boxes if is_ticked(entry.get(box.name)))
    if any(box.channel != MAIL for box in ticked) and PHONE not in checked.fields:
        checked.errors.setdefault(PHONE, words["number missing"])
    return replace(checked, address=address, ticked=ticked)


def is_ticked(value: object) -> bool:
    """Whether somebody ticked a box, on a page or in JSON."""
    if isinstance(value, bool):
        return value
    return isinstance(value, str) and value.strip().lower() not in UNTICKED | {""}


def _whole(question: FormField, business: Business, language: str) -> FormField:
    """A form's field with the label, type and words that it has elsewhere, where the form leaves them open."""
    label = question.label or label_of(question.name, language)
    if question.name == EMAIL.name:
        return replace(EMAIL, label=label)
    shape = (CONTACT | {"language": business.languages} | dict(business.fields)).get(question.name, "text")
    if isinstance(shape, tuple):
        return replace(question, label=label, choices=question.choices or shape)
    return replace(question, label=label, type=shape if question.type == "text" else question.type)


def label_of(name: str, language: str) -> str:
    """What a field is called where the form does not say."""
    known = FIELDS[language].get(name, "") if name in CONTACT else ""
    return known or name.replace("_", " ").capitalize()


def _text(value: object, longest: int) -> str:
    """A value as one line of text, however JSON spelled it. Raises BadLine."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else ""
    if not isinstance(value, str | int | float):
        raise BadLine("Please give one text.")
    return read_line(str(value), longest)


def _value(question: FormField, text: str, business: Business) -> object:
    """What was typed, as it is kept. A form knows only texts, so numbers and ticks are read here. Raises BadValue."""
    value: object = text
    if question.type == "yes-no":
        value = text.lower() not in UNTICKED
    elif question.type == "number":
        try:
            value = float(text)
        except ValueError:
            raise BadValue("Please give a number, like 12 or 12.5.") from None
    elif question.name == "timezone":
        _check_timezone(text)
    return read_value(question.choices or question.type, value, business, ZoneInfo(business.zone))


def _check_timezone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        raise BadValue("Please give a time zone, like Europe/Berlin.") from None


def _missing(question: FormField) -> str:
    if question.name == EMAIL.name:
        return "missing email"
    return "missing choice" if question.choices else "missing"
