"""People's work: a task opens, and is settled. Twin of `service.actions.open_task` and `settle_task`."""

from __future__ import annotations

from service.domain import reason
from service.domain.assignee import assignee_of
from service.domain.clearance import REPLY, topic_of
from service.domain.consent import may_email
from service.domain.departure import ended_by_reply
from service.domain.happening import Happening
from service.domain.simulation.carry_out import carry_out
from service.domain.simulation.inside import Inside
from service.domain.simulation.job import Job
from service.domain.simulation.leave import end_all
from service.domain.simulation.life import Life
from service.domain.simulation.occur import receive
from service.domain.simulation.row import Row
from service.domain.simulation.settlement import DONE, GRANTED, SKIPPED, outcome_of, settlement_of
from service.domain.task import GO_ON, opened


def open_job(life: Life, inside: Inside, row: Row) -> None:
    """A touch by a person is due: it is given to somebody."""
    step = row.step
    assert step.task is not None
    whom = assignee_of(life.business, step.task.assign, life.contact)
    times = opened(life.now, step.task.due, step.drop_after, life.own_zone)
    remarks = " ".join(filter(None, [whom.remark, _unreached(life, inside)]))
    settled = settlement_of(inside.sequence.key, step.key, life.now, times, life.words)
    life.jobs.append(Job(life.count(), inside, row, whom.name, times, *settled))
    words = reason.opened(step.task.what, whom.name, times.due_at, remarks or None, life.own_zone)
    row.turn("open", "task", words)
    row.expires_at = times.expires_at
    life.mail_to_colleagues = True


def _unreached(life: Life, inside: Inside) -> str | None:
    barred = may_email(life.standing(), topic_of(life.business, inside.sequence), life.now)
    return reason.unreached(life.first_name, barred) if barred is not None else None


def settle(life: Life, job: Job) -> None:
    """The time has come at which the scenario, or what is taken for granted, says how it went."""
    job.is_over = True
    word = job.word
    if not job.is_open:
        if word is not None:
            life.note(f"{word.name}: nobody had to do this any more.")
        return
    job.is_open = False
    if word is not None and word.name == SKIPPED and job.row is not None:
        why = word.data.get("note")
        job.row.turn("skipped", "task", reason.skipped_by(job.assignee, why, life.now, life.own_zone))
        life.wake()
        return
    _do(life, job)


def _do(life: Life, job: Job) -> None:
    word, row = job.word, job.row
    outcome = outcome_of(row.step if row else None, life.business.languages[0], word)
    note = (word.data.get("note") or None) if word else None
    words = reason.done_by(job.assignee, outcome, note, life.now, life.own_zone)
    if row is not None:
        row.turn("done", "task", words)
        row.at = life.now
    _fill_in(life, job)
    if row is None:
        _answered(life, job, outcome)
    else:
        undone = carry_out(life, job.inside, row.step)
        row.reason = " ".join(filter(None, [words, undone, GRANTED if word is None else None]))
    data = {
        "sequence": job.inside.sequence.key,
        "step": row.step.key if row else None,
        "value": outcome,
        "note": note,
        "enrolment": job.inside.number,
    }
    told = Happening(DONE, life.now, data, enrolment_id=job.inside.number, key=f"task:{job.number}")
    receive(life, told)


def _fill_in(life: Life, job: Job) -> None:
    """What the step asks for, as far as the scenario says."""
    task = job.row.step.task if job.row else None
    for name in task.ask if task and job.word else ():
        value = job.word.data.get(name) if job.word else None
        if value not in {None, ""}:
            life.contact[name] = value


def _answered(life: Life, job: Job, outcome: str | None) -> None:
    inside = job.inside
    inside.pause(None)
    if outcome != GO_ON:
        words = f"{job.assignee} answered their reply, and ended it."
        end_all(life, ended_by_reply(words), [inside])
        life.note(f"{job.assignee} answers the reply, and ends “{inside.sequence.title}”.")
        return
    if inside.state == "active":
        inside.wake_at = life.now
    for row in life.rows_of(inside):
        if row.state == "held" and row.rule == REPLY:
            row.turn("due", "due", reason.goes_on(job.assignee), life.now)
    granted = f" {GRANTED}" if job.word is None else ""
    life.note(f"{job.assignee} answers the reply, and “{inside.sequence.title}” goes on.{granted}")
