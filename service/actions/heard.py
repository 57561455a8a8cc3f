"""What came of mails, as the buckets of their mailbox groups are to hear it, and that of all mail together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from service.domain.bucket import Answers, strike_of
from service.ports import Message, Outcome, Sent, TryLater

ALL = ""  # the bucket of all mail together


def heard(answered: Iterable[tuple[Message, Outcome]], group_of: Mapping[int, str]) -> dict[str, Answers]:
    """By group, of the mails whose group is given, by their ids: one that nothing came of was not used."""
    counts: dict[str, list[float]] = defaultdict(lambda: [0, 0, 0.0, 0.0])
    unused = dict(group_of)
    for message, outcome in answered:
        group = unused.pop(message.delivery_id, None)
        if group is not None:
            _count(counts, group, outcome)
    for group in unused.values():
        counts[group][1] += 1
        counts[ALL][1] += 1
    return {group: Answers(int(a[0]), int(a[1]), a[2], a[3]) for group, a in counts.items()}


def _count(counts: dict[str, list[float]], group: str, outcome: Outcome) -> None:
    """Add what one outcome says of its group, and of the service that all mail goes through."""
    match outcome:
        case Sent():
            counts[group][0] += 1
            counts[ALL][0] += 1
        case TryLater(code=code, in_all=in_all) if in_all or code == "429":
            counts[ALL][2] += 1.0
            counts[ALL][3] = max(counts[ALL][3], outcome.after or 0.0)
        case TryLater(code=code):
            strikes = strike_of(code, outcome.reason)
            counts[group][2] += strikes
            if strikes:
                counts[group][3] = max(counts[group][3], outcome.after or 0.0)
