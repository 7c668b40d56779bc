"""Hand open tasks on to a named person or to other groups, by who holds them or who looks after the case."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from engine import history, instances, operations, tasks
from engine.actors import Actor
from engine.errors import BadInput, Text
from engine.handlers import Json
from engine.tables import CandidateGroup, UserTask

REASSIGN = Text("giao lại việc", "hand on a task")


def reassign(  # noqa: PLR0913  a handover is exactly these
    session: Session,
    task_id: int,
    actor: Actor,
    reason: str,
    *,
    assignee: str | None = None,
    groups: Sequence[str] | None = None,
    as_operator: bool = False,
) -> UserTask:
    """Hand an open task to a named person, or back to its groups or to other ones, with a reason.

    Who may is whoever may do the task; `as_operator` is for callers that have seen that the actor may anyway.
    """
    given = operations.ensure_reason(reason, REASSIGN)
    named = (assignee or "").strip()
    if not named and not groups:
        raise BadInput(expected="a person or a group", expected_vi="người hoặc nhóm nhận việc", found="“”")
    task, instance = tasks.lock(session, task_id)
    if not as_operator:
        tasks.ensure_concerns(session, task, actor, "hand on", "giao lại")
    operations.ensure_active(instance, REASSIGN)
    tasks.ensure_open(task, "hand on")
    if not as_operator:
        tasks.ensure_may_act(task, actor, "hand on", "giao lại")
    data: dict[str, Json] = {
        "task": task.id,
        "token": task.token,
        "before": task.assignee,
        "after": named or None,
    }
    if groups:
        before: list[Json] = [group.group_name for group in task.candidate_groups]
        data |= {"groups_before": before, "groups_after": list(groups)}
    with instances.guarded(instance.id):
        operations.record(session, instance, "task.reassigned", actor, given, data, task.element)
        task.assignee = named or None
        if groups:
            task.candidate_groups = [CandidateGroup(group_name=name) for name in dict.fromkeys(groups)]
        session.flush()
        history.write(session)
    return task
