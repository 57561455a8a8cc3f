"""What follows from what is told of a mail: whom it silences, what it proves, and how many mails in vain are enough."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from service.domain.feedback import Bounce, Feedback, What, bounce_of

IN_A_ROW = 3  # mails
SPAN = timedelta(days=15)  # from the first of them to the last

# Told of a mail, each of these proves that the provider had taken it.
PROOF = (
    What.DELIVERED,
    What.DEFERRED,
    What.BOUNCED,
    What.COMPLAINED,
    What.UNSUBSCRIBED,
    What.OPENED,
    What.CLICKED,
)


class Aftermath(StrEnum):
    """What is done about it. All else is known, and that is all: an open or click counts by our own pixel and links."""

    DEAD = "dead"  # nothing is sent there again
    COMPLAINT = "complaint"  # nor there
    LEFT = "left"  # they left at the provider
    POLICY = "policy"  # the sender has something to mend; meanwhile it sends slower
    WEIGHED = "weighed"  # it counts for or against the row of mails in vain
    NONE = "none"


def kind_of(told: Feedback) -> Bounce | None:
    """The kind of a bounce, by its status where nobody said it; None for what is none."""
    return (told.bounce or bounce_of(told.code, told.words)) if told.what is What.BOUNCED else None


def aftermath(told: Feedback) -> Aftermath:
    """What is done about one thing that was told."""
    match told.what, kind_of(told):
        case What.BOUNCED, Bounce.HARD:
            return Aftermath.DEAD
        case What.BOUNCED, Bounce.POLICY:
            return Aftermath.POLICY
        case (What.BOUNCED, Bounce.SOFT) | (What.DELIVERED, _):
            return Aftermath.WEIGHED
        case What.COMPLAINED, _:
            return Aftermath.COMPLAINT
        case What.UNSUBSCRIBED, _:
            return Aftermath.LEFT
        case _:
            return Aftermath.NONE


def in_vain(bounces: Iterable[tuple[datetime, Hashable]], signs: Iterable[datetime]) -> bool:
    """Whether so many mails in a row came back softly, over so long, that the mailbox is given up.

    `bounces` are times and the mails they are about; `signs` are the times at which a mail arrived, or a person
    answered one. The order in which they are given, and a repetition, say nothing. What came after a whole row
    doesn't undo it.
    """
    arrived = sorted(set(signs))
    row: set[Hashable] = set()
    first: datetime | None = None
    ends = 0
    for at, mail in sorted(set(bounces), key=lambda each: each[0]):
        passed = ends
        while passed < len(arrived) and arrived[passed] < at:
            passed += 1
        if first is None or passed > ends:
            row, first, ends = set(), at, passed
        row.add(mail)
        if len(row) >= IN_A_ROW and at - first >= SPAN:
            return True
    return False
