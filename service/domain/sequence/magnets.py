"""`magnets` of business.yaml: what people sign up for."""

from __future__ import annotations

from urllib.parse import urlsplit

from service.domain.sequence.declared import fits, read_path
from service.domain.sequence.draft import Draft
from service.domain.sequence.findings import Fault
from service.domain.sequence.heading import KEY
from service.domain.sequence.keys import Keys
from service.domain.sequence.links import BUILT_IN, read_target, read_url
from service.domain.sequence.model.business import Business
from service.domain.sequence.model.magnet import MAGNETS_LAST, Magnet, MagnetKind, NextStep
from service.domain.sequence.times import read_span
from service.domain.sequence.yaml_tree import Scalar

KINDS = tuple(kind.value for kind in MagnetKind)
NEXT = ("text", "link")


def read_magnets(keys: Keys, draft: Draft) -> tuple[Magnet, ...]:
    """Each by its name: the path of a file, or `{file|address|coupon: …, title: …, valid: …, next: {…}}`."""
    found = (_read(keys, name, draft) for name in keys if fits(keys, name, KEY))
    return tuple(magnet for magnet in found if magnet is not None)


def leads_to(business: Business, link: str) -> str:
    """Where the link of a next step leads: an address of the web, or the path of a form."""
    target = read_target(link)
    if target.kind == "form":
        return f"/forms/{target.word}"
    return dict(business.links)[target.word] if target.kind == "link" else target.word


def _read(keys: Keys, name: str, draft: Draft) -> Magnet | None:
    keys.missing(name, f"say what `{name}` is, like `files/checklist.pdf`")
    node = keys.node(name)
    if node is None:
        return None
    if isinstance(node, Scalar):
        what = _what(keys, name, MagnetKind.FILE, draft)
        return Magnet(name, MagnetKind.FILE, what) if what else None
    inside = keys.table(name, (*KINDS, "title", "valid", "next"), f"the magnet {name}")
    given = [kind for kind in MagnetKind if kind in inside]
    if len(given) != 1:
        message = f"The magnet `{name}` is one thing: a file, an address or a coupon."
        keys.findings.error(keys.place_of(name), "wrong-shape", message, "write one of " + ", ".join(KINDS))
        return None
    kind = given[0]
    what = _what(inside, kind, kind, draft)
    valid = inside.read("valid", read_span)
    if kind is MagnetKind.COUPON and "valid" in inside:
        message = "A coupon says itself how long it is valid."
        keys.findings.error(inside.place_of("valid"), "unknown-key", message, "write `valid` below `coupons`")
    step = _next(inside, name, draft)
    return Magnet(name, kind, what, inside.text("title"), valid or MAGNETS_LAST, step) if what else None


def _what(keys: Keys, key: str, kind: MagnetKind, draft: Draft) -> str:
    keys.missing(key, f"say which {kind.value} it is")
    if kind is MagnetKind.COUPON:
        what = keys.text(key)
    else:
        what = keys.read(key, read_path if kind is MagnetKind.FILE else read_address) or ""
    if what and kind is not MagnetKind.ADDRESS:
        draft.refer(kind.value, what, keys.inner_place_of(key))
    return what


def _next(keys: Keys, name: str, draft: Draft) -> NextStep | None:
    if keys.node("next") is None:
        return None
    inside = keys.table("next", NEXT, f"the next step of {name}")
    inside.missing("text", "say what the button says, like `Book your first visit`")
    inside.missing("link", "say where it leads, like `link:booking` or `form:favourites`")
    link = inside.read("link", read_step)
    if link is None:
        return None
    target = read_target(link)
    if target.kind != "url":
        draft.refer(target.kind, target.word, inside.inner_place_of("link"))
    return NextStep(inside.text("text"), link)


def read_step(text: str) -> str:
    """The link of a next step: of the web, a form's, or one of business.yaml. Raises Fault."""
    target = read_target(text)
    if target.kind not in {"url", "link", "form"} or target.word in BUILT_IN:
        message = f"`{text[:60]}` can't stand on a page: it is a link of one person's mail."
        raise Fault("not-a-link", message, "write https://…, `link:NAME` of business.yaml or `form:SLUG`")
    return text


def read_address(text: str) -> str:
    """The address of what somebody gets: https alone. Raises Fault `not-a-link`."""
    if urlsplit(read_url(text)).scheme != "https":
        raise Fault("not-a-link", "What you give away is fetched safely.", "its address begins with `https://`")
    return text
