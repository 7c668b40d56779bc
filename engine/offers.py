"""Open tasks offered to a person through groups: counted and listed at a price that follows what is shown.

Two ways lead to the first page, and the count tells which. Few offers: read them, keep the tasks, sort. Many:
walk along the index of all offered tasks in their order until a page is full. Each is far too slow in the
place of the other, and SQLite knows no better by itself (figures: engine/decisions/0017).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, exists, func, literal_column, or_, select
from sqlalchemy.orm import Session

from engine import clock
from engine.actors import Actor
from engine.deadline_tables import TaskSnooze
from engine.tables import CandidateGroup, UserTask

SHOWN = 2_000  # tasks that are counted exactly; whoever has more is told "2.000+"
LOOKED_AT = 2 * SHOWN  # offers that are read for it: a task may be offered to several groups of a person
# The status is no parameter: only so the partial index on offered tasks is known to hold.
_OPEN = UserTask.status == literal_column("'open'")


@dataclass(frozen=True)
class Count:
    """How many tasks are offered; `more` when there are more than that."""

    number: int
    more: bool = False


def put_aside(session: Session, actor: Actor) -> list[int]:
    """Return the tasks that the actor put aside; one that is due is aside for nobody."""
    now = clock.now()
    query = select(TaskSnooze.task_id).join(UserTask, UserTask.id == TaskSnooze.task_id)
    not_due = UserTask.due_at.is_(None) | (UserTask.due_at > now)
    return list(
        session.scalars(query.where(TaskSnooze.person == actor.name, TaskSnooze.until > now, not_due))
    )


def count(session: Session, actor: Actor, aside: Collection[int] = ()) -> Count:
    """Count the tasks that the actor may claim, without those put aside; exactly up to SHOWN."""
    offered = _offers(actor).limit(LOOKED_AT + 1).subquery()
    tasks = func.count(offered.c.task_id.distinct()).filter(*_free(aside))
    query = select(tasks, func.count()).select_from(offered)
    number, read = session.execute(query.join(UserTask, UserTask.id == offered.c.task_id)).one()
    if read <= LOOKED_AT:
        return Count(min(number, SHOWN), number > SHOWN)
    if number < SHOWN:  # nearly all of the first offers are held by somebody: look at every one
        number = session.scalar(select(func.count()).select_from(many(actor, aside).subquery())) or 0
    return Count(min(number, SHOWN), number > SHOWN)


def few(actor: Actor, aside: Collection[int] = ()) -> Select[UserTask]:
    """Select what the actor may claim by reading at most LOOKED_AT offers: all, when the count is exact."""
    offered = _offers(actor).distinct().limit(LOOKED_AT + 1).subquery()
    return select(UserTask).join(offered, offered.c.task_id == UserTask.id).where(*_free(aside))


def many(actor: Actor, aside: Collection[int] = ()) -> Select[UserTask]:
    """Select what the actor may claim by asking every offered task in turn whether it is for the actor."""
    return select(UserTask).where(*_free(aside), is_offered(actor))


def held_or_offered(actor: Actor, tasks: Collection[int]) -> Select[UserTask]:
    """Select those of some tasks that are open and that the actor holds or may claim."""
    own = UserTask.assignee == actor.name
    return select(UserTask).where(
        UserTask.id.in_(tasks), _OPEN, or_(own, UserTask.assignee.is_(None) & is_offered(actor))
    )


def is_offered(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that a task is offered to the actor, asked by the task.

    The text that is added keeps the group out of the index: 800 groups would be 800 looks for each task.
    """
    group = CandidateGroup.group_name.concat("")
    return exists().where(CandidateGroup.task_id == UserTask.id, group.in_(sorted(actor.candidacies)))


def _offers(actor: Actor) -> Select[int]:
    return select(CandidateGroup.task_id).where(CandidateGroup.group_name.in_(sorted(actor.candidacies)))


def _free(aside: Collection[int]) -> list[ColumnElement[bool]]:
    kept = [UserTask.id.not_in(aside)] if aside else []
    return [_OPEN, UserTask.assignee.is_(None), *kept]
