"""The signup forms of `business.yaml`, and its limits."""

from __future__ import annotations

from urllib.parse import urlsplit

from service.domain.sequence.declared import FIELD_NAME, fits, read_shape
from service.domain.sequence.draft import Draft
from service.domain.sequence.findings import Fault, Findings
from service.domain.sequence.heading import KEY
from service.domain.sequence.keys import Keys, attempt, inner_place
from service.domain.sequence.links import read_url
from service.domain.sequence.model import Caps, Form, FormField, Unit
from service.domain.sequence.times import read_duration
from service.domain.sequence.yaml_tree import Listing, Scalar, Table

FORM_KEYS = (
    "title",
    "text",
    "button",
    "fields",
    "topics",
    "magnet",
    "opt in",
    "consent",
    "thanks",
    "origins",
)
FIELD_KEYS = ("type", "label", "required", "choices")
CAPS = ("per day", "per week", "per month", "gap", "gap warm")
MAX_FIELDS = 30
MOST_MAILS = 1_000
LONGEST_GAP = 24 * 366  # hours


def read_forms(keys: Keys, draft: Draft, findings: Findings) -> tuple[Form, ...]:
    """`forms`: what websites may post to."""
    table = keys.table("forms")
    forms = []
    for slug in table or ():
        if table is None or not fits(table, slug, KEY, findings):
            continue
        inside = table.table(slug, FORM_KEYS, f"the form {slug}")
        forms.append(Form(slug) if inside is None else _form(slug, inside, draft, findings))
    return tuple(forms)


def _form(slug: str, keys: Keys, draft: Draft, findings: Findings) -> Form:
    topics = keys.texts("topics")
    for topic in topics:
        draft.refer("topic", topic.text, inner_place(topic))
    magnet = keys.scalar("magnet")
    if magnet:
        draft.refer("magnet", magnet.text, inner_place(magnet))
    opt_in = keys.choice("opt in", ("single", "double"), "unknown-value", "way to opt in")
    if opt_in == "double":
        findings.use("opt in: double", keys.place_of("opt in"))
    origins = (attempt(each, read_origin, findings) for each in keys.texts("origins"))
    return Form(
        slug=slug,
        title=keys.text("title"),
        text=keys.text("text"),
        button=keys.text("button"),
        magnet=magnet.text if magnet else None,
        topics=tuple(topic.text for topic in topics),
        fields=_fields(keys, findings),
        double_opt_in=opt_in == "double",
        consent=keys.text("consent"),
        thanks=keys.read("thanks", read_url),
        origins=tuple(each for each in origins if each is not None),
    )


def _fields(keys: Keys, findings: Findings) -> tuple[FormField, ...]:
    table = keys.table("fields", what="the form's `fields`")
    fields = []
    for name in table or ():
        if table is not None and fits(table, name, FIELD_NAME, findings):
            field = _field(name, table, findings)
            if field is not None:
                fields.append(field)
    if table is not None and len(fields) > MAX_FIELDS:
        message = f"Nobody fills in more than {MAX_FIELDS} fields."
        findings.error(table.place, "too-many-fields", message, "ask later, in another form")
    return tuple(fields)


def _field(name: str, table: Keys, findings: Findings) -> FormField | None:
    node = table.node(name)
    if node is None:
        return FormField(name)
    if isinstance(node, Scalar | Listing):
        shape = read_shape(node, findings, name)
        return FormField(name, type=shape) if isinstance(shape, str) else FormField(name, choices=shape or ())
    return _described(name, Keys(node, findings, f"the field {name}", FIELD_KEYS), findings)


def _described(name: str, keys: Keys, findings: Findings) -> FormField:
    node = keys.node("type")
    shape = "text" if node is None or isinstance(node, Table) else read_shape(node, findings, "type") or "text"
    choices = tuple(each.text for each in keys.texts("choices"))
    return FormField(
        name=name,
        label=keys.text("label"),
        type=shape if isinstance(shape, str) else "text",
        required=keys.yes("required"),
        choices=choices or (shape if isinstance(shape, tuple) else ()),
    )


def read_origin(text: str) -> str:
    """Whose pages may post to the form: scheme, host and port. Raises Fault `not-a-link`."""
    parts = urlsplit(read_url(text))
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        host = f"{parts.scheme}://{parts.netloc}"
        raise Fault("not-a-link", "An origin ends with the host.", f"write `{host[:80]}`")
    return f"{parts.scheme}://{parts.netloc}"


def read_caps(keys: Keys) -> Caps:
    """`throttle`: how many mails one person gets at most."""
    table = keys.table("throttle", CAPS)
    if table is None:
        return Caps()
    usual = Caps()
    caps = Caps(
        per_day=table.read("per day", read_number) or usual.per_day,
        per_week=table.read("per week", read_number) or usual.per_week,
        per_month=table.read("per month", read_number) or usual.per_month,
        gap=table.read("gap", read_gap) or usual.gap,
        gap_warm=table.read("gap warm", read_gap) or usual.gap_warm,
    )
    if not caps.per_day <= caps.per_week <= caps.per_month:
        message = f"{caps.per_day} a day, {caps.per_week} a week and {caps.per_month} a month contradict one another."
        keys.findings.error(table.place, "bad-number", message, "the longer the time, the larger the number")
    return caps


def read_number(text: str) -> int:
    """A whole number of mails, 1 to 1000. Raises Fault `bad-number`."""
    if not text.strip().isascii() or not text.strip().isdigit() or not 1 <= int(text[:9]) <= MOST_MAILS:
        message = f"`{text[:60]}` is not a number of mails."
        raise Fault("bad-number", message, f"write a whole number between 1 and {MOST_MAILS}")
    return int(text)


def read_gap(text: str) -> int:
    """`48 hours`, `2 days`, or a plain number of hours; in hours. Raises Fault `bad-duration`."""
    length = read_duration(f"{text} hours" if text.strip().isdigit() else text)
    hours = {Unit.HOURS: 1, Unit.DAYS: 24, Unit.WEEKS: 168}.get(length.unit)
    if hours is None or not 0 < length.amount * hours <= LONGEST_GAP:
        raise Fault(
            "bad-duration", f"`{text[:60]}` is no gap between two mails.", "write it like `48 hours` or `2 days`"
        )
    return int(length.amount) * hours
