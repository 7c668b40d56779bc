"""Which versions of processes an actor may see: those of the cases they see, and what they may start."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Select, func, or_, select, true
from sqlalchemy.orm import Session

from engine.actors import Actor
from engine.tables import ProcessDefinition, ProcessInstance
from web import relations
from web.security import ADMINISTRATORS, AUDITORS, DESIGNERS, WORKERS
from workflows import starting

READERS = frozenset({DESIGNERS, AUDITORS, ADMINISTRATORS, WORKERS})


def sees_all(actor: Actor) -> bool:
    """Tell whether the actor may look at every definition: those who make, review, run or serve them."""
    return not READERS.isdisjoint(actor.groups)


def visible(session: Session, actor: Actor) -> ColumnElement[bool]:
    """Return the condition on ProcessDefinition under which the actor may see a version."""
    if sees_all(actor):
        return true()
    offered = {offer.process_id for offer in starting.offers(session, actor)}
    seen = select(ProcessInstance.definition_id).where(relations.visible_instances(actor))
    startable = newest().where(ProcessDefinition.process_id.in_(offered))
    return or_(ProcessDefinition.id.in_(seen), ProcessDefinition.id.in_(startable))


def newest() -> Select[int]:
    """Select the ids of the newest versions, of those that are not deleted."""
    alive = select(func.max(ProcessDefinition.id)).where(ProcessDefinition.deleted_at.is_(None))
    return alive.group_by(ProcessDefinition.process_id)
