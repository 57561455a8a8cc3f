"""The promises, each a function from what is known of a run to whatever breaks it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from service.actions.deliver import BUDGET
from service.domain.policy import Caps
from tests.chaos.history import OF_FORM, STEPS, Done, History, Row

GROUP = 25  # HANDOFF_GROUP
# Between a check in one process and a line in another's log, on a machine that has other things to do.
SLACK = 5.0  # seconds
LEFT = {"sent", "uncertain"}
OPEN = {"planned", "due", "held", "cleared", "handed"}
MAY_HAVE_LEFT = {"sent", "uncertain", "handed"}
DIED = "the worker that held it ended"  # the reason of what a dead or oversleeping worker left behind
DISTURBS = {"kill", "oversleep", "freeze", "database"}  # what may leave a group without an answer
CARRY = {"worker", "beat", "up", "postgres", "provider"}  # what a mail passes through on its way from intent to log


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise that was broken. `subject` is a Message-ID or a person, whose story is told."""

    promise: str
    subject: str
    what: str

    def __str__(self) -> str:
        return f"{self.promise}: {self.subject} {self.what}"


def judge(history: History) -> list[Violation]:
    """Everything that breaks a promise."""
    return [Violation(name, *found) for name, promise in PROMISES.items() for found in promise(history)]


Found = Iterator[tuple[str, str]]


def nobody_is_mailed_twice(history: History) -> Found:
    for message_id, count in Counter(each.id for each in history.entries if each.what == "accepted").items():
        if count > 1:
            yield message_id, f"was accepted {count} times"


def every_acknowledged_signup_is_there_once(history: History) -> Found:
    stored = Counter(history.contacts)
    inside = Counter((each.who, each.sequence) for each in history.inside)
    for told in history.signups:
        if told.at is None:
            continue
        if stored[told.who] != 1:
            yield told.who, f"was told yes and is there {stored[told.who]} times"
        for sequence in OF_FORM[told.form]:
            if inside[told.who, sequence] != 1:
                yield told.who, f"was told yes and is in {sequence} {inside[told.who, sequence]} times"


def nothing_leaves_after_an_unsubscribe(history: History) -> Found:
    left = {told.who: told.at for told in history.leaves if told.at is not None}
    rows = {row.id: row for row in history.rows}
    for row in history.rows:
        if row.who in left and row.handed is not None and row.handed > left[row.who]:
            yield row.id, f"has an intent {row.handed - left[row.who]:.2f} s after {row.who} was told that they left"
    for entry in history.entries:
        gone, row = left.get(entry.to), rows.get(entry.id)
        if entry.what != "accepted" or gone is None or row is None:
            continue
        late = entry.at - gone - _standing_still(history.done, row.handed or gone, entry.at)
        if late > BUDGET + SLACK:
            yield entry.id, f"was accepted {late:.1f} s after {entry.to} was told that they left"


def _standing_still(done: Iterable[Done], since: float, until: float) -> float:
    """How long something that carries mail was held between the two: such time is nobody's budget."""
    spans = sorted((max(since, each.at), min(until, each.until)) for each in done if each.target in CARRY)
    total, reached = 0.0, since
    for start, end in spans:
        if end > max(start, reached):
            total += end - max(start, reached)
            reached = end
    return total


def caps_are_never_exceeded(history: History) -> Found:
    rows = {row.id: row for row in history.rows}
    capped = {each.id for each in history.entries if each.what == "accepted" and _is_capped(rows.get(each.id))}
    for who, count in Counter(rows[each].who for each in capped).items():
        if count > Caps().per_day:
            yield who, f"got {count} letters in a day, and {Caps().per_day} is the cap"


def _is_capped(row: Row | None) -> bool:
    return row is not None and row.priority > 0


def what_is_called_sent_was_accepted(history: History) -> Found:
    accepted = {each.id for each in history.entries if each.what == "accepted"}
    for row in history.rows:
        if row.state == "sent" and row.id not in accepted:
            yield row.id, "is called sent, and the provider never took it"


def what_was_accepted_is_known(history: History) -> Found:
    states = {row.id: row.state for row in history.rows}
    for entry in history.entries:
        if entry.what == "accepted" and states.get(entry.id) not in MAY_HAVE_LEFT:
            yield entry.id, f"was accepted, and is called {states.get(entry.id, 'nothing at all')}"


def nothing_due_is_left(history: History) -> Found:
    for who, step, state in history.due:
        yield who, f"still has “{step}”, which is due and {state}"


def no_chain_has_a_gap(history: History) -> Found:
    chains: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in history.rows:
        chains[row.who, row.sequence].append(row)
    for inside in history.inside:
        chain = {row.step: row.state for row in chains[inside.who, inside.sequence] if not row.occasion}
        steps = STEPS[inside.sequence]
        behind = [step for step in steps if chain.get(step, "planned") not in OPEN]
        if behind != list(steps[: len(behind)]):
            yield inside.who, f"went through {inside.sequence} as {chain}"
        elif inside.state == "active" and (len(behind) == len(steps) or steps[len(behind)] not in chain):
            yield inside.who, f"waits in {inside.sequence} for nothing: {chain}"
        elif inside.state == "finished" and len(behind) < len(steps):
            yield inside.who, f"is through with {inside.sequence} too soon: {chain}"


def uncertain_are_few_and_explained(history: History) -> Found:
    by_run = left_by_run(history)
    for token, count in by_run.items():
        if count > GROUP:
            yield str(token), f"is one run of a worker, and left {count} mails uncertain, where {GROUP} is the most"
    disturbed = sum(_hands_lost(each) for each in history.done)
    if len(by_run) > disturbed:
        yield f"{len(by_run)} runs", f"left mails uncertain, where {disturbed} were disturbed"


def left_by_run(history: History) -> Counter[str | None]:
    """How many mails each run of a worker that ended left uncertain, by its token. Cut lines leave theirs besides."""
    uncertain = (row for row in history.rows if row.state == "uncertain")
    return Counter(row.token for row in uncertain if DIED in (row.reason or ""))


def _hands_lost(done: Done) -> int:
    """How many processes may have lost what they had in hand by it: two workers and beat carry mail."""
    if done.kind not in DISTURBS:
        return 0
    return {"worker": 1, "beat": 1, "postgres": 3, "up": 3, "database": 3}.get(done.target, 0)


PROMISES: dict[str, Callable[[History], Found]] = {
    promise.__name__.replace("_", " "): promise
    for promise in (
        nobody_is_mailed_twice,
        every_acknowledged_signup_is_there_once,
        nothing_leaves_after_an_unsubscribe,
        caps_are_never_exceeded,
        what_is_called_sent_was_accepted,
        what_was_accepted_is_known,
        nothing_due_is_left,
        no_chain_has_a_gap,
        uncertain_are_few_and_explained,
    )
}
