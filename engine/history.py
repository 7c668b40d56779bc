"""History: append-only facts of an instance, numbered per instance, written in the step's transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import event, insert, select
from sqlalchemy.orm import Session, SessionTransaction

from engine import clock
from engine.actors import Actor
from engine.handlers import Json
from engine.tables import HistoryEvent, ProcessInstance

_UNWRITTEN = "unwritten history"
# the table, not the class: the class would split the rows by which values are absent
_table = HistoryEvent.metadata.tables[HistoryEvent.__tablename__]


def record(
    session: Session,
    instance: ProcessInstance,
    kind: str,
    actor: Actor,
    data: Mapping[str, Json],
    element: str | None = None,
) -> None:
    """Number one event and keep it until `write`; kinds are `noun.past`."""
    instance.events += 1
    unwritten: list[dict[str, object]] = session.info.setdefault(_UNWRITTEN, [])
    unwritten.append(
        {
            "instance_id": instance.id,
            "sequence": instance.events,
            "at": clock.now(),
            "kind": kind,
            "element": element,
            "actor": actor.name,
            "on_behalf_of": actor.on_behalf_of,
            "data": dict(data),
        }
    )


def write(session: Session) -> None:
    """Write what was recorded, in one statement; whoever records writes before the transaction ends."""
    unwritten = session.info.pop(_UNWRITTEN, [])
    if unwritten:
        session.execute(insert(_table), unwritten)


@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, _previous: SessionTransaction) -> None:
    """Forget what was recorded in a transaction that did not happen."""
    if session.get_nested_transaction() is None:
        session.info.pop(_UNWRITTEN, None)


@event.listens_for(Session, "before_commit")
def _refuse_to_lose(session: Session) -> None:
    """Refuse to commit while recorded events are not written: an event is never lost in silence."""
    # a savepoint is not the end: the event is called for it, too
    if session.info.get(_UNWRITTEN) and not session.in_nested_transaction():
        raise RuntimeError("recorded history was not written before the commit")


def of_instance(session: Session, instance_id: int) -> Sequence[HistoryEvent]:
    """Return the events of an instance by sequence number."""
    query = select(HistoryEvent).where(HistoryEvent.instance_id == instance_id)
    return session.scalars(query.order_by(HistoryEvent.sequence)).all()


def completed_elements(events: Sequence[HistoryEvent]) -> list[str]:
    """Return the ids of completed elements in the order they completed."""
    return [found.element for found in events if found.kind == "element.completed" and found.element]


def taken_flows(events: Sequence[HistoryEvent]) -> set[str]:
    """Return the ids of the flows that tokens walked."""
    return {flow for event in events for flow in event.data.get("flows", []) if flow}
