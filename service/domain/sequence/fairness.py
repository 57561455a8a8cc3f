"""What a business would regret: reviews asked only of those who are happy, and a friend paid for twice.

Review sites forbid to pick whom one asks by what they answered (Google, "Prohibited and restricted content": "review
gating"), and a review that was picked helps nobody choose.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from service.domain.sequence.draft import Draft
from service.domain.sequence.findings import Findings
from service.domain.sequence.model.business import Business
from service.domain.sequence.model.expression import Expression
from service.domain.sequence.model.sequence import Sequence
from service.domain.sequence.model.words import Body

QUALIFIED = "referral.qualified"

_ASKS = re.compile(r"\]\(\s*<?link:([a-z0-9-]*(?:review|testimonial)[a-z0-9-]*)")
# What somebody said of us, in numbers or words.
_OPINION = re.compile(
    r"\banswer\s*\(|\b(?:contact|event|form)\.\w*(?:score|rating|stars|nps|mood|happy|satisfied)\w*"
    r"|[\"'](?:praise\.given|complaint\.raised)[\"']"
)
_ANSWERED = re.compile(r"\bevent\.(?:value|note)\b")
_COUPON = re.compile(r"\bcoupon\s*\(")


def check_fairness(draft: Draft, sequence: Sequence, business: Business, findings: Findings) -> None:
    """Warn of a review that is asked for by a score, and of a coupon that the programme gives as well."""
    _check_reviews(sequence, findings)
    promised = business.referral is not None and business.referral.referrer is not None
    begins = any(trigger.on == "event" and trigger.name == QUALIFIED for trigger in sequence.enrol.on)
    printed = next((each for each in draft.printed if _COUPON.search(each.expression.source)), None)
    if promised and begins and printed is not None:
        message = "business.yaml rewards the referrer already, once nothing speaks against it; this is a second reward."
        hint = "begin with `on: event referral.rewarded`, and print {{ event.reward }} and {{ event.code }}"
        findings.warn(printed.expression.place, "rewarded-twice", message, hint)


def _check_reviews(sequence: Sequence, findings: Findings) -> None:
    answered = any(trigger.on == "event" and trigger.name == "answer" for trigger in sequence.enrol.on)
    asking = [step for step in sequence.steps if list(_asks(step.body))]
    conditions = [each for step in asking for each in (step.condition, *_asks(step.body)) if each is not None]
    entering = [sequence.enrol.when] if sequence.enrol.when is not None and asking else []
    found = [each for each in conditions if _OPINION.search(each.source)]
    found += [each for each in entering if _OPINION.search(each.source) or (answered and _ANSWERED.search(each.source))]
    for place in dict.fromkeys(each.place for each in found):
        message = "A review is asked for here by what somebody said of you, which the review sites forbid."
        findings.warn(place, "review-by-score", message, "ask everybody alike, the unhappy too")


def _asks(body: Body | None) -> Iterator[Expression | None]:
    """For each review that a letter asks for: the conditions round it, and None, so that one without any counts."""
    above: list[list[Expression]] = []
    for tag, expression, markdown in body.blocks if body else ():
        match tag:
            case "if":
                above.append([expression] if expression else [])
            case "elif" if above and expression:  # a branch without its beginning is refused elsewhere
                above[-1].append(expression)
            case "endif" if above:
                above.pop()
            case "text" if _ASKS.search(markdown):
                yield None
                yield from (each for level in above for each in level)
