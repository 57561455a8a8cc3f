"""A person's whole life with a few sequences, lived by the core as production lives it, watched at every step.

The engine of `service.actions` without its database: what is due is asked with `next_move`, mails compete in
`arbitrate`, what leaves is noted. AssertionError where something happens that must never happen (`watch.py`); `record`
says what left.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from service.domain.arm import HOLDOUT
from service.domain.departure import Convert, Leave
from service.domain.draw import draw
from service.domain.effect import EnrolIn, LeaveOf, Retag, SetField, effects, retagged
from service.domain.enrolment import Open, Recall, Skip, Wait, next_move, passed
from service.domain.entry import Occasion, why_not_enter
from service.domain.happening import Happening
from service.domain.kind import MANNERS
from service.domain.moment import resolve
from service.domain.occurrence import ASK_AGAIN, silenced
from service.domain.schedule import window_of
from service.domain.sequence.vocabulary import Kind
from service.domain.throttle import Candidate, Ruling, arbitrate
from service.domain.throttle import Person as Paced
from tests.domain.person import Incident, Inside, Person, Row, counts
from tests.domain.watch import look_back, watch_leaving, watch_opening

TURNS = 400  # more than this at one instant is no way through a sequence
WAITING = frozenset({"due", "held", "cleared"})
REASONS = {"sent": "Sent.", "uncertain": "It may have left or not.", "failed": "Refused for good."}


class Life(Person):
    """One person, whose `now` only ever grows."""

    def live(self, incidents: Iterable[Incident], until: datetime) -> None:
        """Everything that happens, and all that is done about it, up to an instant."""
        ahead = sorted(incidents, key=lambda each: each.at)
        self.expect()
        while True:
            tick, incident = self._next_tick(), ahead[0].at if ahead else None
            if incident is not None and (tick is None or incident <= tick):
                self._go_to(max(incident, self.now))
                self._take_in(ahead.pop(0))
            elif tick is not None and tick <= until:
                self._go_to(tick)
                self.work()
            else:
                break
        look_back(self)

    def _go_to(self, now: datetime) -> None:
        assert now >= self.now, "time runs backwards"
        self.now = now

    def _next_tick(self) -> datetime | None:
        times = [each.wake_at for each in self.insides if each.state in {"active", "awaited"}]
        times += [row.wake_at for row in self.rows if row.state in {"due", "held"}]
        tick = min((max(each, self.now) for each in times if each is not None), default=None)
        while tick is not None:
            over = next((end for start, end in self.outages if start <= tick < end), None)
            if over is None:
                break
            tick = over
        return tick

    def _take_in(self, incident: Incident) -> None:
        if incident.change:
            self.change(incident.change)
        if incident.works:
            for row in [row for row in self.rows if row.state == "open"]:
                self._do_task(row)
        if incident.event is not None:
            self.hear(incident.event)
        self.wake()
        self.expect()

    def _do_task(self, row: Row) -> None:
        row.state, row.reason, row.at = "done", "Done by Mia.", self.now
        data = {"sequence": row.inside.sequence.key, "step": row.step.key, "value": "yes"}
        self.happenings.append(Happening("task.done", self.now, data, enrolment_id=row.inside.number))
        self._carry_out(row)

    def work(self) -> None:
        """All that is due now; when it is done, nothing may be due any more."""
        for _ in range(TURNS):
            woken = [each for each in self.insides if each.wake_at is not None and each.wake_at <= self.now]
            for inside in woken:
                if inside in self.insides:  # else it was awaited, and is not any more
                    self._advance(inside)
            ruled, left = self._arbitrate(), self._deliver()
            if not (woken or ruled or left):
                return
        raise AssertionError(f"no end at {self.now}")

    def _advance(self, inside: Inside) -> None:
        if inside.state not in {"active", "awaited"}:
            inside.wake_at = None  # another one of these took the person out
            return
        if inside.state == "awaited" and not self._enter(inside):
            return
        if inside.progress.date is not None:
            moment = resolve(inside.sequence, self.facts(inside).given(), inside.progress.date)
            inside.progress = replace(inside.progress, date=moment)
        for _ in range(TURNS):
            if not self._move(inside):
                return
        raise AssertionError("the walk does not end")

    def _enter(self, inside: Inside) -> bool:
        facts = self.facts(inside)
        if silenced(inside.began_by, inside.key, facts):
            inside.wake_at = self.now + ASK_AGAIN
            return False
        why = why_not_enter(inside.sequence, facts, self.last_entered(inside.sequence), self.now)
        inside.state = "active" if why is None else "declined"
        inside.progress = replace(inside.progress, entered_at=self.now)
        if why is not None:
            inside.wake_at, inside.why = None, why
        self.expect()
        return why is None

    def _move(self, inside: Inside) -> bool:
        """One move; whether another one follows."""
        waiting = {row.step.key for row in self.rows_of(inside) if row.state in WAITING}
        move = next_move(inside.sequence, inside.progress, self.facts(inside), self.now, waiting=waiting)
        match move:
            case Leave():
                self._end(inside, move)
            case Wait():
                self._wait(inside, move)
            case Convert():
                assert not inside.progress.converted, "the goal is reached twice"
                inside.progress = replace(inside.progress, converted=True)
            case Recall():
                self._take_back(inside, move)
            case Skip():
                self._skip(inside, move)
            case Open():
                return self._open(inside, move)
        return not isinstance(move, Leave | Wait)

    def _wait(self, inside: Inside, wait: Wait) -> None:
        assert wait.until is None or wait.until > self.now, f"a hot loop: {wait}"
        inside.wake_at = wait.until
        if wait.step is not None and wait.due_at is not None:
            self.row_of(inside, wait.step, wait.due_at)

    def _take_back(self, inside: Inside, move: Recall) -> None:
        row = self.row_of(inside, move.step, move.due_at)
        assert row.state in WAITING, f"{row.state} can't be taken back"
        row.state, row.due_at = "planned", move.due_at
        row.opened_at = row.wake_at = row.expires_at = None

    def _end(self, inside: Inside, leave: Leave) -> None:
        inside.state, inside.why, inside.wake_at = leave.state, leave.reason, None
        for row in self.rows_of(inside):
            if row.state in WAITING | {"planned", "open"}:
                row.state, row.reason, row.wake_at = "cancelled", leave.reason, None

    def _skip(self, inside: Inside, skip: Skip) -> None:
        assert skip.over_at <= self.now
        row = self.row_of(inside, skip.step, skip.due_at)
        assert row.state in WAITING | {"planned"}, f"{skip.step.key} is {row.state}, and passed: {skip.reason}"
        row.state, row.reason, row.wake_at = skip.state, skip.reason, None
        inside.progress = passed(inside.progress, skip.step, None, skip.over_at)

    def _open(self, inside: Inside, move: Open) -> bool:
        """Whether to go on: an action may change what is known of the person, so that everybody is asked anew."""
        row, step = self.row_of(inside, move.step, move.due_at), move.step
        watch_opening(self, row, move)
        assert inside.arm != HOLDOUT or not inside.sequence.arms or step.kind is Kind.SERVICE
        if move.overdue:
            self.caught_up_at = self.now
        row.opened_at, row.due_at = self.now, move.due_at
        if step.is_email:
            row.state, row.reason, row.expires_at, row.wake_at = "due", "Due.", move.expires_at, self.now
            return True
        inside.progress = passed(inside.progress, step, self.now)
        if step.task is not None:
            row.state, row.reason = "open", "Open."
            return True
        row.state, row.reason, row.at = "done", "Done: it was due.", self.now
        self._carry_out(row)
        inside.wake_at = self.now if inside.state == "active" else None
        return False

    def _carry_out(self, row: Row) -> None:
        for effect in effects(row.step, self.facts(row.inside)):
            match effect:
                case SetField(name=name, value=value):
                    self.change({name: value})
                case Retag():
                    self.change({"tags": retagged(self.contact.get("tags", ()), effect)})
                case EnrolIn(sequence=key):
                    for sequence in self.sequences:
                        if sequence.key == key:
                            self.enrol(sequence, Occasion("enrol", key, f"enrol:{row.inside.number}"))
                case LeaveOf(sequence=key):
                    for other in self.insides:
                        if other is not row.inside and other.state == "active" and key in {None, other.sequence.key}:
                            self._end(other, Leave("stopped", "left-by-step", "Stopped: a step took the person out."))
        self.wake()
        self.expect()

    def _arbitrate(self) -> bool:
        """Rule on all that waits, where any of it is looked at now."""
        waiting = {number: row for number, row in enumerate(self.rows) if row.state in {"due", "held"}}
        if not any(row.wake_at is not None and row.wake_at <= self.now for row in waiting.values()):
            return False
        candidates = [self._candidate(number, row) for number, row in waiting.items()]
        taken = [row for row in self.rows if row.state in {"cleared", "sent", "uncertain"} and counts(row)]
        history = [row.at or self.now for row in taken]
        person = Paced(history, zone=self.zone, closed=self.business.closed)
        for number, verdict in arbitrate(candidates, person, self.business.throttle, self.now).items():
            row = waiting[number]
            row.state, row.reason, row.wake_at = str(verdict.ruling), verdict.reason, verdict.until
            if verdict.ruling is Ruling.EXPIRED:
                self._leave_behind(row, None, row.expires_at)
        return True

    def _candidate(self, number: int, row: Row) -> Candidate:
        assert row.expires_at is not None
        window = window_of(row.inside.sequence, row.step, self.business.window)
        kind = row.step.kind
        return Candidate(number, MANNERS[kind].priority, row.expires_at, window, kind, counts(row))

    def _deliver(self) -> bool:
        """Hand over what is cleared; some of it is refused, and of some nobody knows."""
        cleared = [row for row in self.rows if row.state == "cleared"]
        for row in cleared:
            if row.state != "cleared" or (row.inside.wake_at is not None and row.inside.wake_at <= self.now):
                continue  # something happened that the engine has not looked at
            watch_leaving(self, row)
            point = draw(str(self.rows.index(row)), row.step.key)
            row.state = "sent" if point < 0.8 else "uncertain" if point < 0.9 else "failed"
            row.reason, row.at = REASONS[row.state], None if row.state == "failed" else self.now
            self.record.append((self.now.isoformat(), row.inside.sequence.key, row.step.key, row.state))
            self._leave_behind(row, row.at, self.now)
            if row.at is not None:
                self._carry_out(row)
        return bool(cleared)

    def _leave_behind(self, row: Row, at: datetime | None, over_at: datetime | None) -> None:
        if row.inside.state == "active":
            row.inside.progress = passed(row.inside.progress, row.step, at, over_at)
            row.inside.wake_at = self.now
