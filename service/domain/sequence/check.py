"""The checks that need the whole library: everything that a file names exists, and nothing is printed with a gap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from jinja2 import nodes

from service.domain.sequence.draft import Draft, Printed
from service.domain.sequence.fairness import check_fairness
from service.domain.sequence.findings import Fault, Findings
from service.domain.sequence.journey import check_journey, is_dated
from service.domain.sequence.loops import check_loops
from service.domain.sequence.meaning import check_expression
from service.domain.sequence.model.business import Business
from service.domain.sequence.model.sequence import Sequence as Written
from service.domain.sequence.names import Scope, Shelf, scope_of, shelf_of
from service.domain.sequence.pace import check_pace
from service.domain.sequence.presence import given, may_be_empty, spelled
from service.domain.sequence.references import ReferenceCheck
from service.domain.sequence.riding import check_set
from service.domain.sequence.syntax import parse
from service.domain.sequence.vocabulary import Kind, Stage

_YES_OR_NO = frozenset({"clicked", "sent", "done", "happened", "upcoming", "tagged", "consented", "inside", "segment"})


def check_library(
    business: Business, declared: Draft, drafts: Sequence[Draft], files: Mapping[str, bytes], findings: Findings
) -> None:
    """Look up every word of the business and its sequences. `files` are all that will be published."""
    written = [draft.sequence for draft in drafts if draft.sequence]
    shelf = shelf_of(business, written, {draft.sequence.key: draft.answers for draft in drafts if draft.sequence})
    references = ReferenceCheck(shelf, files, findings)
    references.check(declared, Scope(shelf))
    for asked in declared.asked:
        check_expression(asked.expression, Scope(shelf), findings, condition=True)
    for draft in drafts:
        if draft.sequence is not None and draft.sound:
            references.check(draft, scope_of(shelf, draft.sequence))
            _check_expressions(draft, draft.sequence, shelf, findings)
            check_journey(draft.sequence, business, findings)
            check_fairness(draft, draft.sequence, business, findings)
            if not findings.faulty(draft.path):
                check_pace(draft.sequence, business, findings)
    check_loops(written, findings)


def _check_expressions(draft: Draft, sequence: Written, shelf: Shelf, findings: Findings) -> None:
    scopes = _scopes(sequence, shelf)
    for asked in draft.asked:
        check_expression(asked.expression, scopes[asked.step], findings, condition=True)
    for assigned in draft.assigned:
        check_set(assigned, scopes[assigned.step], findings)
    for printed in draft.printed:
        scope = scopes[printed.step]
        known = len(findings.problems)
        tree = check_expression(printed.expression, scope, findings, condition=False)
        if tree is not None and len(findings.problems) == known:
            _check_print(printed, tree, scope, findings)
            _check_coupon(printed, tree, sequence, findings)


def _scopes(sequence: Written, shelf: Shelf) -> dict[str | None, Scope]:
    """What may be named in each step: the steps above it; all of them where the file counts from a date."""
    scope = scope_of(shelf, sequence)
    scopes: dict[str | None, Scope] = {None: scope}
    passed: set[str] = set()
    for step in sequence.steps:
        scopes[step.key] = scope if is_dated(sequence) else replace(scope, passed=frozenset(passed))
        passed.add(step.key)
    return scopes


def _check_print(printed: Printed, tree: nodes.Expr, scope: Scope, findings: Findings) -> None:
    """A mail is never sent with a gap, so whatever may be empty needs a fallback or a condition."""
    place = printed.expression.place
    if _says_yes_or_no(tree):
        message = "This is yes or no, which no mail can print."
        findings.error(place, "prints-truth", message, 'write {{ "one thing" if contact.phone else "another" }}')
        return
    there = scope.always.union(*(_given(condition.source, holds) for condition, holds in printed.given))
    empty = may_be_empty(tree, there)
    if empty is None:
        return
    name = spelled(empty) or "this"
    if name == "business.phone":
        findings.error(place, "no-fallback", "business.yaml has no `phone`.", "write it there")
    else:
        message = f"`{name}` may be empty, and a mail is never sent with a gap."
        words = "there" if name.endswith("first_name") else "other words"
        hint = f'write {{{{ {name} or "{words}" }}}}, or ask first: {{% if {name} %}}'
        findings.error(place, "no-fallback", message, hint)


def _given(source: str, holds: bool) -> frozenset[str]:
    try:
        return given(parse(source), holds)
    except Fault:  # told where the condition itself is checked
        return frozenset()


def _says_yes_or_no(tree: nodes.Expr) -> bool:
    if isinstance(tree, nodes.Call):
        return isinstance(tree.node, nodes.Name) and tree.node.name in _YES_OR_NO
    return isinstance(tree, nodes.Compare | nodes.Not)


def _check_coupon(printed: Printed, tree: nodes.Expr, sequence: Written, findings: Findings) -> None:
    """Service mail may hold no offer. What a referral has earned is none."""
    step = sequence.step(printed.step)
    if step is None or step.kind is not Kind.SERVICE or sequence.stage is Stage.REFERRAL:
        return
    called = [call.node.name for call in tree.find_all(nodes.Call) if isinstance(call.node, nodes.Name)]
    if "coupon" in called or (isinstance(tree, nodes.Call) and spelled(tree).startswith("coupon(")):
        message = "This is service mail, which may hold no offer, and here is a coupon."
        findings.warn(printed.expression.place, "service-with-coupon", message, "give the step another `Kind:`")
