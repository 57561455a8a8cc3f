"""A condition as people say it: `not clicked("the-towel")` is *they did not click in “the towel”*.

What asks something unusual stays as it was written; nobody is told less than the file says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from jinja2 import nodes

from service.domain.sequence.findings import Fault
from service.domain.sequence.syntax import parse

# function -> what is said where it holds, and where it does not; {} is what it names
SAID: dict[str, tuple[str, str]] = {
    "clicked": ("they clicked in {}", "they did not click in {}"),
    "sent": ("they got {}", "they did not get {}"),
    "done": ("{} is done", "{} is not done"),
    "answer": ("they answered {}", "they did not answer {}"),
    "happened": ("{} has happened", "{} has not happened"),
    "upcoming": ("they have an {} ahead", "they have no {} ahead"),
    "tagged": ("they are tagged {}", "they are not tagged {}"),
    "consented": ("they agreed to {}", "they did not agree to {}"),
    "inside": ("they are inside {}", "they are not inside {}"),
    "segment": ("they belong to {}", "they do not belong to {}"),
    "coupon": ("there is the coupon {}", "there is no coupon {}"),
}
# function -> what its value is called where it is compared
CALLED = {
    "answer": "their answer to {}",
    "count": "the number of {}",
    "total": "the sum of {}",
    "days_since": "the days since {}",
    "coupon": "the coupon {}",
}
RECORDS = {"contact": "their {}", "event": "the event’s {}", "form": "the form’s {}", "business": "the business’s {}"}
FIELDS = {
    "contact.client_since": "the day they became a client",
    "event.name": "what began it",
    "referral.count": "the number of friends they brought",
}
NAMES = {"arm": "their arm of the test", "date": "the date", "today": "today"}
OPERATORS = {
    "eq": "is",
    "ne": "is not",
    "gt": "is more than",
    "gteq": "is at least",
    "lt": "is less than",
    "lteq": "is at most",
    "in": "is",
    "notin": "is none of",
}
OPPOSITE = {
    "eq": "ne",
    "ne": "eq",
    "gt": "lteq",
    "lteq": "gt",
    "lt": "gteq",
    "gteq": "lt",
    "in": "notin",
    "notin": "in",
}


def in_words(source: str, titles: Mapping[str, str] | None = None) -> str:
    """A condition in words, without a full stop; `titles` are those of the steps by their keys."""
    try:
        return _Speaker(titles or {}).clause(parse(source), holds=True)
    except (Fault, _Unspoken):
        return f"`{source}` holds"


class _Unspoken(Exception):  # noqa: N818 (what it says)
    """There are no words for this."""


@dataclass(slots=True)
class _Speaker:
    titles: Mapping[str, str] = field(default_factory=dict)

    def clause(self, node: nodes.Node, holds: bool) -> str:
        match node:
            case nodes.Not():
                return self.clause(node.node, not holds)
            case nodes.And() | nodes.Or():
                joint = " and " if isinstance(node, nodes.And) is holds else " or "
                return joint.join(self._part(each, joint, holds) for each in (node.left, node.right))
            case nodes.Compare() if len(node.ops) == 1:
                operator = node.ops[0].op if holds else OPPOSITE[node.ops[0].op]
                return f"{self.noun(node.expr)} {OPERATORS[operator]} {self.noun(node.ops[0].expr)}"
            case nodes.Call() if self._function(node) in SAID:
                return SAID[self._function(node)][0 if holds else 1].format(self._named(node))
        return f"{self.noun(node)} is {'known' if holds else 'not known'}"

    def _part(self, node: nodes.Node, joint: str, holds: bool) -> str:
        """One side of an and or an or; the other kind of joint inside it stands in brackets."""
        said = self.clause(node, holds)
        mixed = isinstance(node, nodes.And | nodes.Or) and (isinstance(node, nodes.And) is holds) != (joint == " and ")
        return f"({said})" if mixed else said

    def noun(self, node: nodes.Node) -> str:
        """What a value is called. Raises _Unspoken."""
        said = ""
        match node:
            case nodes.Const():
                said = f"“{node.value}”" if isinstance(node.value, str) else str(node.value)
            case nodes.List():
                said = " or ".join(self.noun(each) for each in node.items)
            case nodes.Getattr(node=nodes.Name(name=record), attr=name):
                said = FIELDS.get(f"{record}.{name}") or RECORDS.get(record, "").format(name.replace("_", " "))
            case nodes.Name():
                said = NAMES.get(node.name, "")
            case nodes.Call() if self._function(node) in CALLED:
                said = CALLED[self._function(node)].format(self._named(node))
        if not said:
            raise _Unspoken
        return said

    def _function(self, node: nodes.Call) -> str:
        return node.node.name if isinstance(node.node, nodes.Name) else ""

    def _named(self, node: nodes.Call) -> str:
        """What a function names, and within which time."""
        if len(node.args) != 1:
            raise _Unspoken
        (named,) = node.args
        within = next((each.value for each in node.kwargs if each.key == "within"), None)
        span = f" in the last {within.value}".replace(" 1 ", " ") if isinstance(within, nodes.Const) else ""
        if not isinstance(named, nodes.Const):
            return self.noun(named) + span
        if self._function(node) == "upcoming":
            return str(named.value)
        key = str(named.value)
        return f"“{self.titles.get(key, key)}”{span}"
