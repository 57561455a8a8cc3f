"""Looks up what the functions and comparisons of an expression speak of: steps, events, topics, answers."""

from __future__ import annotations

import re
from collections.abc import Iterable

from jinja2 import nodes

from service.domain.sequence.findings import Findings
from service.domain.sequence.model.expression import Expression
from service.domain.sequence.model.place import Place
from service.domain.sequence.names import ABOUT_MAILS, ABOUT_STEPS, FUNCTIONS, Scope, Shape
from service.domain.sequence.presence import spelled
from service.domain.sequence.spelling import did_you_mean
from service.domain.sequence.syntax import place_of
from service.domain.sequence.times import read_span


class Lookup:
    """One expression's words against everything that its scope knows."""

    def __init__(self, expression: Expression, scope: Scope, findings: Findings) -> None:
        self.expression = expression
        self.scope = scope
        self.findings = findings

    def call(self, name: str, node: nodes.Call) -> None:
        """Check what stands in the brackets of a function of the language."""
        place = place_of(self.expression, rf"\b{name}\s*\(")
        self._within(name, node, place)
        word = node.args[0].value if len(node.args) == 1 and isinstance(node.args[0], nodes.Const) else None
        if isinstance(word, str):
            self._word(name, word, self._place_of_text(word))
        elif name != "days_since" or len(node.args) != 1 or isinstance(node.args[0], nodes.Const):
            what = FUNCTIONS[name].names
            message = f"`{name}` needs the name of one {what} in its brackets, in quotes."
            self.findings.error(place, "bad-argument", message, f'like `{name}("{EXAMPLES[what]}")`')

    def compare(self, node: nodes.Compare) -> None:
        """A text that is compared with something that can never be it makes a condition nobody meets."""
        sides = [node.expr, *(operand.expr for operand in node.ops)]
        choices = next((found for side in sides if (found := self._choices(side)) is not None), None)
        if choices is None:
            return
        of, known = choices
        for side in sides:
            for each in side.items if isinstance(side, nodes.List | nodes.Tuple) else [side]:
                word = each.value if isinstance(each, nodes.Const) else None
                if isinstance(word, str) and word not in known:
                    hint = did_you_mean(word, known)
                    message = f"`{of}` is never `{word}`."
                    self.findings.error(self._place_of_text(word), "unknown-value", message, hint)

    def _choices(self, node: nodes.Node) -> tuple[str, tuple[str, ...]] | None:
        """The value's name and all it can be, where that is known."""
        name, scope = spelled(node), self.scope
        record, _, field = name.partition(".")
        records = {"contact": scope.shelf.contact, "event": scope.event or {}, "form": scope.form}
        shape: Shape | None = records.get(record, {}).get(field)
        if name == "arm":
            shape = scope.arms()
        if name.startswith("answer(") and isinstance(node, nodes.Call) and len(node.args) == 1:
            shape = self._answers(spelled(node.args[0]).strip('"'))
        return (name, shape) if isinstance(shape, tuple) and shape else None

    def _answers(self, word: str) -> tuple[str, ...]:
        sequence, slash, step = word.rpartition("/")
        steps = self.scope.shelf.steps.get(sequence, {}) if slash else self.scope.steps()
        return steps.get(step, ())

    def _within(self, name: str, node: nodes.Call, place: Place) -> None:
        if node.dyn_args is not None or node.dyn_kwargs is not None:
            self.findings.error(place, "bad-argument", "`*` has no meaning inside brackets.", "remove it")
        for keyword in node.kwargs:
            value = keyword.value.value if isinstance(keyword.value, nodes.Const) else None
            where = place_of(self.expression, rf"\b{keyword.key}\s*=")
            if keyword.key != "within" or not FUNCTIONS[name].within:
                message = f"`{name}` doesn't know `{keyword.key}=`."
                self.findings.error(where, "bad-argument", message, "remove it")
            elif not isinstance(value, str):
                message = "`within=` needs a length of time in quotes."
                self.findings.error(where, "bad-argument", message, 'like `within="30 days"`')
            else:
                self.findings.attempt(self._place_of_text(value), read_span, value)

    def _place_of_text(self, text: str) -> Place:
        place = place_of(self.expression, rf"[\"'“”„‘’]{re.escape(text)}[\"'“”‘’]")
        return Place(place.path, place.line, place.column + 1)

    def _word(self, function: str, word: str, place: Place) -> None:
        if function in ABOUT_STEPS:
            self._step(function, word, place)
            return
        shelf, what = self.scope.shelf, FUNCTIONS[function].names
        known: dict[str, Iterable[str]] = {
            "event": shelf.events,
            "booking": {name.partition(".")[0] for name in shelf.events if name.endswith(".booked")},
            "topic": [topic.name for topic in shelf.business.topics],
            "sequence": shelf.steps,
            "segment": dict(shelf.business.segments),
            "coupon": [coupon.name for coupon in shelf.business.coupons],
        }
        if what in known and word not in known[what]:
            message = f"There is no {what} `{word}`."
            if what == "booking":
                message = f"Nothing that can be booked is called `{word}`."
            self.findings.error(
                place, f"unknown-{what}", message, did_you_mean(word, known[what], _WHERE.get(what, ""))
            )

    def _own(self) -> str:
        return self.scope.sequence.key if self.scope.sequence else ""

    def _step(self, function: str, word: str, place: Place) -> None:
        sequence, slash, step = word.rpartition("/")
        if self.scope.sequence is None and not slash:
            message = f"`{function}` asks about a sequence's step; here is none."
            self.findings.error(place, "bad-argument", message, 'name both, like "salon-checklist/the-towel"')
            return
        steps = self.scope.shelf.steps
        if slash and sequence not in steps:
            message = f"There is no sequence `{sequence}`."
            self.findings.error(place, "unknown-sequence", message, did_you_mean(sequence, steps))
        elif step not in (steps[sequence] if slash else self.scope.steps()):
            if function == "sent" and not slash and step in steps:
                return  # any mail of another sequence: `sent("third-visit", within="14 days")`
            known = steps[sequence] if slash else self.scope.steps()
            message = f"There is no step `{step}` in {sequence or 'this sequence'}."
            self.findings.error(place, "unknown-step", message, did_you_mean(step, known))
        elif function in ABOUT_MAILS and (sequence or self._own(), step) not in self.scope.shelf.mails:
            message = f"`{step}` is no mail, so this never holds."
            self.findings.error(place, "not-a-mail", message, f'`done("{word}")` asks whether it was done')
        elif function == "answer" and not (steps[sequence] if slash else self.scope.steps())[step]:
            message = f"`{step}` asks nothing, so nobody can answer it."
            self.findings.error(place, "no-answer", message, "add a link like `[Yes](answer:yes)` to it")
        elif not slash and self.scope.passed is not None and step not in self.scope.passed:
            message = f"`{step}` does not stand above this step, so it can't have happened yet."
            self.findings.error(place, "step-later", message, "name a step further up, or move this one down")


EXAMPLES = {
    "step": "your-checklist",
    "event": "visit.completed",
    "booking": "appointment",
    "tag": "vip",
    "topic": "Newsletter",
    "sequence": "salon-checklist",
    "segment": "regulars",
    "coupon": "WELCOME-BACK",
}
_WHERE = {
    "event": "declare it under `events` in business.yaml",
    "segment": "declare it under `segments` in business.yaml",
    "coupon": "declare it under `coupons` in business.yaml",
    "topic": "declare it under `topics` in business.yaml",
}
