"""Which values may be empty when they are printed: a mail is never sent with a gap.

A value needs no fallback where it is always there, where another word follows it (`or "there"`), or where a condition
above it has already said that it is there: `If: contact.phone`, `{% if event.reason == "moved" %}`.
"""

from __future__ import annotations

from jinja2 import nodes

# Comparing with something empty is false, so where one of these held, both sides were there.
_TELLING = frozenset({"eq", "ne", "gt", "gteq", "lt", "lteq", "in"})


def spelled(node: nodes.Node) -> str:
    """A value by its one spelling: `contact.first_name`, `coupon("KEY").expires`; empty for what has none."""
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Const):
        return f'"{node.value}"' if isinstance(node.value, str) else str(node.value)
    if isinstance(node, nodes.Getattr):
        return f"{spelled(node.node)}.{node.attr}"
    if isinstance(node, nodes.Getitem):
        return f"{spelled(node.node)}.{node.arg.value}" if isinstance(node.arg, nodes.Const) else ""
    if isinstance(node, nodes.Call):
        return f"{spelled(node.node)}({', '.join(spelled(each) for each in node.args)})"
    if isinstance(node, nodes.Filter) and node.node is not None:
        return spelled(node.node)
    return ""


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


def may_be_empty(node: nodes.Node, there: frozenset[str]) -> nodes.Node | None:
    """The first value inside `node` that may be empty and would be printed so; None where there is none."""
    if isinstance(node, nodes.Or):
        return may_be_empty(node.right, there)
    if isinstance(node, nodes.And):
        return may_be_empty(node.left, there) or may_be_empty(node.right, there | given(node.left))
    if isinstance(node, nodes.CondExpr):
        otherwise = node.expr2
        first = may_be_empty(node.expr1, there | given(node.test))
        rest = node if otherwise is None else may_be_empty(otherwise, there | given(node.test, holds=False))
        return first or rest
    if isinstance(node, nodes.Filter) and node.node is not None:
        return may_be_empty(node.node, there)
    if isinstance(node, nodes.BinExpr):
        return may_be_empty(node.left, there) or may_be_empty(node.right, there)
    if isinstance(node, nodes.UnaryExpr):
        return None if isinstance(node, nodes.Not) else may_be_empty(node.node, there)
    if isinstance(node, nodes.Name | nodes.Getattr | nodes.Getitem | nodes.Call):
        return None if spelled(node) in there or _never_empty(node) else node
    return None


def _never_empty(node: nodes.Node) -> bool:
    """Coupons are made when they are named; counts and sums are numbers; the rest of the functions say yes or no."""
    if isinstance(node, nodes.Getattr):
        return isinstance(node.node, nodes.Call) and _never_empty(node.node)
    if not isinstance(node, nodes.Call) or not isinstance(node.node, nodes.Name):
        return False
    return node.node.name not in {"answer", "days_since"}
