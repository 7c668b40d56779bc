"""Tell which cases and tasks an actor may see: one rule for pages and API, as conditions of SQL.

Auditors and administrators see all. Others see the cases they started, or in which a task is or was theirs,
or is offered to them now; a called case follows the one that called it.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Select, or_, select, true, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from engine.actors import Actor
from engine.errors import NotFound
from engine.tables import CandidateGroup, ProcessInstance, UserTask
from web.security import ADMINISTRATORS, AUDITORS

READS_ALL = frozenset({AUDITORS, ADMINISTRATORS})
# Named in full, so that the index of the inbox (status, assignee, …) answers for ended tasks, too.
STATUSES = ("open", "completed", "cancelled")


def sees_all(actor: Actor) -> bool:
    """Tell whether the actor may look at every case."""
    return not READS_ALL.isdisjoint(actor.groups)


def visible_instances(actor: Actor) -> ColumnElement[bool]:
    """Return the condition on ProcessInstance under which the actor may see a case.

    A semi-join: the cases of the actor by index, then those that they called, however deep.
    """
    if sees_all(actor):
        return true()
    own = union_all(
        select(ProcessInstance.id).where(ProcessInstance.started_by == actor.name),
        *(_of_tasks(actor, UserTask.instance_id)),
    ).subquery()
    seen = select(own.c[0].label("id")).cte("seen_instances", recursive=True)
    child = aliased(ProcessInstance)
    seen = seen.union(select(child.id).where(child.parent_id == seen.c.id))
    return ProcessInstance.id.in_(select(seen.c.id))


def visible_tasks(actor: Actor) -> ColumnElement[bool]:
    """Return the condition on UserTask under which the actor may see a task, as `engine.tasks.may_see`."""
    if sees_all(actor):
        return true()
    return UserTask.id.in_(union_all(*_of_tasks(actor, UserTask.id)))


def ensure_sees(session: Session, instance_id: int, actor: Actor) -> None:
    """Refuse a case that the actor may not see as if there were none; one statement.

    Raises NotFound, with the same words for a case of others and for one that does not exist.
    """
    line = select(ProcessInstance.id, ProcessInstance.parent_id).where(ProcessInstance.id == instance_id)
    above = line.cte("above", recursive=True)
    parent = aliased(ProcessInstance)
    above = above.union(select(parent.id, parent.parent_id).where(parent.id == above.c.parent_id))
    if sees_all(actor):
        found = line
    else:
        started = select(ProcessInstance.id).where(
            ProcessInstance.id == above.c.id, ProcessInstance.started_by == actor.name
        )
        theirs = select(UserTask.id).where(
            UserTask.instance_id == above.c.id,
            or_(
                UserTask.assignee == actor.name,
                UserTask.ended_by == actor.name,
                UserTask.id.in_(_offered(actor)),
            ),
        )
        found = select(above.c.id, above.c.parent_id).where(or_(started.exists(), theirs.exists()))
    if session.execute(found.limit(1)).first() is None:
        raise NotFound(kind="process instance", key=instance_id)


def _of_tasks(actor: Actor, column: InstrumentedAttribute[int]) -> tuple[Select[int], ...]:
    """Return `column` of the tasks the actor holds or held, has ended, or is offered; each by an index."""
    return (
        select(column).where(UserTask.status.in_(STATUSES), UserTask.assignee == actor.name),
        select(column).where(UserTask.ended_by == actor.name),
        select(column).where(UserTask.id.in_(_offered(actor))),
    )


def _offered(actor: Actor) -> Select[int]:
    return select(CandidateGroup.task_id).where(CandidateGroup.group_name.in_(sorted(actor.candidacies)))
