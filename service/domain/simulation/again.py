"""A form that is filled in again sends its service mail once more. Twin of that part of `service.actions.sign_up`."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from service.domain.enrolment import expires_at
from service.domain.entry import starts
from service.domain.reason import ASKED_AGAIN
from service.domain.sequence.model.form import Form
from service.domain.sequence.vocabulary import Kind
from service.domain.simulation.enter import NOT_ENTERED
from service.domain.simulation.inside import Inside
from service.domain.simulation.life import Life

PAUSE = timedelta(hours=1)  # at most this often


def send_again(life: Life, form: Form, begun: Collection[Inside]) -> None:
    """The transactional first mail once more, where no new enrolment (of those just `begun`) brings it."""
    new = {inside.sequence.key for inside in begun}
    for sequence in life.library.sequences:
        first = sequence.steps[0] if sequence.steps else None
        if first is None or sequence.key in new or first.kind is not Kind.SERVICE or not starts(sequence, form):
            continue
        mine = [each for each in life.insides if each.sequence is sequence and each.state not in NOT_ENTERED]
        inside: Inside | None = max(mine, key=lambda each: each.number, default=None)
        if inside is None:
            continue
        sent = [row for row in life.rows_of(inside) if row.step is first]
        last = max((row.due_at for row in sent), default=None)
        if last is not None and life.now >= last + PAUSE:
            row = life.add(inside, first, life.now, occasion=max(row.occasion for row in sent) + 1)
            row.turn("due", "asked-again", ASKED_AGAIN, life.now)
            row.expires_at = expires_at(sequence, first, life.now, life.facts(inside))
