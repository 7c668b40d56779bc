"""Who called whom: the instance at the top of a line of calls."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from engine.tables import ProcessInstance


def find_roots(session: Session, instance_ids: Collection[int]) -> dict[int, int]:
    """Return the id of the instance at the top of the line for each given one, itself without a caller.

    One statement for all of them.
    """
    if not instance_ids:
        return {}
    line = (
        select(ProcessInstance.id.label("below"), ProcessInstance.id, ProcessInstance.parent_id)
        .where(ProcessInstance.id.in_(instance_ids))
        .cte("line", recursive=True)
    )
    caller = aliased(ProcessInstance)
    above = select(line.c.below, caller.id, caller.parent_id).where(caller.id == line.c.parent_id)
    line = line.union_all(above)
    top = select(line.c.below, line.c.id).where(line.c.parent_id.is_(None))
    return {row.below: row.id for row in session.execute(top)}
