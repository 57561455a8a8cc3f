"""The signup forms of `business.yaml`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from service.domain.sequence.declared import FIELD_NAME, fits, read_shape
from service.domain.sequence.draft import Draft
from service.domain.sequence.findings import Fault
from service.domain.sequence.heading import KEY
from service.domain.sequence.keys import Keys, inner_place
from service.domain.sequence.links import read_url
from service.domain.sequence.model.form import CHANNELS, MAIL, ConsentBox, Form, FormField
from service.domain.sequence.names import Shape
from service.domain.sequence.yaml_tree import Table

FORM_KEYS = (
    "title",
    "text",
    "button",
    "fields",
    "topics",
    "magnet",
    "opt in",
    "consent",
    "consents",
    "thanks",
    "origins",
    "disposable",
)
FIELD_KEYS = ("type", "label", "required", "choices")
MAX_FIELDS = 30
PHONE = "phone"
DISPOSABLE = ("welcome", "refused")
# What a form carries beside its fields.
CARRIED = frozenset({"page", "ref", "fill", *(ConsentBox(channel, "").name for channel in CHANNELS)})


def read_forms(keys: Keys, draft: Draft) -> tuple[Form, ...]:
    """`forms`: what websites may post to."""
    return tuple(
        _form(slug, keys.table(slug, FORM_KEYS, f"the form {slug}"), draft) for slug in keys if fits(keys, slug, KEY)
    )


def _form(slug: str, keys: Keys, draft: Draft) -> Form:
    topics = keys.texts("topics")
    for topic in topics:
        draft.refer("topic", topic.text, inner_place(topic))
    magnet = keys.text("magnet") or None
    if magnet:
        draft.refer("magnet", magnet, keys.inner_place_of("magnet"))
    opt_in = keys.choice("opt in", ("single", "double"), "unknown-value", "way to opt in")
    fields = _fields(keys.table("fields", what="the form's `fields`"))
    return Form(
        slug=slug,
        title=keys.text("title"),
        text=keys.text("text"),
        button=keys.text("button"),
        magnet=magnet,
        topics=tuple(topic.text for topic in topics),
        fields=fields,
        double_opt_in=opt_in == "double",
        consent=keys.text("consent"),
        boxes=_boxes(keys, fields, magnet),
        thanks=keys.read("thanks", read_url),
        origins=keys.readings("origins", read_origin),
        disposable=keys.choice("disposable", DISPOSABLE, "unknown-value", "way to treat them") != "refused",
    )


def _boxes(keys: Keys, fields: Sequence[FormField], magnet: str | None) -> tuple[ConsentBox, ...]:
    """`consents`: a box of its own for each channel, in the file's order."""
    inside = keys.table("consents", CHANNELS, "the form's `consents`")
    for channel in inside:
        place = inside.place_of(channel)
        inside.missing(channel, "write what people agree to, word for word")
        if channel == MAIL and "consent" in keys:
            message = "`consent` is agreed to by the button, `consents: email` by a box: one form has one of the two."
            keys.findings.error(place, "consent-twice", message, "keep the one that you mean")
        elif channel == MAIL and magnet:
            message = "What this form gives comes by mail, so whoever leaves this box empty would wait in vain."
            keys.findings.error(place, "box-for-magnet", message, "write these words under `consent` instead")
        elif channel != MAIL and all(each.name != PHONE for each in fields):
            message = f"The form asks whether it may use the {channel}, and asks for no number."
            keys.findings.error(place, "no-number", message, "add `phone: {}` to its `fields`")
    return tuple(ConsentBox(channel, inside.text(channel)) for channel in inside)


def _fields(keys: Keys) -> tuple[FormField, ...]:
    fields = tuple(_field(name, keys) for name in keys if fits(keys, name, FIELD_NAME))
    for field in fields:
        if field.name in CARRIED:
            message = f"Every form carries `{field.name}` for reasons of its own."
            keys.findings.error(keys.place_of(field.name), "bad-name", message, "give this field another name")
    if len(fields) > MAX_FIELDS:
        message = f"Nobody fills in more than {MAX_FIELDS} fields."
        keys.findings.error(keys.place, "too-many-fields", message, "ask later, in another form")
    return fields


def _field(name: str, keys: Keys) -> FormField:
    node = keys.node(name)
    if node is None:
        return FormField(name)
    if isinstance(node, Table):
        return _described(name, Keys(node, keys.findings, f"the field {name}", FIELD_KEYS))
    return _shaped(FormField(name), read_shape(node, keys.findings, name))


def _described(name: str, keys: Keys) -> FormField:
    node = keys.node("type")
    choices = tuple(each.text for each in keys.texts("choices"))
    field = FormField(name, label=keys.text("label"), required=keys.yes("required"), choices=choices)
    return field if node is None else _shaped(field, read_shape(node, keys.findings, "type"))


def _shaped(field: FormField, shape: Shape | None) -> FormField:
    return replace(field, choices=shape) if isinstance(shape, tuple) else replace(field, type=shape or field.type)


def read_origin(text: str) -> str:
    """Whose pages may post to the form: scheme, host and port. Raises Fault `not-a-link`."""
    parts = urlsplit(read_url(text))
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        host = f"{parts.scheme}://{parts.netloc}"
        raise Fault("not-a-link", "An origin ends with the host.", f"write `{host[:80]}`")
    return f"{parts.scheme}://{parts.netloc}"
