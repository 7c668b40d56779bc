"""Carry a limit that the domain worked out, and has worked out anew, into the cases that run by it.

A case holds such a moment as a variable; open tasks are due by it and timers wait for it. All three follow in
one transaction, each with its own history event that names the old moment, the new one and the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.actors import Actor
from engine.handlers import Json
from engine.operations import corrections
from engine.spiff import state
from engine.tables import ProcessInstance, Timer, UserTask


@dataclass(frozen=True)
class Moved:
    """A limit that moved: the variable that holds it, and what tells its cases from others.

    `held` is the name and value of another process variable, such as `("submission", 7)`.
    """

    variable: str
    before: datetime
    after: datetime
    held: tuple[str, Json]


def follow(session: Session, moved: Moved, actor: Actor, reason: str) -> int:
    """Let every running case with the old moment have the new one; return how many tasks moved."""
    query = select(ProcessInstance.id, ProcessInstance.state).where(
        ProcessInstance.status == "active", ProcessInstance.state.contains(f'"{moved.variable}"')
    )
    name, value = moved.held
    total = 0
    for number, text in session.execute(query.order_by(ProcessInstance.id)).all():
        known = state.variables(text)
        if known.get(name) == value and _moment(known.get(moved.variable)) == moved.before:
            total += _carry(session, number, moved, actor, reason)
    return total


def _moment(value: Json) -> datetime | None:
    """Return the moment that a variable holds, None for anything else."""
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _carry(session: Session, instance_id: int, moved: Moved, actor: Actor, reason: str) -> int:
    written: dict[str, Json] = {moved.variable: moved.after.isoformat()}
    corrections.set_variables(session, instance_id, written, actor, reason)
    timers = select(Timer.id).where(
        Timer.instance_id == instance_id,
        Timer.task_id.is_(None),
        Timer.status == "waiting",
        Timer.due_at == moved.before,
    )
    for timer_id in session.scalars(timers.order_by(Timer.id)).all():
        corrections.move_timer(session, timer_id, moved.after, actor, reason)
    tasks = select(UserTask.id).where(
        UserTask.instance_id == instance_id, UserTask.status == "open", UserTask.due_at == moved.before
    )
    found = session.scalars(tasks.order_by(UserTask.id)).all()
    for task_id in found:
        corrections.set_due(session, task_id, moved.after, actor, reason)
    return len(found)
