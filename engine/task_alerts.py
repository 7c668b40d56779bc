"""What happens when a reminder or an escalation level of a user task is due.

Whoever opens a session may say how people are told: `session.info["notify"]`, a function of the session and
an `Alert` that returns the groups which really got it. After a time without a worker the reminders of a task
that were missed are one reminder, every level fires once, and history says how late they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock, history, steps
from engine.actors import SYSTEM, USER
from engine.deadline_tables import TaskFiring
from engine.handlers import Json
from engine.tables import CandidateGroup, ProcessInstance, Timer, UserTask
from engine.task_deadlines import ESCALATION, NOT_CLAIMED, REMINDER

MINUTE = timedelta(minutes=1)
RAISE, MOST_PRIORITY = 10, 100
_Due: TypeAlias = tuple[Timer, TaskFiring]


@dataclass(frozen=True)
class Alert:
    """What people are told of a task: reminder or escalation, of which level, and who should hear it."""

    kind: str
    level: int
    task_id: int
    instance_id: int
    name: str
    subject: str
    business_key: str
    due_at: datetime | None
    holder: str | None
    groups: tuple[str, ...]
    at: datetime
    planned_at: datetime


Notify: TypeAlias = Callable[[Session, Alert], Sequence[str]]


def fire(session: Session, instance: ProcessInstance, timer: Timer) -> bool:
    """Do all that is due for the task of a timer that still waits, in a locked instance.

    Whatever ends a task or stops its clock takes its timers away in the same step.
    """
    task = session.get_one(UserTask, timer.task_id, populate_existing=True)
    due = _due(session, task)
    with steps.guarded(instance.id):
        _remind(session, instance, task, [one for one in due if one[1].kind == REMINDER])
        for one in due:
            if one[1].kind == ESCALATION:
                _escalate(session, instance, task, one)
        session.flush()
        history.write(session)
    return True


def _due(session: Session, task: UserTask) -> list[_Due]:
    query = (
        select(Timer, TaskFiring)
        .join(TaskFiring, TaskFiring.timer_id == Timer.id)
        .where(Timer.task_id == task.id, Timer.status == "waiting", Timer.due_at <= clock.now())
        .order_by(Timer.due_at, Timer.id)
        .execution_options(populate_existing=True)
    )
    return [(row.Timer, row.TaskFiring) for row in session.execute(query)]


def _remind(session: Session, instance: ProcessInstance, task: UserTask, due: Sequence[_Due]) -> None:
    """Send one reminder for all that are due; those for an unclaimed task fall away once it is held."""
    idle = [one for one in due if one[1].condition == NOT_CLAIMED and task.assignee is not None]
    for timer, _ in idle:
        timer.status = "cancelled"
        data: dict[str, Json] = {"task": task.id, "due": timer.due_at.isoformat(), "assignee": task.assignee}
        history.record(session, instance, "reminder.dropped", SYSTEM, data, task.element)
    wanted = [one for one in due if one not in idle]
    if not wanted:
        return
    for timer, _ in wanted:
        timer.status = "fired"
    timer = wanted[-1][0]
    told = _lateness(timer) | {"task": task.id, "due": _iso(task.due_at)}
    if len(wanted) > 1:
        told["missed"] = len(wanted) - 1
    history.record(session, instance, "reminder.fired", SYSTEM, told, task.element)
    groups = tuple(group.group_name for group in task.candidate_groups)
    receivers = groups if task.assignee is None else (USER + task.assignee,)
    _deliver(session, instance, task, _alert(task, REMINDER, 0, receivers, timer))


def _escalate(session: Session, instance: ProcessInstance, task: UserTask, due: _Due) -> None:
    """Run one level: its groups may take the task, its priority rises, they are told."""
    timer, firing = due
    timer.status = "fired"
    before = task.priority
    task.priority = min(MOST_PRIORITY, before + RAISE)
    data = _lateness(timer) | {
        "task": task.id,
        "level": firing.level,
        "groups": list(firing.groups),
        "due": _iso(task.due_at),
        "priority": task.priority,
    }
    history.record(session, instance, "escalation.fired", SYSTEM, data, task.element)
    alert = _alert(task, ESCALATION, firing.level, tuple(firing.groups), timer)
    told = _deliver(session, instance, task, alert)
    known = {group.group_name for group in task.candidate_groups}
    for name in dict.fromkeys([*firing.groups, *told]):
        if name not in known:
            task.candidate_groups.append(CandidateGroup(group_name=name))


def _alert(task: UserTask, kind: str, level: int, groups: tuple[str, ...], timer: Timer) -> Alert:
    return Alert(
        kind=kind,
        level=level,
        task_id=task.id,
        instance_id=task.instance_id,
        name=task.name,
        subject=task.subject,
        business_key=task.business_key,
        due_at=task.due_at,
        holder=task.assignee,
        groups=groups,
        at=clock.now(),
        planned_at=timer.due_at,
    )


def _deliver(session: Session, instance: ProcessInstance, task: UserTask, alert: Alert) -> Sequence[str]:
    """Tell the groups and record who got it; nobody is recorded as nobody."""
    notify: Notify | None = session.info.get("notify")
    if notify is None:
        return ()
    told = list(notify(session, alert))
    kind = f"{alert.kind}.delivered" if told else f"{alert.kind}.undelivered"
    data: dict[str, Json] = {"task": task.id, "groups": list(told or alert.groups)}
    history.record(session, instance, kind, SYSTEM, data, task.element)
    return told


def _lateness(timer: Timer) -> dict[str, Json]:
    """Say when a timer should have fired and, when that is more than a minute ago, how many minutes."""
    late = int((clock.now() - timer.due_at) / MINUTE)
    return {"planned": timer.due_at.isoformat()} | ({"late_minutes": late} if late > 0 else {})


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
