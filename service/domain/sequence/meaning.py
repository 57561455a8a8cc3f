"""What an expression means: every name, function and filter in it exists, and a condition asks something."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from jinja2 import nodes

from service.domain.sequence.findings import Fault, Findings
from service.domain.sequence.lookup import EXAMPLES, Lookup
from service.domain.sequence.model.expression import Expression
from service.domain.sequence.names import BUSINESS, CONTACT, COUPON, FILTERS, FUNCTIONS, REFERRAL, Scope, Shape
from service.domain.sequence.presence import spelled
from service.domain.sequence.spelling import did_you_mean
from service.domain.sequence.syntax import moved, parse, place_of

RECORDS = ("contact", "business", "event", "form", "referral")
ALONE = ("date", "today", "arm")

_REFUSED: dict[type[nodes.Node], tuple[str, str]] = {
    nodes.Test: ("`is` has no meaning here.", 'write `==`, as in `contact.stage == "client"`'),
    nodes.Concat: ("`~` has no meaning here.", "put two merge fields side by side"),
    nodes.Pow: ("`**` has no meaning here.", "multiply with `*`"),
    nodes.Dict: ("Braces have no meaning inside an expression.", "remove them"),
    nodes.Slice: ("Parts of a text can't be cut out.", "name the whole field"),
    nodes.Tuple: ("A comma doesn't fit here.", "write `and` or `or` between two conditions"),
    nodes.List: ("A list only stands behind `in`.", 'like `contact.stage in ["lead", "client"]`'),
}
_PARTS = (nodes.BinExpr, nodes.UnaryExpr)


def check_expression(expression: Expression, scope: Scope, findings: Findings, *, condition: bool) -> nodes.Expr | None:
    """The expression's tree, with a problem for each thing in it that doesn't exist; None where it can't be read."""
    try:
        tree = parse(expression.source)
    except Fault as fault:
        findings.error(moved(expression, fault.at), fault.code, fault.message, fault.hint)
        return None
    _Reading(expression, scope, findings).read(tree, condition)
    return tree


class _Reading:
    def __init__(self, expression: Expression, scope: Scope, findings: Findings) -> None:
        self.expression = expression
        self.scope = scope
        self.findings = findings
        self.lookup = Lookup(expression, scope, findings)

    def error(self, where: str, code: str, message: str, hint: str = "") -> None:
        self.findings.error(place_of(self.expression, where), code, message, hint)

    def read(self, node: nodes.Node, condition: bool) -> None:
        """Look at a node and all below it. `condition`: it stands where it is asked, not printed."""
        if condition and isinstance(node, nodes.Const) and isinstance(node.value, str):
            self._text_alone(node.value)
            return
        reader = _READERS.get(type(node))
        if reader is not None:
            reader(self, node)
        elif isinstance(node, _PARTS) and type(node) not in _REFUSED:
            asked = condition and isinstance(node, nodes.And | nodes.Or | nodes.Not)
            for child in node.iter_child_nodes():
                self.read(child, asked)
        elif not isinstance(node, nodes.Const):
            message, hint = _REFUSED.get(type(node), ("This has no meaning here.", ""))
            self.error("^", "unknown-operator", message, hint)

    def _text_alone(self, text: str) -> None:
        message = f'"{text[:40]}" alone is always true, so this asks nothing.'
        hint = 'compare it, as in `contact.stage in ["lead", "client"]`'
        self.error(rf"[\"'“„]{re.escape(text)}", "text-alone", message, hint)

    def _name(self, node: nodes.Name) -> None:
        name = node.name
        if name in ALONE:
            self._alone(name)
        elif name in RECORDS:
            fields = self._fields_of(name)
            hint = f"name one of its fields, like `{name}.{next(iter(fields), 'name')}`"
            self.error(rf"\b{name}\b", "unknown-name", f"`{name}` is not a value by itself.", hint)
        elif name in FUNCTIONS:
            message = f"`{name}` needs brackets that say what it is about."
            self.error(rf"\b{name}\b", "unknown-name", message, f'like `{name}("{EXAMPLES[FUNCTIONS[name].names]}")`')
        elif name in self.scope.shelf.contact:
            message = f"There is nothing called `{name}`."
            self.error(rf"\b{name}\b", "unknown-name", message, f"write `contact.{name}`")
        else:
            self._unknown_name(name)

    def _unknown_name(self, name: str) -> None:
        hint = did_you_mean(name, (*RECORDS, *ALONE, *FUNCTIONS), 'a text stands in quotes: "like this"')
        self.error(rf"\b{name}\b", "unknown-name", f"There is nothing called `{name}`.", hint)

    def _alone(self, name: str) -> None:
        place = place_of(self.expression, rf"\b{name}\b")
        if name == "date":
            if not self.scope.date:
                self.findings.error(place, "no-date", "This sequence has no date.", "add `date:` to the front matter")
        elif name == "arm" and not self.scope.arms():
            hint = "add `test:` to the front matter, or `Subject A:` and `Subject B:` to a step"
            self.findings.error(place, "no-test", "This sequence has no `test`, so nobody has an arm.", hint)

    def _field(self, node: nodes.Getattr | nodes.Getitem) -> None:
        field = node.attr if isinstance(node, nodes.Getattr) else getattr(node.arg, "value", None)
        base = node.node
        if isinstance(base, nodes.Call) and spelled(base).startswith("coupon("):
            self._call(base)
            if field not in COUPON:
                hint = did_you_mean(str(field), COUPON)
                self.error(rf"\.\s*({field})", "unknown-field", f"A coupon has no field `{field}`.", hint)
        elif isinstance(base, nodes.Name) and base.name in RECORDS and isinstance(field, str):
            self._field_of(base.name, field)
        elif isinstance(base, nodes.Name) and base.name not in (*ALONE, *FUNCTIONS):
            hint = did_you_mean(base.name, RECORDS, "known are " + ", ".join(f"`{each}`" for each in RECORDS))
            if field in self.scope.shelf.contact:
                hint = f"write `contact.{field}`"
            self.error(rf"\b{base.name}\b", "unknown-name", f"There is nothing called `{base.name}`.", hint)
        else:
            name = spelled(node) or "this"
            self.error("^", "unknown-field", f"`{name}` is no field.", "fields are written `contact.first_name`")

    def _field_of(self, record: str, field: str) -> None:
        where = rf"\b{record}\s*[.\[][\s\"'“„]*({re.escape(field)})"
        if record == "event" and self.scope.event is None:
            message = "Nothing is called `event` here: this sequence doesn't begin with an event."
            self.error(where, "no-event", message, "see `enrol.on` in the front matter")
            return
        fields = self._fields_of(record)
        if field not in fields:
            code = "unknown-event-field" if record == "event" else "unknown-field"
            declare = {"contact": "`fields`", "event": "`events`", "form": "the form's `fields`"}.get(record)
            otherwise = f"declare it under {declare} in business.yaml" if declare else ""
            hint = did_you_mean(field, fields, otherwise)
            self.error(where, code, f"`{record}` has no field `{field}`.", hint)

    def _fields_of(self, record: str) -> Mapping[str, Shape]:
        scope = self.scope
        known: dict[str, Mapping[str, Shape]] = {
            "contact": scope.shelf.contact or CONTACT,
            "event": scope.event or {},
            "form": scope.form,
            "business": dict.fromkeys(BUSINESS, "text"),
            "referral": dict.fromkeys(REFERRAL, "text"),
        }
        return known[record]

    def _call(self, node: nodes.Call) -> None:
        name = node.node.name if isinstance(node.node, nodes.Name) else None
        if name is None:
            message = "Only the language's own functions can be called."
            self.error("^", "unknown-function", message, "known are " + ", ".join(f"`{each}`" for each in FUNCTIONS))
        elif name not in FUNCTIONS:
            hint = did_you_mean(name, FUNCTIONS)
            self.error(rf"\b{name}\s*\(", "unknown-function", f"There is no function `{name}`.", hint)
        else:
            if node.args and not isinstance(node.args[0], nodes.Const):
                self.read(node.args[0], condition=False)
            self.lookup.call(name, node)

    def _filter(self, node: nodes.Filter) -> None:
        if node.name not in FILTERS:
            where = rf"\|\s*{node.name}\b"
            message = f"There is no filter `{node.name}`."
            hint = did_you_mean(node.name, FILTERS)
            if node.name in {"default", "d"}:
                hint = 'a fallback is written `or "there"`'
            self.error(where, "unknown-filter", message, hint)
        elif len(node.args) > FILTERS[node.name] or node.kwargs or node.dyn_args or node.dyn_kwargs:
            self.error(rf"\|\s*{node.name}\b", "unknown-filter", f"`{node.name}` takes nothing in brackets here.")
        for child in (node.node, *node.args):
            if child is not None:
                self.read(child, condition=False)

    def _compare(self, node: nodes.Compare) -> None:
        self.read(node.expr, condition=False)
        for operand in node.ops:
            inside = operand.expr.items if isinstance(operand.expr, nodes.List | nodes.Tuple) else [operand.expr]
            for each in inside:
                self.read(each, condition=False)
        self.lookup.compare(node)

    def _choice(self, node: nodes.CondExpr) -> None:
        self.read(node.test, condition=True)
        self.read(node.expr1, condition=False)
        if node.expr2 is not None:
            self.read(node.expr2, condition=False)


_READERS: dict[type[nodes.Node], Callable[..., None]] = {
    nodes.Name: _Reading._name,
    nodes.Getattr: _Reading._field,
    nodes.Getitem: _Reading._field,
    nodes.Call: _Reading._call,
    nodes.Filter: _Reading._filter,
    nodes.Compare: _Reading._compare,
    nodes.CondExpr: _Reading._choice,
}
