"""The clock of open tasks: stopped and let go on with the working days that were left, and computed anew.

A task whose due date somebody set by hand keeps it when the calendar changes; a closed one always does.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from engine import calendars, clock, history, instances, operations, tasks, working_days
from engine.actors import Actor
from engine.deadline_tables import TaskDeadline, TaskSnooze
from engine.errors import Conflict, EngineError, Text
from engine.handlers import Json
from engine.spiff import relocation
from engine.tables import ProcessInstance, Timer, UserTask
from engine.task_deadlines import due_day, of_task, plan_firings, replan, stop, waiting

PAUSE = Text("dừng tính thời hạn", "pause the clock")
RESUME = Text("tính tiếp thời hạn", "resume the clock")
SNOOZE = Text("tạm gác việc", "put a task aside")


def follow(session: Session, instance: ProcessInstance, task: UserTask, actor: Actor) -> None:
    """Let reminders and levels follow a due date that somebody set: the calendar leaves it alone now."""
    deadline = of_task(session, task.id)
    if deadline is not None:
        deadline.by_hand = True
        deadline.paused_at = deadline.remaining = None
        replan(session, instance, task, deadline, actor)


def pause(session: Session, task_id: int, actor: Actor, reason: str) -> UserTask:
    """Stop the clock of an open task: the working days that are left are kept, nothing is sent meanwhile.

    Raises Conflict for a task without a limit, and for one whose clock stands.
    """
    given = operations.ensure_reason(reason, PAUSE)
    task, instance, deadline = _locked(session, task_id, PAUSE)
    if deadline.paused_at is not None:
        raise _standing(task, "the clock has been stopped already", "thời hạn đã được dừng trước đó")
    _pause(session, instance, task, deadline, actor, given)
    return task


def resume(session: Session, task_id: int, actor: Actor, reason: str) -> UserTask:
    """Let the clock of a task go on: due again after the working days that were left; raises Conflict."""
    given = operations.ensure_reason(reason, RESUME)
    task, instance, deadline = _locked(session, task_id, RESUME)
    if deadline.paused_at is None:
        raise _standing(task, "its clock runs", "thời hạn vẫn đang tính")
    _resume(session, instance, task, deadline, actor, given)
    return task


def pause_instance(session: Session, instance: ProcessInstance, actor: Actor, reason: str) -> int:
    """Stop the clock of every open task of a locked case; return of how many."""
    given = operations.ensure_reason(reason, PAUSE)
    running = _limited(session, instance, paused=False)
    for deadline in running:
        task = session.get_one(UserTask, deadline.task_id)
        _pause(session, instance, task, deadline, actor, given)
    return len(running)


def resume_instance(session: Session, instance: ProcessInstance, actor: Actor, reason: str) -> int:
    """Let the clock of every open task of a locked case go on; return of how many."""
    given = operations.ensure_reason(reason, RESUME)
    standing = _limited(session, instance, paused=True)
    for deadline in standing:
        task = session.get_one(UserTask, deadline.task_id)
        _resume(session, instance, task, deadline, actor, given)
    return len(standing)


def recompute(session: Session, cause: Text, actor: Actor) -> int:
    """Count the limits of all running tasks anew after a change of the calendar; return how many moved.

    Each that moves says so in its history: the old date, the new one and the cause. Limits set by hand,
    paused ones and closed tasks stay as they are; a limit that the calendar cannot count stays, with a note.
    """
    moved = 0
    for task_id, instance_id in session.execute(_running()).all():
        instance = instances.locked(session, instance_id)
        task = session.get_one(UserTask, task_id, populate_existing=True)
        deadline = session.get_one(TaskDeadline, task_id, populate_existing=True)
        if task.status == "open" and deadline.paused_at is None:
            moved += _recompute(session, instance, task, deadline, cause, actor)
    return moved


def snooze(session: Session, task_id: int, until: datetime | None, actor: Actor) -> None:
    """Put a task aside for the actor until a moment (aware), or take it up again; nothing else changes.

    It shows again when it is due, however long it was put aside for. Raises Conflict for a past moment.
    """
    task, instance = tasks.lock(session, task_id)
    tasks.ensure_concerns(session, task, actor, SNOOZE.en, SNOOZE.vi)
    tasks.ensure_open(task, SNOOZE.en)
    if until is not None and until <= clock.now():
        raise Conflict(
            expected="a moment that is still to come",
            found="it has passed",
            found_vi="thời điểm tạm gác đã qua",
        )
    row = session.get(TaskSnooze, (task_id, actor.name))
    if until is None and row is not None:
        session.delete(row)
    elif until is not None:
        session.merge(TaskSnooze(task_id=task_id, person=actor.name, until=until))
    data: dict[str, Json] = {"task": task.id, "until": _iso(until)}
    with instances.guarded(instance.id):
        kind = "task.snoozed" if until is not None else "task.unsnoozed"
        history.record(session, instance, kind, actor, data, task.element)
        session.flush()
        history.write(session)


def _locked(
    session: Session, task_id: int, operation: Text
) -> tuple[UserTask, ProcessInstance, TaskDeadline]:
    task, instance = tasks.lock(session, task_id)
    operations.ensure_active(instance, operation)
    tasks.ensure_open(task, operation.en)
    deadline = of_task(session, task.id)
    if deadline is None or (task.due_at is None and deadline.paused_at is None):
        raise _standing(task, "it has no limit", "việc này không có thời hạn")
    return task, instance, deadline


def _standing(task: UserTask, found: str, found_vi: str) -> Conflict:
    return Conflict(expected=f"the clock of user task '{task.name}'", found=found, found_vi=found_vi)


def _pause(
    session: Session,
    instance: ProcessInstance,
    task: UserTask,
    deadline: TaskDeadline,
    actor: Actor,
    reason: str,
) -> None:
    """Keep what is left of a running limit: today is over, as the day of an event is not counted."""
    if task.due_at is None:
        return
    now = clock.now()
    works = calendars.named(session, deadline.calendar)
    left = working_days.between(works, clock.local(now).date(), due_day(task.due_at))
    deadline.paused_at, deadline.remaining = now, left
    stop(session, waiting(session, task.id))
    data: dict[str, Json] = {"task": task.id, "due": _iso(task.due_at), "remaining": left}
    operations.record(session, instance, "clock.paused", actor, reason, data, task.element)
    _move(session, instance, task, None if left >= 0 else task.due_at, actor)


def _resume(
    session: Session,
    instance: ProcessInstance,
    task: UserTask,
    deadline: TaskDeadline,
    actor: Actor,
    reason: str,
) -> None:
    """Let a limit go on with what was left of it; what was late before the pause is as late as it was."""
    left = deadline.remaining or 0
    due = task.due_at
    if left >= 0:
        works = calendars.named(session, deadline.calendar)
        due = calendars.end_of_day(working_days.add(works, clock.local(clock.now()).date(), left))
    data: dict[str, Json] = {
        "task": task.id,
        "since": _iso(deadline.paused_at),
        "remaining": left,
        "due": _iso(due),
    }
    deadline.paused_at = deadline.remaining = None
    if left > 0:  # counted from the resumption now, no longer from the beginning
        deadline.working_days, deadline.counted_from = left, clock.now()
    else:
        deadline.by_hand = True
    operations.record(session, instance, "clock.resumed", actor, reason, data, task.element)
    task.due_at = due
    replan(session, instance, task, deadline, actor)
    _move(session, instance, task, due, actor)


def _move(
    session: Session, instance: ProcessInstance, task: UserTask, due: datetime | None, actor: Actor
) -> None:
    """Write a due date into the row and the state of a task."""
    task.due_at = due
    instances.advance(session, instance, actor, lambda game: relocation.set_due(game, task.token, _iso(due)))


def _limited(session: Session, instance: ProcessInstance, *, paused: bool) -> Sequence[TaskDeadline]:
    stands = TaskDeadline.paused_at.is_not(None) if paused else TaskDeadline.paused_at.is_(None)
    query = (
        select(TaskDeadline)
        .join(UserTask, UserTask.id == TaskDeadline.task_id)
        .where(TaskDeadline.instance_id == instance.id, UserTask.status == "open", stands)
    )
    return session.scalars(query.order_by(TaskDeadline.task_id)).all()


def _running() -> Select[int, int]:
    return (
        select(TaskDeadline.task_id, TaskDeadline.instance_id)
        .join(UserTask, UserTask.id == TaskDeadline.task_id)
        .join(ProcessInstance, ProcessInstance.id == TaskDeadline.instance_id)
        .where(UserTask.status == "open", ProcessInstance.status == "active")
        .order_by(TaskDeadline.instance_id, TaskDeadline.task_id)
    )


def _recompute(
    session: Session,
    instance: ProcessInstance,
    task: UserTask,
    deadline: TaskDeadline,
    cause: Text,
    actor: Actor,
) -> bool:
    before, due = task.due_at, task.due_at
    if deadline.working_days is not None and not deadline.by_hand:
        try:
            due = calendars.due_after(
                session, deadline.counted_from, deadline.working_days, deadline.calendar
            )
        except EngineError as error:
            _note(session, instance, task, error, actor)
            return False
    if due == before and _as_planned(session, task, deadline):
        return False
    task.due_at = due
    if due != before:
        data: dict[str, Json] = {
            "task": task.id,
            "before": _iso(before),
            "after": _iso(due),
            "vi": cause.vi,
            "en": cause.en,
        }
        history.record(session, instance, "task.due_recomputed", actor, data, task.element)
    replan(session, instance, task, deadline, actor)
    _move(session, instance, task, due, actor)
    return due != before


def _as_planned(session: Session, task: UserTask, deadline: TaskDeadline) -> bool:
    """Tell whether every timer that still waits stands where the calendar puts it now."""
    wanted = {firing.at for firing in plan_firings(session, task, deadline)[0]}
    timers: list[Timer] = waiting(session, task.id)
    return all(timer.due_at in wanted for timer in timers)


def _note(
    session: Session, instance: ProcessInstance, task: UserTask, error: EngineError, actor: Actor
) -> None:
    data: dict[str, Json] = {"task": task.id, "vi": error.text("vi"), "en": error.text("en")}
    with instances.guarded(instance.id):
        history.record(session, instance, "deadline.unplanned", actor, data, task.element)
        session.flush()
        history.write(session)


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()
