"""Refusals of secret user tasks: who tried what when, and why not, kept although nothing else happened.

A refused transaction leaves nothing behind, so whoever answered with the refusal records it afterwards, in a
transaction of its own. What was typed is no part of it.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from engine import history, tasks
from engine.actors import Actor
from engine.errors import EngineError, FormInvalid, NotFound, StaleInstance
from engine.handlers import Json

# Not refusals: a task that never was, a form to be corrected, a race to be run again.
_NOT_KEPT = (NotFound, FormInvalid, StaleInstance)


def is_kept(session: Session, task_id: int, error: EngineError) -> bool:
    """Tell whether a refusal is recorded: those of secret tasks are, but for wrong fields and lost races."""
    if isinstance(error, _NOT_KEPT):
        return False
    return tasks.is_secret(tasks.element(session, tasks.get(session, task_id)))


def record(session: Session, task_id: int, actor: Actor, error: EngineError) -> None:
    """Record in the history of the case that an actor was refused to complete a task; raises NotFound."""
    task, instance = tasks.lock(session, task_id)
    data: dict[str, Json] = {
        "task": task.id,
        "error": type(error).__name__,
        "vi": error.text("vi"),
        "en": error.text("en"),
    }
    history.record(session, instance, "task.refused", actor, data, task.element)
    session.flush()
    history.write(session)
