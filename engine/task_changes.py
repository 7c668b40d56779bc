"""Change an open user task without completing it: who holds it, who may claim it, when it is due, how urgent.

`as_operator` is for callers that have seen that the actor may do so with any task (administrators); everybody
else acts by the rules of `tasks`: claims what is offered, releases what is held.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from engine import history, instances, operations, tasks
from engine.actors import USER, Actor
from engine.errors import BadInput, Conflict, NotAllowed, NotFound, Text
from engine.handlers import Json
from engine.operations import corrections, handovers, holds
from engine.tables import CandidateGroup, ProcessInstance, UserTask

UPDATE = Text("sửa việc", "update a task")
URGENCY = range(101)


@dataclass(frozen=True)
class Given:
    """A new value of a part of a task, None or empty to clear it; a part without one stays as it is."""

    value: datetime | None = None


@dataclass(frozen=True)
class Changes:
    """What is to be changed of a task; None leaves a part as it is."""

    due_at: Given | None = None
    follow_up_at: Given | None = None
    groups: Sequence[str] | None = None
    users: Sequence[str] | None = None
    priority: int | None = None


def assign(  # noqa: PLR0913  an assignment is exactly these
    session: Session,
    task_id: int,
    assignee: str,
    actor: Actor,
    reason: str,
    *,
    as_operator: bool = False,
    overrides: bool = True,
) -> UserTask:
    """Let an open task be somebody's own: the actor's, when it is offered; anybody's, by an operator.

    Raises NotFound for a task that has ended, Conflict for an assigned one that is not to be overridden,
    NotAllowed for what only an operator may do and for whom the diagram's four eyes exclude.
    """
    task, _instance = _open(session, task_id)
    if task.assignee == assignee:
        return task
    if task.assignee is not None and not overrides:
        raise Conflict(
            expected=f"user task '{task.name}' unassigned",
            found=f"it is assigned to {task.assignee}",
            found_vi=f"việc “{task.name}” đang do {task.assignee} giữ",
        )
    if not as_operator:
        if assignee != actor.name:
            raise _not_theirs(task, actor, "assign to others", "giao cho người khác")
        tasks.ensure_concerns(session, task, actor, "claim", "nhận")
        tasks.ensure_may_act(task, actor, "claim", "nhận")
    _ensure_four_eyes(session, task, assignee)
    if not as_operator:
        return tasks.claim(session, task_id, actor)
    return handovers.reassign(session, task_id, actor, reason, assignee=assignee, as_operator=True)


def unassign(
    session: Session, task_id: int, actor: Actor, reason: str, *, as_operator: bool = False
) -> UserTask:
    """Take an open task from who holds it; one that nobody holds stays as it is.

    Its holder gives it back to its candidates, an operator takes it from anybody.
    """
    task, instance = _open(session, task_id)
    if not as_operator:
        tasks.ensure_concerns(session, task, actor, "release", "trả lại")
        return task if task.assignee is None else tasks.release(session, task_id, actor)
    if task.assignee is not None:
        data: dict[str, Json] = {
            "task": task.id,
            "token": task.token,
            "before": task.assignee,
            "after": None,
        }
        task.assignee = None
        _record(session, instance, task, "task.released", actor, reason, data)
    return task


def update(session: Session, task_id: int, changes: Changes, actor: Actor, reason: str) -> UserTask:
    """Change parts of an open task; the caller has seen that the actor may.

    Raises NotFound for a task that has ended, BadInput for a priority outside 0 to 100.
    """
    task, instance = _open(session, task_id)
    if changes.priority is not None and changes.priority not in URGENCY:
        raise BadInput(
            expected="a priority from 0 to 100",
            expected_vi="mức ưu tiên từ 0 đến 100",
            found=changes.priority,
        )
    if changes.due_at is not None and changes.due_at.value != task.due_at:
        corrections.set_due(session, task_id, changes.due_at.value, actor, reason)
    if changes.groups is not None or changes.users is not None:
        _offer(session, instance, task, changes, actor, reason)
    _set(session, instance, task, changes, actor, reason)
    return task


def _open(session: Session, task_id: int) -> tuple[UserTask, ProcessInstance]:
    """Lock a task that can be changed; raises NotFound for one that has ended, Suspended."""
    task, instance = tasks.lock(session, task_id)
    if task.status != "open":
        raise NotFound(kind="user task", key=task_id)
    holds.ensure_awake(session, instance)
    return task, instance


def _ensure_four_eyes(session: Session, task: UserTask, assignee: str) -> None:
    """Refuse to give a task to somebody who could not complete it."""
    refusal = tasks.four_eyes_refusal(session, task, Actor(assignee))
    if refusal is not None:
        raise NotAllowed(
            actor=assignee,
            operation=f"do user task '{task.name}'",
            operation_vi=f"làm việc “{task.name}”",
            reason=refusal.en,
            reason_vi=refusal.vi,
        )


def _not_theirs(task: UserTask, actor: Actor, operation: str, operation_vi: str) -> NotAllowed:
    return NotAllowed(
        actor=actor.name,
        operation=f"{operation} user task '{task.name}'",
        operation_vi=f"{operation_vi} việc “{task.name}”",
        reason="only an administrator may",
        reason_vi="chỉ người quản trị được làm",
    )


def _offer(
    session: Session, instance: ProcessInstance, task: UserTask, changes: Changes, actor: Actor, reason: str
) -> None:
    """Offer a task to other groups or people, those of the kind that is not named as before."""
    before = [group.group_name for group in task.candidate_groups]
    groups, users = _split(before)
    wanted = list(groups if changes.groups is None else changes.groups)
    wanted += [USER + name for name in (users if changes.users is None else changes.users)]
    after = list(dict.fromkeys(wanted))
    if after == before:
        return
    told: dict[str, Json] = {
        "task": task.id,
        "token": task.token,
        "before": task.assignee,
        "after": task.assignee,
        "groups_before": list(before),
        "groups_after": list(after),
    }
    task.candidate_groups = [CandidateGroup(group_name=name) for name in after]
    _record(session, instance, task, "task.reassigned", actor, reason, told)


def _split(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the groups and the people among candidates."""
    people = [name.removeprefix(USER) for name in names if name.startswith(USER)]
    return [name for name in names if not name.startswith(USER)], people


def _set(
    session: Session, instance: ProcessInstance, task: UserTask, changes: Changes, actor: Actor, reason: str
) -> None:
    told: list[Json] = []
    if changes.priority is not None and changes.priority != task.priority:
        told.append({"name": "priority", "before": task.priority, "after": changes.priority})
        task.priority = changes.priority
    if changes.follow_up_at is not None and changes.follow_up_at.value != task.follow_up_at:
        before, after = _iso(task.follow_up_at), _iso(changes.follow_up_at.value)
        told.append({"name": "follow_up", "before": before, "after": after})
        task.follow_up_at = changes.follow_up_at.value
    if told:
        data: dict[str, Json] = {"task": task.id, "token": task.token, "parts": told}
        _record(session, instance, task, "task.updated", actor, reason, data)


def _record(  # noqa: PLR0913  an operation is recorded with all of these
    session: Session,
    instance: ProcessInstance,
    task: UserTask,
    kind: str,
    actor: Actor,
    reason: str,
    data: dict[str, Json],
) -> None:
    given = operations.ensure_reason(reason, UPDATE)
    with instances.guarded(instance.id):
        operations.record(session, instance, kind, actor, given, data, task.element)
        session.flush()
        history.write(session)


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()
