"""Tasks with limits: processes of one task, people who are told, a worker that keeps up or comes late."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lxml import etree
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock, deployments, history, instances, task_deadlines, timers
from engine.actors import Actor
from engine.tables import UserTask
from engine.task_alerts import Alert
from tests.builders import Z, a_process
from tests.chain import at
from workflows import calendar

NORA = Actor("nora", frozenset({"staff"}))
BOSS = Actor("boss", frozenset({"bosses"}))
FRIDAY = "2026-08-14 09:00"  # Saturday 22/8 is worked, Monday 31/8 and 1–2/9 are not (TB 9441/TB-BNV)


def listen(session: Session) -> list[Alert]:
    """Open the year's calendar and keep what people are told; the group `empty` has no members."""
    alerts: list[Alert] = []

    def notify(_session: Session, alert: Alert) -> Sequence[str]:
        alerts.append(alert)
        return ["administrators" if group == "empty" else group for group in alert.groups]

    calendar.install(session)
    session.info.update(calendar=calendar.due_after, working_days=calendar.working_days, notify=notify)
    clock.pin(at(FRIDAY))
    return alerts


def begin(session: Session, process: str = "work", **rules: str) -> UserTask:
    """Start a process of one task with these `bv:` rules."""
    properties = Z.properties(*(Z.property(name=f"bv:{name}", value=text) for name, text in rules.items()))
    deploy(session, process, properties)
    instance = instances.start(session, process, {}, NORA)
    return session.scalars(select(UserTask).where(UserTask.instance_id == instance.id)).one()


def deploy(session: Session, process: str, *children: etree._Element) -> None:
    file = a_process(process).start().user_task("a", *children).end().file()
    deployments.deploy(session, [file], NORA)


def move(session: Session, moment: str) -> None:
    """Let time pass with a worker at work: every timer fires at its own moment."""
    for _ in range(100):
        due = timers.due(session, at(moment))
        if not due:
            break
        clock.pin(max(due[0].due_at, clock.now()))
        timers.fire(session, due[0].id)
    clock.pin(at(moment))


def wake(session: Session, moment: str) -> None:
    """Let a worker begin again after a time without one: all that is due fires now."""
    clock.pin(at(moment))
    for timer in timers.due(session, at(moment)):
        timers.fire(session, timer.id)


def kinds(session: Session, task: UserTask, *beginnings: str) -> list[str]:
    wanted = beginnings or ("reminder", "escalation", "deadline", "clock", "task.due")
    events = history.of_instance(session, task.instance_id)
    return [event.kind for event in events if event.kind.startswith(wanted)]


def event(session: Session, task: UserTask, kind: str) -> dict[str, Any]:
    """Return the data of the last event of a kind."""
    return [e for e in history.of_instance(session, task.instance_id) if e.kind == kind][-1].data


def moments(session: Session, task: UserTask) -> list[str]:
    """Return when the timers of a task that still wait will fire, in local time."""
    return [f"{clock.local(timer.due_at):%d/%m %H:%M}" for timer in task_deadlines.waiting(session, task.id)]
