"""Where the links of a step lead: tracked, signed, or left as they are.

A link is written in a template as one of our own variables, and gets its token when the mail of one person is made:
`_link0` … are `BASE_URL/click/TOKEN`, `_signed0` … addresses of our site that carry a token. No address of a person
is in any of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TypeVar

from markdown_it.common.normalize_url import normalizeLink

from service.domain.sequence.declared import FIELD_NAME
from service.domain.sequence.findings import Fault
from service.domain.sequence.heading import slug
from service.domain.sequence.links import read_target
from service.domain.sequence.model.business import Business
from service.domain.sequence.model.expression import Expression
from service.domain.sequence.model.place import Place
from service.domain.sequence.spelling import did_you_mean
from service.domain.token import Purpose
from service.rendering.fault import CompileError
from service.rendering.signed import Signed
from service.rendering.templates import address_of, variable

PREFERENCES = variable("_preferences")
LESS_OFTEN = f"{PREFERENCES}#less-often"  # where on that page it is
PAUSE = f"{PREFERENCES}#pause"
UNSUBSCRIBE = variable("_unsubscribe")
OPEN_PIXEL = variable("_open")
BASE = variable("_base")

CHOICES = {"preferences": PREFERENCES, "less-often": LESS_OFTEN, "pause": PAUSE}
OWN: dict[str, Purpose] = {"referral": "share", "calendar": "calendar", "my-data": "my-data"}
ANSWER = re.compile(r"[a-z0-9-]{1,80}")

_Each = TypeVar("_Each")


@dataclass(slots=True)
class Links:
    """Collects the addresses of one step while it is compiled.

    `targets` are the distinct destinations of tracked links, in order: http(s) addresses, or a path of our own site
    that begins with `/` (a form), so that a moved BASE_URL moves them too. `signed` are those that carry a token.
    """

    business: Business
    place: Place
    targets: list[str] = field(default_factory=list)
    signed: list[Signed] = field(default_factory=list)

    def template(self, address: str) -> str:
        """The template's words for an address as it was written in markdown. Raises CompileError."""
        try:
            target = read_target(address)
        except Fault as fault:
            raise CompileError(self.place, fault.code, fault.message, fault.hint) from None
        if target.kind == "url":
            return self._tracked(normalizeLink(target.word))
        if target.kind == "mailto":
            return normalizeLink(address)
        named = {
            "link": self._named,
            "form": self._form,
            "magnet": self._magnet,
            "join": self._join,
            "answer": self._answer,
        }
        return named[target.kind](target.word)

    def token(self, purpose: Purpose, word: str = "") -> str:
        """The template's words for an address that carries a token."""
        return variable(f"_signed{_index(self.signed, Signed(purpose, word))}")

    def _tracked(self, target: str) -> str:
        return variable(f"_link{_index(self.targets, target)}")

    def _named(self, name: str) -> str:
        known = dict(self.business.links)
        if name in known:
            return self._tracked(normalizeLink(known[name]))
        if name.startswith("event."):
            return self._of_event(name.removeprefix("event."))
        if name in CHOICES:
            return CHOICES[name]
        if name in OWN:
            return self.token(OWN[name])
        raise self._unknown("link", name, [*known, *CHOICES, *OWN])

    def _of_event(self, name: str) -> str:
        if not FIELD_NAME.fullmatch(name):
            raise self._fault("not-a-link", f"`event.{name}` is no field.", "like `link:event.manage_url`")
        return address_of(Expression(f"event.{name}", self.place))

    def _form(self, name: str) -> str:
        if self.business.form(name) is None:
            raise self._unknown("form", name, [form.slug for form in self.business.forms])
        return self._tracked(f"/forms/{name}")

    def _magnet(self, key: str) -> str:
        if self.business.magnet(key) is None:
            raise self._unknown("magnet", key, [magnet.name for magnet in self.business.magnets])
        return self.token("magnet", key)

    def _join(self, topic: str) -> str:
        known = [slug(each.name) for each in self.business.topics]
        if topic not in known:
            raise self._unknown("topic", topic, known)
        return self.token("join", topic)

    def _answer(self, value: str) -> str:
        if not ANSWER.fullmatch(value):
            hint = "small letters, digits and hyphens, like `answer:not-now`"
            raise self._fault("bad-answer", f"`{value[:60]}` can't be an answer.", hint)
        return self.token("answer", value)

    def _unknown(self, what: str, name: str, known: list[str]) -> CompileError:
        message = f"There is no {what} `{name}` in business.yaml."
        return self._fault(f"unknown-{what}", message, did_you_mean(name, known))

    def _fault(self, code: str, message: str, hint: str) -> CompileError:
        return CompileError(self.place, code, message, hint)


class StaffLinks(Links):
    """The links of a briefing: nothing is tracked, an answer is the outcome of the task, and what is signed for the
    contact is not for a colleague to open."""

    __slots__ = ()

    @property
    def has_outcome(self) -> bool:
        """Whether what was read so far offers a way to end the task."""
        return any(each.purpose == "task" for each in self.signed)

    def token(self, purpose: Purpose, word: str = "") -> str:
        if purpose == "answer":
            purpose = "task"
        if purpose not in {"task", "magnet"}:
            message = f"A link of the client's own (`{purpose}`) can't stand in a briefing."
            raise self._fault("not-for-staff", message, "a colleague would act in the client's name: leave it out")
        return super().token(purpose, word)

    def _tracked(self, target: str) -> str:
        return BASE + target if target.startswith("/") else target

    def _named(self, name: str) -> str:
        if name in CHOICES:
            return self.token("manage")
        return super()._named(name)


def _index(known: list[_Each], value: _Each) -> int:
    if value not in known:
        known.append(value)
    return known.index(value)
