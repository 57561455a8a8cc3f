"""`/tasks`: the touches that people make, and how they went."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from zoneinfo import ZoneInfo

from flask import Response
from sqlalchemy import select

from service.actions.asked_fields import shape_of
from service.actions.outcomes import outcomes_of
from service.actions.proceed import find_step
from service.actions.settle_task import settle_task, skip_task, snooze_task
from service.domain.access import Scope
from service.domain.field import Fault, Unfit, in_utc
from service.store.delivery import Delivery
from service.store.enrolment import Enrolment
from service.store.task import Task, search_tasks
from service.web.api.idempotency import Answer
from service.web.api.operation import ROW, operation
from service.web.api.paging import cut, read_id
from service.web.api.refusal import refuse
from service.web.api.task_schema import DoneIn, SkipIn, SnoozeIn, TaskOut, TaskPage, TaskPath, TaskQuery
from service.web.api.unit import Unit, read, write

ON = ("read_task", "do_task", "pass_task", "postpone_task")
NONE = "There is no task with this id."
OVER = {409: "It is over already; `detail` says how it ended."}


@operation("get", "/tasks", scope=Scope.TASKS_READ, answers={200: TaskPage}, leads_to={"items/0/id": ON})
def list_tasks(query: TaskQuery) -> Response:
    """List tasks, the newest first."""

    def look(unit: Unit) -> TaskPage:
        found = search_tasks(
            unit.session,
            query.limit + 1,
            read_id(query.cursor),
            state=query.state,
            assignee=query.assignee,
            contact_id=query.contact,
            overdue_at=unit.now if query.overdue else None,
        )
        page = cut(found, query.limit, lambda task: [task.id])
        return TaskPage(items=describe(unit, page.rows), next=page.next)

    return read(look)


@operation("get", f"/tasks/{ROW}", scope=Scope.TASKS_READ, answers={200: TaskOut})
def read_task(path: TaskPath) -> Response:
    """Read a task."""

    def look(unit: Unit) -> TaskOut:
        task = unit.session.get(Task, path.id)
        if task is None:
            refuse("not-found", NONE)
        return describe(unit, [task])[0]

    return read(look)


@operation("post", f"/tasks/{ROW}/done", scope=Scope.TASKS_WRITE, answers={200: TaskOut}, problems=OVER)
def do_task(path: TaskPath, body: DoneIn) -> Response:
    """Say that a task was done.

    What was filled in is written to the contact, what waits for the task goes on, and what rides on its step happens.
    A task that a reply opened has the outcomes `go-on` and `end`: its sequence goes on, or ends.
    """

    def settle(unit: Unit) -> Task | None:
        return settle_task(
            unit.session, unit.published, path.id, _who(unit), body.outcome, body.note, body.asked, unit.now
        )

    return _settle(settle)


@operation("post", f"/tasks/{ROW}/skip", scope=Scope.TASKS_WRITE, answers={200: TaskOut}, problems=OVER)
def pass_task(path: TaskPath, body: SkipIn) -> Response:
    """Say that a task won't be done.

    What waits for it goes on without it; nothing that rides on its step happens.
    """
    return _settle(lambda unit: skip_task(unit.session, unit.published, path.id, _who(unit), body.reason, unit.now))


@operation("post", f"/tasks/{ROW}/snooze", scope=Scope.TASKS_WRITE, answers={200: TaskOut}, problems=OVER)
def postpone_task(path: TaskPath, body: SnoozeIn) -> Response:
    """Put a task off.

    Nobody is reminded of it before; then it has at least a week before it expires.
    """

    def snooze(unit: Unit) -> Task | None:
        if body.until is None:
            raise Unfit(Fault(("until",), "Say until when."))
        until = in_utc(body.until, ZoneInfo(unit.published.library.business.zone))
        return snooze_task(unit.session, unit.published, path.id, _who(unit), until, unit.now)

    return _settle(snooze)


def _who(unit: Unit) -> str:
    return f"the key “{unit.key.name}”"


def _settle(do: Callable[[Unit], Task | None]) -> Response:
    def settle(unit: Unit) -> Answer:
        task = do(unit)
        if task is None:
            refuse("not-found", NONE)
        unit.session.flush()
        return Answer(200, describe(unit, [task])[0].model_dump(mode="json"))

    return write(settle)


def describe(unit: Unit, tasks: Sequence[Task]) -> list[TaskOut]:
    """Tasks as they are given out, in two queries however many they are."""
    ids = {task.enrolment_id for task in tasks}
    enrolments = {each.id: each for each in unit.session.scalars(select(Enrolment).where(Enrolment.id.in_(ids)))}
    touches = select(Delivery.id, Delivery.step).where(Delivery.id.in_({task.delivery_id for task in tasks}))
    steps = dict(unit.session.execute(touches).all())
    return [_give(unit, task, enrolments[task.enrolment_id], steps.get(task.delivery_id or 0)) for task in tasks]


def _give(unit: Unit, task: Task, enrolment: Enrolment, step: str | None) -> TaskOut:
    business = unit.published.library.business
    written = find_step(unit.published, enrolment, step) if step else None
    asked = written[1].task.ask if written and written[1].task else ()
    shapes = {name: shape_of(name, business) or "text" for name in asked}
    columns = {column.key: getattr(task, column.key) for column in Task.__table__.columns}
    return TaskOut.model_validate(
        columns
        | {
            "contact": task.contact_id,
            "enrolment": task.enrolment_id,
            "delivery": task.delivery_id,
            "sequence": enrolment.sequence,
            "step": step,
            "outcomes": [each.value for each in outcomes_of(task, written, business)],
            "asks": {name: list(shape) if isinstance(shape, tuple) else shape for name, shape in shapes.items()},
            "overdue": task.state == "open" and task.due_at is not None and task.due_at < unit.now,
        }
    )
