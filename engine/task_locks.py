"""Lock a user task with its instance, so that whoever acts on it sees it as it is now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session, joinedload

from engine import deployments
from engine.errors import NotFound
from engine.tables import Form, ProcessInstance, UserTask

# Built once: building one takes as long as running it.
LOCKED = (
    select(UserTask, ProcessInstance)
    .join(ProcessInstance, ProcessInstance.id == UserTask.instance_id)
    .where(UserTask.id == bindparam("task"))
    .with_for_update(of=[ProcessInstance, UserTask])
    .options(joinedload(UserTask.candidate_groups))
    .execution_options(populate_existing=True)
)
WITH_FORM = LOCKED.add_columns(Form).outerjoin(Form, Form.id == deployments.newest_form(UserTask.form_id))


def lock(session: Session, task_id: int) -> tuple[UserTask, ProcessInstance]:
    """Lock a task with its instance.

    Both: PostgreSQL would show a task that is not locked as it was before the wait, still unclaimed.
    """
    found = session.execute(LOCKED, {"task": task_id}).unique().first()
    if found is None:
        raise NotFound(kind="user task", key=task_id)
    return found.UserTask, found.ProcessInstance


def lock_with_form(session: Session, task_id: int) -> tuple[UserTask, ProcessInstance, Mapping[str, Any]]:
    """Lock a task with its instance; give the newest version of its form, read in the same statement."""
    found = session.execute(WITH_FORM, {"task": task_id}).unique().first()
    if found is None:
        raise NotFound(kind="user task", key=task_id)
    task, form = found.UserTask, found.Form
    if form is None and task.form_id:
        raise NotFound(kind="form", key=task.form_id)
    return task, found.ProcessInstance, deployments.NO_FORM if form is None else form.form_schema
