"""Where the links of a step lead: tracked, signed, or left as they are.

A link is written in a template as one of our own variables, and gets its token when the mail of one person is made:
`_link0` … are `BASE_URL/click/TOKEN`, `_magnet0` … `BASE_URL/magnets/TOKEN`. No address of a person is in any of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from markdown_it.common.normalize_url import normalizeLink

from service.domain.sequence.findings import Fault
from service.domain.sequence.links import read_target
from service.domain.sequence.model import Business, Place
from service.domain.sequence.spelling import did_you_mean
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
        try:
            target = read_target(address)
        except Fault as fault:
            raise CompileError(self.place, fault.code, fault.message, fault.hint) from None
        match target.kind:
            case "url":
                return self._tracked(normalizeLink(target.word))
            case "mailto":
                return normalizeLink(address)
            case "link":
                return self._named(target.word)
            case "form":
                return self._form(target.word)
            case "magnet":
                return self._magnet(target.word)
        raise self._fault("not-built", f"`{target.kind}:` links can't be sent yet.", "use link:, magnet: or form:")

    def _tracked(self, target: str) -> str:
        return variable(f"_link{_index(self.targets, target)}")

    def _named(self, name: str) -> str:
        if name == "preferences":
            return PREFERENCES
        known = dict(self.business.links)
        if name not in known:
            raise self._unknown("link", name, [*known, "preferences"])
        return self._tracked(normalizeLink(known[name]))

    def _form(self, slug: str) -> str:
        if self.business.form(slug) is None:
            raise self._unknown("form", slug, [form.slug for form in self.business.forms])
        return self._tracked(f"/forms/{slug}")

    def _magnet(self, key: str) -> str:
        known = dict(self.business.magnets)
        if key not in known:
            raise self._unknown("magnet", key, list(known))
        return variable(f"_magnet{_index(self.magnets, key)}")

    def _unknown(self, what: str, name: str, known: list[str]) -> CompileError:
        message = f"There is no {what} `{name}` in business.yaml."
        return self._fault(f"unknown-{what}", message, did_you_mean(name, known))

    def _fault(self, code: str, message: str, hint: str) -> CompileError:
        return CompileError(self.place, code, message, hint)


def _index(known: list[str], value: str) -> int:
    if value not in known:
        known.append(value)
    return known.index(value)
