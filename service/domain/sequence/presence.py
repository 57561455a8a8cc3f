"""Which values may be empty when they are printed: a mail is never sent with a gap.

A value needs no fallback where it is always there, where another word follows it (`or "there"`), or where a condition
above it has already said that it is there: `If: contact.phone`, `{% if event.reason == "moved" %}`.
"""

from __future__ import annotations

from jinja2 import nodes

# Comparing with something empty is false, so where one of these held, both sides were there.
_TELLING = frozenset({"eq", "ne", "gt", "gteq", "lt", "lteq", "in"})


def spelled(node: nodes.Node | None) -> str:
    """A value by its one spelling: `contact.first_name`, `coupon("KEY").expires`; empty for what has none."""
    words = ""
    match node:
        case nodes.Name():
            words = node.name
        case nodes.Const():
            words = f'"{node.value}"' if isinstance(node.value, str) else str(node.value)
        case nodes.Getattr():
            words = f"{spelled(node.node)}.{node.attr}"
        case nodes.Getitem(arg=nodes.Const(value=str(field))):
            words = f"{spelled(node.node)}.{field}"
        case nodes.Call():
            words = f"{spelled(node.node)}({', '.join(spelled(each) for each in node.args)})"
        case nodes.Filter():
            words = spelled(node.node)
    return words


def given(condition: nodes.Node, holds: bool = True) -> frozenset[str]:
    """The values that are surely there where the condition holds (or does not)."""
    if isinstance(condition, nodes.Not):
        return given(condition.node, not holds)
    if isinstance(condition, nodes.And | nodes.Or):
        left, right = given(condition.left, holds), given(condition.right, holds)
        return left | right if isinstance(condition, nodes.And) is holds else left & right
    if not holds:
        return frozenset()
    if isinstance(condition, nodes.Compare):
        telling = [each.expr for each in condition.ops if each.op in _TELLING]
        return frozenset(map(spelled, [condition.expr, *telling])) - {""} if telling else frozenset()
    return frozenset({spelled(condition)}) - {""}


def may_be_empty(node: nodes.Node | None, there: frozenset[str]) -> nodes.Node | None:
    """The first value inside `node` that may be empty and would be printed so; None where there is none."""
    parts: list[tuple[nodes.Node | None, frozenset[str]]]
    match node:
        case nodes.Or():
            parts = [(node.right, there)]
        case nodes.And():
            parts = [(node.left, there), (node.right, there | given(node.left))]
        case nodes.CondExpr(expr2=None):
            return node
        case nodes.CondExpr():
            parts = [(node.expr1, there | given(node.test)), (node.expr2, there | given(node.test, holds=False))]
        case nodes.BinExpr():
            parts = [(node.left, there), (node.right, there)]
        case nodes.Filter() | nodes.Neg() | nodes.Pos():
            parts = [(node.node, there)]
        case nodes.Name() | nodes.Getattr() | nodes.Getitem() | nodes.Call():
            return None if spelled(node) in there or _never_empty(node) else node
        case _:
            parts = []
    return next((empty for part, known in parts if (empty := may_be_empty(part, known)) is not None), None)


def _never_empty(node: nodes.Node) -> bool:
    """Coupons are made when they are named, and expire; counts and sums are numbers; the rest say yes or no."""
    if isinstance(node, nodes.Getattr):
        return node.attr != "worth" and isinstance(node.node, nodes.Call) and _never_empty(node.node)
    if not isinstance(node, nodes.Call) or not isinstance(node.node, nodes.Name):
        return False
    return node.node.name not in {"answer", "days_since"}
