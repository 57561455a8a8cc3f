"""A person's whole life with a few sequences, lived by the core as production lives it, watched at every step.

The engine of `service.actions` without its database: what is due is asked with `next_move`, mails compete in
`arbitrate`, what leaves is noted. `Life` raises AssertionError where something happens that must never happen; its
`record` says what did.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from service.domain.arm import HOLDOUT, draw_arm
from service.domain.departure import Convert, Leave
from service.domain.draw import draw
from service.domain.effect import EnrolIn, LeaveOf, Retag, SetField, effects
from service.domain.enrolment import OVERDUE, Open, Recall, Skip, Wait, next_move, passed
from service.domain.entry import Occasion, answers, trigger_key, why_not_enter
from service.domain.facts import Facts
from service.domain.happening import Happening, Touch
from service.domain.kind import MANNERS
from service.domain.moment import Moment, first, resolve
from service.domain.occurrence import ASK_AGAIN, Entered, awaited, awaits, silenced
from service.domain.schedule import Progress, is_dated, window_of
from service.domain.sequence.model import Anchor, Business, Kind, Sequence, Step, Unit
from service.domain.throttle import Candidate, Ruling, arbitrate
from service.domain.window import Window

DAY = timedelta(days=1)
TURNS = 400  # more than this at one instant is no way through a sequence
OPEN = frozenset({"due", "held", "cleared"})
FINAL = frozenset({"sent", "uncertain", "failed", "skipped", "expired", "cancelled", "done"})


@dataclass(frozen=True)
class Incident:
    """Something that happens to the person: an event, a change of fields, or a colleague who does what is open."""

    at: datetime
    event: Happening | None = None
    change: Mapping[str, Any] = field(default_factory=dict)
    works: bool = False


@dataclass
class Inside:
    """An enrolment."""

    number: int
    sequence: Sequence
    key: str
    state: str
    progress: Progress
    wake_at: datetime | None
    began_by: str
    about: str | None
    data: dict[str, Any]
    arm: str | None
    why: str = ""


@dataclass
class Row:
    """A touch. `opened_at` is when it was let go, `at` when it left or was done."""

    inside: Inside
    step: Step
    due_at: datetime
    state: str = "planned"
    reason: str = ""
    wake_at: datetime | None = None
    expires_at: datetime | None = None
    opened_at: datetime | None = None
    at: datetime | None = None


@dataclass
class Life:
    """One person. `now` only ever grows; `outages` are times in which no worker runs."""

    business: Business
    sequences: tuple[Sequence, ...]
    zone: ZoneInfo
    now: datetime
    contact: dict[str, Any] = field(default_factory=dict)
    outages: tuple[tuple[datetime, datetime], ...] = ()
    happenings: list[Happening] = field(default_factory=list)
    insides: list[Inside] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    caught_up_at: datetime | None = None
    late: list[datetime] = field(default_factory=list)
    record: list[tuple[str, str, str, str]] = field(default_factory=list)

    # time

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
        self._look_back()

    def _go_to(self, now: datetime) -> None:
        assert now >= self.now, "time runs backwards"
        self.now = now

    def _next_tick(self) -> datetime | None:
        times = [each.wake_at for each in self.insides if each.state in {"active", "awaited"}]
        times += [row.wake_at for row in self.rows if row.state in {"due", "held"}]
        tick = min((max(each, self.now) for each in times if each is not None), default=None)
        while tick is not None and (over := self._outage(tick)) is not None:
            tick = over
        return tick

    def _outage(self, at: datetime) -> datetime | None:
        return next((end for start, end in self.outages if start <= at < end), None)

    # what happens

    def _take_in(self, incident: Incident) -> None:
        if incident.change:
            self._change(incident.change)
        if incident.works:
            for row in [row for row in self.rows if row.state == "open"]:
                self._do_task(row)
        if incident.event is not None:
            self._hear(incident.event)
        self.wake()
        self.expect()

    def _change(self, fields: Mapping[str, Any]) -> None:
        before = self.contact.get("stage")
        self.contact = self.contact | fields
        if self.contact.get("stage") != before:
            stage = str(self.contact["stage"])
            self._enrol_by(Occasion("becomes", stage, f"{stage}:{self.now.isoformat()}"))

    def _do_task(self, row: Row) -> None:
        row.state, row.reason, row.at = "done", "Done by Mia.", self.now
        data = {"sequence": row.inside.sequence.key, "step": row.step.key, "value": "yes"}
        self.happenings.append(Happening("task.done", self.now, data, enrolment_id=row.inside.number))
        self._carry_out(row)

    def _hear(self, event: Happening) -> None:
        """The same event about the same thing corrects the older one."""
        older = [
            each for each in self.happenings if each.name == event.name and event.about and each.about == event.about
        ]
        self.happenings = [each for each in self.happenings if each not in older] + [event]
        if older:
            for inside in self.insides:
                if (inside.about, inside.began_by) == (event.about, event.name):
                    inside.data = inside.data | {"event": event.as_event()}
            return
        key = event.about or event.key
        self._enrol_by(Occasion("event", event.name, key, {"event": event.as_event()}, about=key))

    def _enrol_by(self, occasion: Occasion) -> None:
        for sequence in self.sequences:
            if answers(sequence, occasion):
                self.enrol(sequence, occasion)

    def enrol(self, sequence: Sequence, occasion: Occasion) -> None:
        key = trigger_key(sequence, occasion)
        if any(each.sequence is sequence and each.key == key for each in self.insides):
            return
        inside = self._inside(sequence, occasion)
        moment = first(sequence, self.facts(inside).given(), self.now) if sequence.date else None
        inside.progress = replace(inside.progress, date=moment)
        if why_not_enter(sequence, self.facts(inside), self._last_entered(sequence), self.now) is None:
            self.insides.append(inside)

    def _inside(self, sequence: Sequence, occasion: Occasion) -> Inside:
        return Inside(
            number=next(self.numbers),
            sequence=sequence,
            key=trigger_key(sequence, occasion),
            state="active",
            progress=Progress(self.now),
            wake_at=self.now,
            began_by=occasion.began_by,
            about=occasion.thing,
            data=dict(occasion.data),
            arm=draw_arm(sequence, "ana"),
        )

    def _last_entered(self, sequence: Sequence) -> datetime | None:
        over = {"awaited", "declined"}
        entered = [
            each.progress.entered_at for each in self.insides if each.sequence is sequence and each.state not in over
        ]
        return max(entered, default=None)

    def wake(self) -> None:
        for inside in self.insides:
            if inside.state == "active":
                inside.wake_at = self.now

    def expect(self) -> None:
        """When the person will enter by themselves."""
        for sequence in self.sequences:
            if not awaits(sequence):
                continue
            known = [each for each in self.insides if each.sequence is sequence]
            waiting = next((each for each in known if each.state == "awaited"), None)
            others = [each for each in known if each is not waiting]
            draft = self._inside(sequence, Occasion("date", "", ""))
            entered = [
                Entered(each.key, each.began_by, each.progress.date.at if each.progress.date else None)
                for each in others
            ]
            found = awaited(sequence, self.facts(draft), entered)
            if waiting is not None:
                self.insides.remove(waiting)
            if found is None:
                continue
            inside = self._inside(sequence, found.occasion)
            inside.state, inside.wake_at = "awaited", found.enters_at
            inside.progress = Progress(found.enters_at, date=found.date)
            self.insides.append(inside)

    # what is known

    def facts(self, inside: Inside) -> Facts:
        touches = tuple(
            Touch(
                row.inside.number,
                row.inside.sequence.key,
                row.step.key,
                row.state,
                MANNERS[row.step.kind].priority,
                row.at,
            )
            for row in self.rows
            if row.state in FINAL
        )
        return Facts(
            business=self.business,
            enrolment_id=inside.number,
            sequence=inside.sequence.key,
            entered_at=inside.progress.entered_at,
            now=self.now,
            zone=self.zone,
            contact=self.contact,
            event=inside.data.get("event", {}),
            happenings=tuple(each for each in self.happenings if each.at <= self.now),
            touches=touches,
            inside=frozenset(each.sequence.key for each in self.insides if each.state == "active"),
            arm=inside.arm,
            date=inside.progress.date,
            about=inside.about,
            began_by=inside.began_by,
            seed="ana",
            caught_up_at=self.caught_up_at,
        )

    # what is done

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
        why = why_not_enter(inside.sequence, facts, self._last_entered(inside.sequence), self.now)
        inside.state = "active" if why is None else "declined"
        inside.progress = replace(inside.progress, entered_at=self.now)
        if why is not None:
            inside.wake_at, inside.why = None, why
        self.expect()
        return why is None

    def _move(self, inside: Inside) -> bool:
        """One move; whether another one follows."""
        waiting = {row.step.key for row in self._rows_of(inside) if row.state in OPEN}
        move = next_move(inside.sequence, inside.progress, self.facts(inside), self.now, waiting=waiting)
        match move:
            case Leave():
                self._end(inside, move)
            case Wait():
                assert move.until is None or move.until > self.now, f"a hot loop: {move}"
                inside.wake_at = move.until
                if move.step is not None and move.due_at is not None:
                    self._row(inside, move.step, move.due_at)
            case Convert():
                assert not inside.progress.converted, "the goal is reached twice"
                inside.progress = replace(inside.progress, converted=True)
            case Recall():
                row = self._row(inside, move.step, move.due_at)
                assert row.state in OPEN, f"{row.state} can't be taken back"
                row.state, row.due_at, row.opened_at, row.wake_at, row.expires_at = (
                    "planned",
                    move.due_at,
                    None,
                    None,
                    None,
                )
            case Skip():
                self._skip(inside, move)
            case Open():
                self._open(inside, move)
                return move.step.is_email or move.step.task is not None or self._stay(inside)
        return not isinstance(move, Leave | Wait)

    def _stay(self, inside: Inside) -> bool:
        """What is known of the person may have changed by an action: everybody is asked anew."""
        inside.wake_at = self.now if inside.state == "active" else None
        return False

    def _rows_of(self, inside: Inside) -> list[Row]:
        return [row for row in self.rows if row.inside is inside]

    def _row(self, inside: Inside, step: Step, due: datetime) -> Row:
        row = next((row for row in self._rows_of(inside) if row.step.key == step.key), None)
        if row is None:
            row = Row(inside, step, due)
            self.rows.append(row)
        return row

    def _end(self, inside: Inside, leave: Leave) -> None:
        assert leave.reason.endswith(".")
        inside.state, inside.why, inside.wake_at = leave.state, leave.reason, None
        for row in self._rows_of(inside):
            if row.state in OPEN | {"planned", "open"}:
                row.state, row.reason, row.wake_at = "cancelled", leave.reason, None

    def _skip(self, inside: Inside, skip: Skip) -> None:
        assert skip.over_at <= self.now
        row = self._row(inside, skip.step, skip.due_at)
        assert row.state in OPEN | {"planned"}, f"{skip.step.key} is {row.state}, and passed: {skip.reason}"
        row.state, row.reason, row.wake_at = skip.state, skip.reason, None
        inside.progress = passed(inside.progress, skip.step, None, skip.over_at)

    def _open(self, inside: Inside, move: Open) -> None:
        row, step = self._row(inside, move.step, move.due_at), move.step
        assert row.state == "planned", f"{step.key} is {row.state}, and opens"
        assert move.due_at <= self.now, "opened before its time"
        assert self.now <= move.expires_at, "opened when it was over"
        assert inside.arm != HOLDOUT or not inside.sequence.arms or step.kind is Kind.SERVICE
        if move.overdue:
            self.caught_up_at = self.now
        if (step.is_email or step.task) and self._was_held_up(move):
            assert not self.late or self.now - self.late[-1] >= DAY, "two overdue touches on one day"
            self.late.append(self.now)
        row.opened_at, row.due_at = self.now, move.due_at
        if step.is_email:
            row.state, row.reason, row.expires_at, row.wake_at = "due", "Due.", move.expires_at, self.now
            return
        inside.progress = passed(inside.progress, step, self.now)
        if step.task is not None:
            row.state, row.reason = "open", "Open."
            return
        row.state, row.reason, row.at = "done", "Done: it was due.", self.now
        self._carry_out(row)

    def _was_held_up(self, move: Open) -> bool:
        """Whether it fell due while no worker ran, and long before they did again."""
        within = any(start <= move.due_at < end for start, end in self.outages)
        return within and self.now - move.due_at > OVERDUE and move.step.wait_for is None and move.overdue

    def _carry_out(self, row: Row) -> None:
        for effect in effects(row.step, self.facts(row.inside)):
            match effect:
                case SetField(name=name, value=value):
                    self._change({name: value})
                case Retag(add=add):
                    self.contact = self.contact | {"tags": sorted({*self.contact.get("tags", ()), *add})}
                case EnrolIn(sequence=key):
                    sequence = next((each for each in self.sequences if each.key == key), None)
                    if sequence is not None:
                        self.enrol(sequence, Occasion("enrol", row.inside.sequence.key, f"enrol:{row.inside.number}"))
                case LeaveOf(sequence=key):
                    for other in self.insides:
                        if other is not row.inside and other.state == "active" and key in {None, other.sequence.key}:
                            self._end(other, Leave("stopped", "left-by-step", "Stopped: a step took the person out."))
        self.wake()
        self.expect()

    def _arbitrate(self) -> bool:
        """Rule on all that waits where any of it is looked at now."""
        waiting = {number: row for number, row in enumerate(self.rows) if row.state in {"due", "held"}}
        if not any(row.wake_at is not None and row.wake_at <= self.now for row in waiting.values()):
            return False
        candidates = [self._candidate(number, row) for number, row in waiting.items()]
        counted = [
            row.at or self.now for row in self.rows if row.state in {"cleared", "sent", "uncertain"} and _counts(row)
        ]
        caps, closed = self.business.caps, self.business.closed
        for number, verdict in arbitrate(candidates, counted, caps, closed, self.zone, self.now).items():
            row = waiting[number]
            row.reason, row.wake_at = verdict.reason, verdict.until
            row.state = str(verdict.ruling)
            if verdict.ruling is Ruling.EXPIRED:
                self._leave_behind(row, None, row.expires_at)
        return True

    def _candidate(self, number: int, row: Row) -> Candidate:
        assert row.expires_at is not None
        window = window_of(row.inside.sequence, row.step, self.business.window)
        return Candidate(number, MANNERS[row.step.kind].priority, row.expires_at, window, _counts(row))

    def _deliver(self) -> bool:
        cleared = [row for row in self.rows if row.state == "cleared"]
        for row in cleared:
            if row.state != "cleared" or (row.inside.wake_at is not None and row.inside.wake_at <= self.now):
                continue  # something happened that the engine has not looked at
            self._watch(row)
            row.at = self.now
            point = draw(str(self.rows.index(row)), row.step.key)
            row.state = "sent" if point < 0.8 else "uncertain" if point < 0.9 else "failed"
            row.reason = (
                "Sent." if row.state == "sent" else "It may have left." if row.state == "uncertain" else "Refused."
            )
            self.record.append((self.now.isoformat(), row.inside.sequence.key, row.step.key, row.state))
            if row.state == "failed":
                row.at = None
            self._leave_behind(row, row.at, self.now)
            if row.state != "failed":
                self._carry_out(row)
        return bool(cleared)

    def _leave_behind(self, row: Row, at: datetime | None, over_at: datetime | None) -> None:
        if row.inside.state == "active":
            row.inside.progress = passed(row.inside.progress, row.step, at, over_at)
            row.inside.wake_at = self.now

    # what must never happen

    def _watch(self, row: Row) -> None:
        """All that must be true of a mail that leaves now, asked without the core where that can be."""
        inside, step, now = row.inside, row.step, self.now
        assert inside.state == "active", f"sent after the end: {inside.why}"
        assert row.opened_at is not None
        assert row.expires_at is not None
        assert row.due_at <= row.opened_at <= now <= row.expires_at
        window = window_of(inside.sequence, step, self.business.window)
        assert shows(window, now, self.zone), f"outside its window: {now.astimezone(self.zone)}"
        assert not _counts(row) or now.astimezone(self.zone).date() not in self.business.closed
        for stop in inside.sequence.stop:
            if stop.event is not None and stop.event != inside.began_by:
                since = inside.progress.entered_at
                assert not any(each.name == stop.event and since <= each.at <= now for each in self.happenings)
        self._watch_time(row)

    def _watch_time(self, row: Row) -> None:
        when, progress = row.step.when, row.inside.progress
        today = self.now.astimezone(self.zone)
        entered = progress.entered_at.astimezone(self.zone)
        if when.anchor is Anchor.DAY:
            apart = (today.date() - entered.date()).days
            assert apart >= when.days
            assert apart > when.days or when.at is None or not _plain(today) or today.time() >= when.at
        elif when.anchor is Anchor.BEFORE:
            assert progress.date is not None
            assert self.now <= progress.date.at, "it belonged before the date"
        elif is_dated(row.step):
            assert progress.date is not None
            assert self.now >= _midnight(progress.date, self.zone)
        elif when.duration is not None and when.duration.unit is Unit.DAYS:
            start = (progress.last_done_at or progress.entered_at).astimezone(self.zone)
            assert (today.date() - start.date()).days >= when.duration.amount

    def _look_back(self) -> None:
        """At the end every touch has one state, and a reason; what is over holds nothing that is still to come."""
        keys = [(row.inside.number, row.step.key) for row in self.rows]
        assert len(keys) == len(set(keys)), "a touch has two rows"
        for row in self.rows:
            if row.inside.state != "active":
                assert row.state in FINAL, f"{row.step.key} is {row.state}, and its enrolment {row.inside.state}"
            assert row.state == "planned" or row.reason.endswith("."), row
        for inside in self.insides:
            steps = [row.step.key for row in self._rows_of(inside) if row.state in FINAL]
            done = [key for key in inside.progress.passed if key not in steps]
            assert not done or inside.state != "finished", f"behind without a state: {done}"
            assert inside.state in {"active", "awaited"} or inside.why.endswith(".")


def _counts(row: Row) -> bool:
    return MANNERS[row.step.kind].priority > 0


def shows(window: Window, at: datetime, zone: ZoneInfo) -> bool:
    """Whether a clock on the wall shows an hour of the window. On the day of a change of the clocks nobody looks."""
    local = at.astimezone(zone)
    if not window.spans or not _plain(local):
        return True
    minute = local.time().replace(second=0, microsecond=0)
    return any(
        local.weekday() in each.days and each.start <= local.time() and minute <= each.end for each in window.spans
    )


def _plain(local: datetime) -> bool:
    """Whether no clock is changed on this day or the one before."""
    day = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    return len({(day + DAY * turn).utcoffset() for turn in (-1, 0, 1, 2)}) == 1


def _midnight(moment: Moment, zone: ZoneInfo) -> datetime:
    return moment.at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
