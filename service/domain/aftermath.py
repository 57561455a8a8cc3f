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
    What.REPLIED,
)


class Aftermath(StrEnum):
    """What is done about it. All else is known, and that is all: an open or click counts by our own pixel and links."""

    DEAD = "dead"  # nothing is sent there again
    COMPLAINT = "complaint"  # nor there
    LEFT = "left"  # they left at the provider
    POLICY = "policy"  # the sender has something to mend; meanwhile it sends slower
    ANSWERED = "answered"  # a person wrote back: a colleague has to read it
    WEIGHED = "weighed"  # it counts for or against the row of mails in vain
    NONE = "none"


_OF_WHAT = {
    What.DELIVERED: Aftermath.WEIGHED,
    What.COMPLAINED: Aftermath.COMPLAINT,
    What.UNSUBSCRIBED: Aftermath.LEFT,
    What.REPLIED: Aftermath.ANSWERED,
}
_OF_BOUNCE = {Bounce.HARD: Aftermath.DEAD, Bounce.POLICY: Aftermath.POLICY, Bounce.SOFT: Aftermath.WEIGHED}


def kind_of(told: Feedback) -> Bounce | None:
    """The kind of a bounce, by its status where nobody said it; None for what is none."""
    return (told.bounce or bounce_of(told.code, told.words)) if told.what is What.BOUNCED else None


def aftermath(told: Feedback) -> Aftermath:
    """What is done about one thing that was told."""
    bounce = kind_of(told)
    return _OF_WHAT.get(told.what, Aftermath.NONE) if bounce is None else _OF_BOUNCE.get(bounce, Aftermath.NONE)


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
