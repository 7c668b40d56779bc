"""Write the rows of a step by statements of their own, past the unit of work of the session.

Sorting and comparing objects costs several times what these few statements do, and every completed task pays
it. What is written here is told to the object, if there is one, so that nobody reads it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Table, bindparam, delete, insert, update
from sqlalchemy.orm import Session, make_transient_to_detached
from sqlalchemy.orm.attributes import set_committed_value

from engine.tables import CandidateGroup, UserTask

_TASKS = cast(Table, UserTask.__table__)
_CANDIDATES = cast(Table, CandidateGroup.__table__)

# Built once: building one takes as long as running it.
_INSERT_TASKS = insert(_TASKS).returning(_TASKS.c.id, sort_by_parameter_order=True)
_UPDATE_TASK = update(_TASKS).where(_TASKS.c.id == bindparam("row"))
_OFFER = insert(_CANDIDATES)
_HAND_ON = (
    update(_CANDIDATES)
    .where(_CANDIDATES.c.task_id == bindparam("ended"), _CANDIDATES.c.group_name == bindparam("left"))
    .values(task_id=bindparam("task"), group_name=bindparam("group"))
)
_WITHDRAW = delete(_CANDIDATES).where(_CANDIDATES.c.task_id == bindparam("task"))
_WITHDRAW_ONE = _WITHDRAW.where(_CANDIDATES.c.group_name == bindparam("group"))


def insert_tasks(session: Session, tasks: Sequence[Mapping[str, Any]]) -> list[int]:
    """Insert tasks, each given by all its columns but the id, in one statement; return their ids in order."""
    return list(session.connection().execute(_INSERT_TASKS, list(tasks)).scalars())


def as_object(session: Session, task: Mapping[str, Any], task_id: int) -> UserTask:
    """Return the object of a task that `insert_tasks` has just written, without reading it."""
    row = UserTask(**task, id=task_id)
    make_transient_to_detached(row)
    session.add(row)
    return row


def change_task(session: Session, task: UserTask, **values: object) -> None:
    """Write new values of a task at once."""
    session.connection().execute(_UPDATE_TASK, {"row": task.id, **values})
    for name, value in values.items():
        set_committed_value(task, name, value)


def offer(session: Session, offers: Iterable[tuple[int, str]], ended: Iterable[UserTask] = ()) -> None:
    """Offer new tasks to groups, each a task's id with a group; what was offered of ended tasks goes.

    A row goes on to the new task where there is one: one statement instead of two.
    """
    left = [(task.id, row.group_name) for task in ended for row in task.candidate_groups]
    new = list(offers)
    connection = session.connection()
    both = [
        {"ended": old[0], "left": old[1], "task": task, "group": group}
        for old, (task, group) in zip(left, new, strict=False)
    ]
    if both:
        connection.execute(_HAND_ON, both)
    more = [{"task_id": task, "group_name": group} for task, group in new[len(left) :]]
    if more:
        connection.execute(_OFFER, more)
    gone = [{"task": task, "group": group} for task, group in left[len(new) :]]
    if gone:
        connection.execute(_WITHDRAW_ONE, gone)
    for task in ended:
        set_committed_value(task, "candidate_groups", [])


def withdraw(session: Session, task: UserTask) -> None:
    """Offer a task to nobody any more; no statement when it was offered to nobody."""
    if task.candidate_groups:
        session.connection().execute(_WITHDRAW, {"task": task.id})
        set_committed_value(task, "candidate_groups", [])
