"""Who may be written to now, and the mail that leaves. Twin of `service.actions.arbitrate` and `deliver`; sending
takes no time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from service.domain import clearance, reason
from service.domain.consent import Standing
from service.domain.enrolment import passed
from service.domain.simulation.carry_out import carry_out
from service.domain.simulation.enter import plan_next
from service.domain.simulation.life import Life, Past
from service.domain.simulation.pace import person_of
from service.domain.simulation.row import Row
from service.domain.simulation.sunset import ask_whoever_never_reacts
from service.domain.simulation.wording import why_wordless
from service.domain.throttle import Ruling, Verdict
from service.domain.throttle import arbitrate as decide


def arbitrate(life: Life) -> bool:
    """Rule on all that waits for a slot, once any of it is due; whether anything was."""
    waiting = [row for row in life.rows if row.state in {"due", "held"}]
    is_due = life.mail_to_colleagues or any(row.wake_at is not None and row.wake_at <= life.now for row in waiting)
    life.mail_to_colleagues = False
    if not is_due:
        return False
    for row, verdict in rule(life, waiting):
        _apply(life, row, verdict)
    return True


def rule(life: Life, rows: Sequence[Row]) -> list[tuple[Row, Verdict]]:
    """A verdict for each mail. Wishes are asked first, then the window and the caps."""
    standing, raised = life.standing(), _complaint(life)
    verdicts: list[tuple[Row, Verdict]] = []
    rivals = []
    for row in rows:
        against = _bar(life, row, standing) or _hold(life, row, raised)
        if against is not None:
            verdicts.append((row, against))
        else:
            rivals.append(row)
    candidates = [
        clearance.candidate(
            row.number,
            row.inside.sequence,
            row.step,
            row.expires_at or life.now,
            life.business,
            seed=life.seed,
            due_at=row.due_at,
        )
        for row in rivals
    ]
    decided = decide(candidates, person_of(life, rows), life.business.throttle, life.now) if rivals else {}
    return verdicts + [(row, decided[row.number]) for row in rivals]


def _bar(life: Life, row: Row, standing: Standing) -> Verdict | None:
    """Why this mail may not be sent at all, whatever its turn."""
    if row.inside.state != "active" and not row.occasion:
        return clearance.left(row.inside.why)
    return clearance.barred(standing, clearance.topic_of(life.business, row.inside.sequence), life.first_name, life.now)


def _hold(life: Life, row: Row, raised: datetime | None) -> Verdict | None:
    """What has to be settled before it may leave."""
    waits = None if row.occasion else clearance.held_by_reply(row.inside.paused_at, life.first_name)
    waits = waits or clearance.held_by_pause(row.inside.sequence, row.expires_at, life.now)
    waits = waits or clearance.held_by_complaint(raised, row.priority, row.expires_at, life.now)
    if waits is not None or life.paused_until is None:
        return waits
    topic = clearance.topic_of(life.business, row.inside.sequence)
    return clearance.held_by_wish(life.paused_until, topic, row.priority, row.expires_at, life.now, life.zone)


def _complaint(life: Life) -> datetime | None:
    """When the complaint was raised that is open."""
    told = [each for each in life.happenings if each.name in {"complaint.raised", "complaint.resolved"}]
    last = max(enumerate(told), key=lambda each: (each[1].at, each[0]), default=None)
    return last[1].at if last is not None and last[1].name == "complaint.raised" else None


def _apply(life: Life, row: Row, verdict: Verdict) -> None:
    match verdict.ruling:
        case Ruling.CLEARED:
            row.turn("cleared", verdict.rule, verdict.reason)
        case Ruling.HELD:
            row.hold(verdict.rule, verdict.reason, verdict.until, life.now)
        case Ruling.EXPIRED:
            state = "expired" if verdict.rule in {"expired", "window"} else "cancelled"
            row.turn(state, verdict.rule, verdict.reason)
            _leave_behind(life, row, None)


def _leave_behind(life: Life, row: Row, at: datetime | None) -> None:
    inside = row.inside
    if inside.state == "active" and not row.occasion:
        over_at = row.expires_at if row.state == "expired" else life.now
        inside.progress = passed(inside.progress, row.step, at, over_at)
        plan_next(life, inside)


def deliver(life: Life) -> bool:
    """Let everything leave that was cleared; whether anything did."""
    cleared = [row for row in life.rows if row.state == "cleared"]
    past = life.past() if cleared else None
    ready = [row for row in cleared if past and _is_worded(life, row, past)]
    granted = []
    for row, verdict in rule(life, ready) if ready else ():
        if verdict.ruling is Ruling.CLEARED:
            granted.append(row)
        else:
            _apply(life, row, verdict)
    for row in sorted(granted, key=lambda each: each.number):
        row.turn("sent", "sent", reason.SENT if row.priority else reason.SERVICE_SENT)
        row.at = life.now
        _leave_behind(life, row, life.now)
    for row in granted:
        if row.step.actions and not row.occasion and row.inside.state == "active":
            carry_out(life, row.inside, row.step)
    if any(row.priority for row in granted):
        ask_whoever_never_reacts(life)
    return bool(granted)


def _is_worded(life: Life, row: Row, past: Past) -> bool:
    """Whether the mail can be put into words; else it is held, with what is missing."""
    why = why_wordless(row.step, life.facts(row.inside, past))
    if why is None:
        return True
    held = clearance.held_wordless(why, row.expires_at, life.now)
    row.hold(held.rule, held.reason, held.until, life.now)
    return False
