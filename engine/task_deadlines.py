"""The clock of user tasks: planned with the task, moved with its due date, let go when the task ends.

Every reminder and every escalation level is a timer like the engine's others (`engine.timers` fires it,
`engine.task_alerts` says what then happens), so that the worker, a held case and the queue treat it alike.
All of them come at 08:00 of a working day, counted from the due day by the calendar of the limit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import calendars, clock, history, queue, working_days
from engine.actors import SYSTEM, Actor
from engine.deadline_tables import TaskDeadline, TaskFiring
from engine.errors import EngineError, Text
from engine.handlers import Json
from engine.tables import ProcessInstance, Timer, UserTask
from engine.working_days import DAY, Works

HOUR = time(8, 0)
INSTANT = timedelta(microseconds=1)
REMINDER, ESCALATION = "reminder", "escalation"
NOT_COMPLETED, NOT_CLAIMED = "not_completed", "not_claimed"


@dataclass(frozen=True)
class Firing:
    """One reminder or escalation level of a plan, with its moment."""

    kind: str
    condition: str
    days: int
    at: datetime
    level: int = 0
    groups: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str, int, int]:
        """Say which one of the plan it is, whenever it is due."""
        return self.kind, self.condition, self.days, self.level


def due_day(due_at: datetime) -> date:
    """Return the local day that a due moment ends: midnight is the end of the day before."""
    return clock.local(due_at - INSTANT).date()


def arm(session: Session, instance: ProcessInstance, task: UserTask, plan: Mapping[str, Any]) -> None:
    """Keep the limit of a new task and plan its reminders and levels; history tells when they will come."""
    session.flush()
    deadline = TaskDeadline(
        task_id=task.id,
        instance_id=instance.id,
        working_days=plan["working_days"],
        calendar=plan["calendar"],
        counted_from=datetime.fromisoformat(plan["from"]) if plan["from"] else task.created_at,
        plan=dict(plan),
        by_hand=False,
    )
    session.add(deadline)
    schedule(session, instance, task, deadline, SYSTEM)


def plan_firings(
    session: Session, task: UserTask, deadline: TaskDeadline
) -> tuple[list[Firing], list[EngineError | ValueError]]:
    """Return what is to come for a task by its due date, in order, and why something cannot be counted."""
    found: list[Firing] = []
    problems: list[EngineError | ValueError] = []
    if not _has_firings(deadline.plan):
        return found, problems
    try:
        works = calendars.named(session, deadline.calendar)
    except EngineError as error:
        return found, [error]
    for make in (_before, _after, _unclaimed, _levels):
        try:
            found += make(works, task, deadline.plan)
        except (EngineError, ValueError) as error:
            problems.append(error)
    return sorted(found, key=lambda firing: firing.at), problems


def _has_firings(plan: Mapping[str, Any]) -> bool:
    return any(plan[name] for name in ("remind_before", "remind_after", "remind_unclaimed", "levels"))


def _before(works: Works, task: UserTask, plan: Mapping[str, Any]) -> Iterator[Firing]:
    """Yield the reminders before the due day that are still ahead: one that has passed warns of nothing."""
    if task.due_at is None:
        return
    last = due_day(task.due_at)
    for days in plan["remind_before"]:
        day = working_days.add(works, last, -days) if days else working_days.last_before(works, last + DAY)
        at = datetime.combine(day, HOUR, clock.ZONE)
        if at > clock.now():
            yield Firing(REMINDER, NOT_COMPLETED, -days, at)


def _after(works: Works, task: UserTask, plan: Mapping[str, Any]) -> Iterator[Firing]:
    for days in plan["remind_after"]:
        if task.due_at is not None:
            yield Firing(REMINDER, NOT_COMPLETED, days, _moment_after(works, task.due_at, days))


def _unclaimed(works: Works, task: UserTask, plan: Mapping[str, Any]) -> Iterator[Firing]:
    created = clock.local(task.created_at).date()
    for days in plan["remind_unclaimed"]:
        at = datetime.combine(working_days.add(works, created, days), HOUR, clock.ZONE)
        yield Firing(REMINDER, NOT_CLAIMED, days, at)


def _levels(works: Works, task: UserTask, plan: Mapping[str, Any]) -> Iterator[Firing]:
    for level, entry in enumerate(plan["levels"], 1):
        if task.due_at is not None:
            at = _moment_after(works, task.due_at, entry["after"])
            yield Firing(ESCALATION, NOT_COMPLETED, entry["after"], at, level, tuple(entry["groups"]))


def _moment_after(works: Works, due_at: datetime, days: int) -> datetime:
    """Return 08:00 so many working days after the due day; 0 is the due moment itself."""
    if not days:
        return due_at
    return datetime.combine(working_days.add(works, due_day(due_at), days), HOUR, clock.ZONE)


def schedule(
    session: Session,
    instance: ProcessInstance,
    task: UserTask,
    deadline: TaskDeadline,
    actor: Actor,
    rows: Sequence[tuple[Timer, TaskFiring]] = (),
) -> None:
    """Plan whatever of a task's plan has not fired yet, and tell it in one event.

    `rows` are those that the task has already: what has fired stays, what waits moves or is let go.
    """
    firings, problems = plan_firings(session, task, deadline)
    for error in problems:
        _tell_problem(session, instance, task, error, actor)
    known = {_key(firing): timer for timer, firing in rows if timer.status != "cancelled"}
    done = {key for key, timer in known.items() if timer.status == "fired"}
    wanted = [firing for firing in firings if firing.key not in done]
    kept = {firing.key for firing in wanted}
    stop(session, [timer for key, timer in known.items() if key not in done | kept])
    for firing in wanted:
        if firing.key in known:
            _shift(session, known[firing.key], firing.at)
        else:
            _add(session, instance, task, firing)
    if wanted:
        _tell_plan(session, instance, task, wanted, actor)


def _key(firing: TaskFiring) -> tuple[str, str, int, int]:
    return firing.kind, firing.condition, firing.days, firing.level


def _shift(session: Session, timer: Timer, at: datetime) -> None:
    if timer.due_at != at:
        timer.due_at = timer.started_at = at
        queue.defer_timer(session, timer.id, at)


def _tell_problem(
    session: Session,
    instance: ProcessInstance,
    task: UserTask,
    error: EngineError | ValueError,
    actor: Actor,
) -> None:
    """Tell that something of a plan has no moment: the calendar lacks the year, or is not there."""
    same = str(error)
    told = Text(error.text("vi"), error.text("en")) if isinstance(error, EngineError) else Text(same, same)
    data: dict[str, Json] = {"task": task.id, "vi": told.vi, "en": told.en}
    history.record(session, instance, "deadline.unplanned", actor, data, task.element)


def _add(session: Session, instance: ProcessInstance, task: UserTask, firing: Firing) -> None:
    timer = Timer(
        instance_id=instance.id,
        task_id=task.id,
        element=task.element,
        due_at=firing.at,
        repetitions=0,
        started_at=firing.at,
        occurrence=0,
        status="waiting",
    )
    session.add(timer)
    session.flush()
    session.add(
        TaskFiring(
            timer_id=timer.id,
            kind=firing.kind,
            condition=firing.condition,
            days=firing.days,
            level=firing.level,
            groups=list(firing.groups),
        )
    )
    queue.defer_timer(session, timer.id, timer.due_at)


def _tell_plan(
    session: Session, instance: ProcessInstance, task: UserTask, firings: Sequence[Firing], actor: Actor
) -> None:
    data: dict[str, Json] = {
        "task": task.id,
        "due": None if task.due_at is None else task.due_at.isoformat(),
        "reminders": [_iso(firing.at) for firing in firings if firing.kind == REMINDER],
        "escalations": [_iso(firing.at) for firing in firings if firing.kind == ESCALATION],
    }
    history.record(session, instance, "deadline.planned", actor, data, task.element)


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def of_task(session: Session, task_id: int) -> TaskDeadline | None:
    """Return the limit of a task, None for one that its diagram does not limit."""
    return session.get(TaskDeadline, task_id)


def planned(session: Session, task_id: int) -> list[tuple[Timer, TaskFiring]]:
    """Return every reminder and level of a task with its timer, waiting and past ones, by their moment."""
    query = select(Timer, TaskFiring).join(TaskFiring, TaskFiring.timer_id == Timer.id)
    rows = session.execute(query.where(Timer.task_id == task_id).order_by(Timer.due_at, Timer.id))
    return [(row.Timer, row.TaskFiring) for row in rows]


def waiting(session: Session, task_id: int) -> list[Timer]:
    """Return the timers of a task that have still to come."""
    query = select(Timer).where(Timer.task_id == task_id, Timer.status == "waiting")
    return list(session.scalars(query.order_by(Timer.due_at, Timer.id)))


def stop(session: Session, timers: Sequence[Timer]) -> None:
    """Let timers of tasks go with their places in the queue."""
    for timer in timers:
        timer.status = "cancelled"
        queue.cancel_timer(session, timer.id)


def replan(
    session: Session, instance: ProcessInstance, task: UserTask, deadline: TaskDeadline, actor: Actor
) -> None:
    """Let the reminders and levels that have not fired follow the due date as it is now."""
    schedule(session, instance, task, deadline, actor, planned(session, task.id))


def disarm(session: Session, instance: ProcessInstance, tokens: Sequence[int], actor: Actor) -> None:
    """Let go what had still to come for the tasks of tokens that ended; history tells how much it was."""
    if not tokens:
        return
    ended = select(UserTask.id).where(UserTask.instance_id == instance.id, UserTask.token.in_(tokens))
    query = select(Timer).where(Timer.task_id.in_(ended), Timer.status == "waiting")
    timers = list(session.scalars(query.order_by(Timer.id)))
    stop(session, timers)
    for task_id in dict.fromkeys(timer.task_id for timer in timers):
        own = [timer for timer in timers if timer.task_id == task_id]
        data: dict[str, Json] = {"task": task_id, "count": len(own)}
        history.record(session, instance, "deadline.cancelled", actor, data, own[0].element)
