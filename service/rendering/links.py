"""Where the links of a step lead: tracked, signed, or left as they are.

A link is written in a template as one of our own variables, and gets its token when the mail of one person is made:
`_link0` … are `BASE_URL/click/TOKEN`, `_magnet0` … `BASE_URL/magnets/TOKEN`. No address of a person is in any of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from urllib.parse import urlsplit

from service.domain.sequence.model import Business, Place
from service.rendering.fault import CompileError
from service.rendering.templates import variable

PREFERENCES = variable("_preferences")
UNSUBSCRIBE = variable("_unsubscribe")
OPEN_PIXEL = variable("_open")
BASE = variable("_base")


@dataclass(slots=True)
class Links:
    """Collects the addresses of one step while it is compiled.

    `targets` are the distinct destinations of tracked links, in order: http(s) addresses, or a path of our own site
    that begins with `/` (a form), so that a moved BASE_URL moves them too. `magnets` are the keys of the files given.
    """

    business: Business
    place: Place
    targets: list[str] = field(default_factory=list)
    magnets: list[str] = field(default_factory=list)

    def template(self, address: str) -> str:
        """The template's words for an address as it was written in markdown. Raises CompileError."""
        if "%EE%80%80" in address.upper() or "\ue000" in address:
            raise self._fault("merge-field-in-address", "A merge field stands in a link's address.", "use link:NAME")
        scheme, colon, rest = address.partition(":")
        match scheme.lower() if colon else "":
            case "http" | "https":
                if not urlsplit(address).hostname:
                    raise self._no_link(address)
                return self._tracked(address)
            case "mailto" if "@" in rest:
                return escape(address)
            case "link":
                return self._named(rest)
            case "form":
                return self._form(rest)
            case "magnet":
                return self._magnet(rest)
        raise self._no_link(address)

    def _tracked(self, target: str) -> str:
        return variable(f"_link{_index(self.targets, target)}")

    def _named(self, name: str) -> str:
        if name == "preferences":
            return PREFERENCES
        target = dict(self.business.links).get(name)
        if target is None:
            known = ", ".join(sorted([*dict(self.business.links), "preferences"]))
            raise self._fault("unknown-link", f"There is no link {name!r} in business.yaml.", f"known are {known}")
        return self._tracked(target)

    def _form(self, slug: str) -> str:
        if self.business.form(slug) is None:
            known = ", ".join(form.slug for form in self.business.forms) or "none"
            raise self._fault("unknown-form", f"There is no form {slug!r} in business.yaml.", f"known are {known}")
        return self._tracked(f"/forms/{slug}")

    def _magnet(self, key: str) -> str:
        if key not in dict(self.business.magnets):
            known = ", ".join(dict(self.business.magnets)) or "none"
            raise self._fault("unknown-magnet", f"There is no magnet {key!r} in business.yaml.", f"known are {known}")
        return variable(f"_magnet{_index(self.magnets, key)}")

    def _no_link(self, address: str) -> CompileError:
        hint = "write https://…, mailto:…, or a name like link:NAME, magnet:KEY, form:SLUG"
        return self._fault("no-link", f"{address!r} is not a link that a mail can hold.", hint)

    def _fault(self, code: str, message: str, hint: str) -> CompileError:
        return CompileError(self.place, code, message, hint)


def _index(known: list[str], value: str) -> int:
    if value not in known:
        known.append(value)
    return known.index(value)
