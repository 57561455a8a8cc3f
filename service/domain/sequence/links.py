"""Addresses in links and images: a URL, `mailto:`, or a name like `link:booking`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from service.domain.contact import BadAddress, read_address
from service.domain.sequence.findings import Fault
from service.domain.sequence.heading import slug
from service.domain.sequence.model.words import PLACEHOLDER
from service.domain.sequence.spelling import did_you_mean

# Link names that need no declaration.
BUILT_IN = ("preferences", "less-often", "pause", "my-data", "referral", "calendar")
NAMED = ("link", "magnet", "form", "join", "answer")
PICTURES = ("png", "jpg", "jpeg", "gif", "webp")  # what mail programs show; SVG they don't

MAX_URL = 2_000
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE | re.ASCII)
_NAME = re.compile(r"[\w.-]+")
_ANSWER = re.compile(r"[a-z0-9-]{1,80}")
_HOST = re.compile(r"[^\s/@<>\"'\\]+")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a link goes: `kind` is `url`, `mailto`, or one of NAMED; `word` what stands behind the colon."""

    kind: str
    word: str


def read_target(address: str) -> Target:
    """What a link's address means. Raises Fault `merge-in-address` or `not-a-link`."""
    if PLACEHOLDER.search(unquote(address)):
        message = "A merge field can't stand in a link's address."
        hint = "name the address instead: `link:NAME` of business.yaml, `link:event.FIELD`, `magnet:KEY` or `form:SLUG`"
        raise Fault("merge-in-address", message, hint)
    if not address.strip():
        raise Fault("not-a-link", "This link leads nowhere.", "write its address into the round brackets")
    scheme = _SCHEME.match(address)
    if scheme is None:
        raise _without_scheme(address)
    kind, rest = scheme[1].lower(), address[scheme.end() :]
    if kind in {"http", "https"}:
        return Target("url", read_url(address))
    if kind == "mailto":
        return Target("mailto", _mailbox(rest))
    if kind not in NAMED:
        hint = did_you_mean(kind, (*NAMED, "https", "mailto"), "write https://…, mailto: or a name like link:booking")
        raise Fault("not-a-link", f"`{kind}:` is no kind of link here.", hint)
    if kind == "answer" and not _ANSWER.fullmatch(rest):
        hint = f"write `answer:{plain}`" if (plain := slug(rest)) else "like `answer:not-now`"
        raise Fault("bad-answer", f"`{rest[:60]}` can't be an answer: small letters, digits and hyphens.", hint)
    if not _NAME.fullmatch(rest):
        raise Fault("not-a-link", f"`{kind}:` needs a name behind it.", f"like `{_LIKE[kind]}`")
    return Target(kind, rest)


def read_url(text: str) -> str:
    """An http or https address with a host. Raises Fault `not-a-link`."""
    wrong = Fault("not-a-link", f"`{text[:60]}` is not an address of the web.", "like `https://glow.example/book`")
    try:
        parts = urlsplit(text)
        host = parts.hostname
        _ = parts.port  # raises ValueError where it is no number
    except ValueError:
        raise wrong from None
    if parts.scheme not in {"http", "https"} or not host or not _HOST.fullmatch(host) or len(text) > MAX_URL:
        raise wrong
    if any(each.isspace() for each in text):
        raise Fault("not-a-link", "An address of the web holds no spaces.", "write %20 for a space")
    return text


def read_picture(address: str) -> str | None:
    """The path of a picture beside the file, or None where it lies on the web. Raises Fault."""
    if PLACEHOLDER.search(unquote(address)):
        message = "A merge field can't stand in a picture's address."
        raise Fault("merge-in-address", message, "write one picture for each case, between {% if … %} and {% endif %}")
    if _SCHEME.match(address):
        read_url(address)
        return None
    if not address.strip():
        raise Fault("unknown-file", "This picture has no address.", "like `![Jana, smiling](images/jana.jpg)`")
    if address.rpartition(".")[2].lower() not in PICTURES:
        message = f"`{address[:60]}` is no picture that mail programs show."
        raise Fault("not-a-picture", message, "use one of " + ", ".join(PICTURES))
    return unquote(address)


def beside(path: str, address: str) -> str | None:
    """The library's path of a file named beside `path`: `sequences/a.md`, `images/x.jpg`; None outside the folder."""
    parts = path.split("/")[:-1]
    for part in address.split("/"):
        if part == "..":
            if len(parts) < 2:
                return None
            parts.pop()
        elif part not in {"", "."}:
            parts.append(part)
    return None if address.startswith("/") else "/".join(parts)


def _mailbox(text: str) -> str:
    try:
        return read_address(unquote(text.partition("?")[0])).email
    except BadAddress:
        message = "`mailto:` needs an email address behind it."
        raise Fault("not-a-link", message, "like `mailto:mia@glow.example`") from None


def _without_scheme(address: str) -> Fault:
    if address.startswith("//") or re.match(r"[\w-]+(\.[\w-]+)+(/|$)", address):
        return Fault(
            "not-a-link", "An address of the web begins with https://.", f"write `https://{address.lstrip('/')}`"
        )
    if "@" in address:
        return Fault("not-a-link", "An email address in a link needs `mailto:`.", f"write `mailto:{address[:60]}`")
    message = f"`{address[:60]}` is no address."
    return Fault("not-a-link", message, "write https://…, or a name like `link:booking`, `magnet:KEY`, `form:SLUG`")


_LIKE = {
    "link": "link:booking",
    "magnet": "magnet:checklist",
    "form": "form:favourites",
    "join": "join:newsletter",
    "answer": "answer:happy",
}
