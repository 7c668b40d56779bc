"""History: append-only facts of an instance, numbered per instance, written in the step's transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock
from engine.actors import Actor
from engine.handlers import Json
from engine.tables import HistoryEvent, ProcessInstance


def record(
    session: Session,
    instance: ProcessInstance,
    kind: str,
    actor: Actor,
    data: Mapping[str, Json],
    element: str | None = None,
) -> HistoryEvent:
    """Append one event; kinds are `noun.past`."""
    instance.events += 1
    event = HistoryEvent(
        instance_id=instance.id,
        sequence=instance.events,
        at=clock.now(),
        kind=kind,
        element=element,
        actor=actor.name,
        on_behalf_of=actor.on_behalf_of,
        data=dict(data),
    )
    session.add(event)
    return event


def of_instance(session: Session, instance_id: int) -> Sequence[HistoryEvent]:
    """Return the events of an instance by sequence number."""
    query = select(HistoryEvent).where(HistoryEvent.instance_id == instance_id)
    return session.scalars(query.order_by(HistoryEvent.sequence)).all()


def completed_elements(events: Sequence[HistoryEvent]) -> list[str]:
    """Return the ids of completed elements in the order they completed."""
    return [event.element for event in events if event.kind == "element.completed" and event.element]


def taken_flows(events: Sequence[HistoryEvent]) -> set[str]:
    """Return the ids of the flows that tokens walked."""
    return {flow for event in events for flow in event.data.get("flows", []) if flow}
