"""Element instances: every token that stood on an element, derived from history and state, never stored.

    elements.of_instance(session, instance)              # exact
    elements.count(elements.of_instance(…))              # active, canceled, incidents, completed by element

The number of the token is the number of the element instance, 0 is the process itself. What only listens, an
event attached to an activity or one that waits for a scope, becomes an element instance when it happens; a
token that waits at a join becomes one when the join fires (decisions/0013).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from engine import deployments
from engine.bpmn.model import Process
from engine.element_lives import Life, follow, stands
from engine.element_types import type_of
from engine.spiff import shape, state
from engine.tables import HistoryEvent, Incident, ProcessInstance

ACTIVE, COMPLETED, TERMINATED = "ACTIVE", "COMPLETED", "TERMINATED"
ENDS = {"completed": COMPLETED, "error": TERMINATED, "cancelled": TERMINATED}
PROCESS = 0


@dataclass(frozen=True)
class ElementInstance:
    """One element instance; `scope` is the token around it, None where history cannot tell which of several.

    An incident of its own has `incident_id`; `has_incident` also tells of those inside it.
    """

    instance_id: int
    token: int
    element: str
    name: str
    type: str
    state: str
    started_at: datetime
    ended_at: datetime | None
    scope: int | None
    incident_id: int | None
    has_incident: bool


@dataclass(frozen=True)
class Count:
    """How many element instances of one element are in each state, and how many of them have an incident."""

    active: int = 0
    canceled: int = 0
    incidents: int = 0
    completed: int = 0


def of_instance(session: Session, instance: ProcessInstance) -> list[ElementInstance]:
    """Return the element instances of an instance by token, the process first."""
    return of_instances(session, [instance])[instance.id]


def of_instances(session: Session, instances: Sequence[ProcessInstance]) -> dict[int, list[ElementInstance]]:
    """Return the element instances of several instances; two statements for all of them."""
    ids = [instance.id for instance in instances]
    events = _events(session, ids)
    incidents = _incidents(session, ids)
    return {
        instance.id: _derive(
            instance,
            deployments.compiled(session, instance).process,
            events[instance.id],
            incidents[instance.id],
        )
        for instance in instances
    }


def _events(session: Session, ids: Collection[int]) -> Mapping[int, list[Row[Any]]]:
    columns = (HistoryEvent.instance_id, HistoryEvent.sequence, HistoryEvent.at, HistoryEvent.kind)
    query = select(*columns, HistoryEvent.element, HistoryEvent.data).where(HistoryEvent.instance_id.in_(ids))
    found: dict[int, list[Row[Any]]] = defaultdict(list)
    for row in session.execute(query.order_by(HistoryEvent.instance_id, HistoryEvent.sequence)):
        found[row.instance_id].append(row)
    return found


def _incidents(session: Session, ids: Collection[int]) -> Mapping[int, dict[int, int]]:
    """Return the newest open incident of each token by instance."""
    query = select(Incident.instance_id, Incident.token, Incident.id).where(
        Incident.instance_id.in_(ids), Incident.status == "open"
    )
    found: dict[int, dict[int, int]] = defaultdict(dict)
    for row in session.execute(query.order_by(Incident.id)):
        found[row.instance_id][row.token] = row.id
    return found


def _derive(
    instance: ProcessInstance, process: Process, events: Iterable[Any], incidents: Mapping[int, int]
) -> list[ElementInstance]:
    lives = follow(events)
    _look_at(instance, lives)
    kept = {
        number: life
        for number, life in lives.items()
        if stands(life, process, ended=instance.status != "active") or number in incidents
    }
    process_row = ElementInstance(
        instance.id,
        PROCESS,
        process.id,
        process.name or process.id,
        "PROCESS",
        ENDS.get(instance.status, ACTIVE),
        instance.started_at,
        instance.ended_at,
        None,
        incidents.get(PROCESS),
        bool(incidents),
    )
    rows = [_row(instance, process, life, kept, incidents) for _, life in sorted(kept.items())]
    return [process_row, *_mark_around(rows)]


def _look_at(instance: ProcessInstance, lives: Mapping[int, Life]) -> None:
    """Let the lives that go on know what the state says of their tokens; a damaged one says nothing."""
    if instance.status != "active":
        return
    try:
        body = shape.read(instance.state, state.FORMAT)
    except shape.Damaged:
        return
    owners = {row[0]: row[2] or PROCESS for row in body["scopes"]}
    for number, _element, _state, data in body["tokens"]:
        if number in lives:
            lives[number].live = data
            around = owners.get(data.get("scope"), PROCESS)
            lives[number].around = data.get("body", around)


def _row(
    instance: ProcessInstance,
    process: Process,
    life: Life,
    lives: Mapping[int, Life],
    incidents: Mapping[int, int],
) -> ElementInstance:
    element = process.elements.get(life.element)
    ended_at, ended = life.ended_at, life.end
    if ended is None:
        ended, ended_at = (ACTIVE, None) if instance.status == "active" else (TERMINATED, instance.ended_at)
    happened = element is not None and element.kind == "boundaryEvent" and ended_at is not None
    return ElementInstance(
        instance.id,
        life.token,
        life.element,
        life.element if element is None else element.name or element.id,
        type_of(element, body=life.is_body),
        ended,
        ended_at if happened and ended_at is not None else life.started_at,
        ended_at,
        _around(process, life, lives),
        incidents.get(life.token),
        life.token in incidents,
    )


def _around(process: Process, life: Life, lives: Mapping[int, Life]) -> int | None:
    """Return the token of the scope that a life was in: told by the state, else the only one it can be."""
    if life.around is not None:
        return life.around
    element = process.elements.get(life.element)
    if life.is_iteration:
        around = [other for other in lives.values() if other.element == life.element and other.is_body]
    elif element is None or element.scope == process.id:
        return PROCESS
    else:
        inside = [other for other in lives.values() if other.element == element.scope]
        around = [other for other in inside if not other.is_body]
    around = [other for other in around if other.surrounds(life)]
    return around[0].token if len(around) == 1 else None


def _mark_around(rows: Sequence[ElementInstance]) -> list[ElementInstance]:
    """Tell of what lies around an incident that it has one, too."""
    by_token = {row.token: row for row in rows}
    marked: set[int] = set()
    for row in rows:
        scope = row.scope if row.has_incident else None
        while scope in by_token and scope not in marked:
            marked.add(scope)
            scope = by_token[scope].scope
    return [replace(row, has_incident=True) if row.token in marked else row for row in rows]


def count(rows: Iterable[ElementInstance]) -> dict[str, Count]:
    """Return the counts of each element that has element instances, the process itself left out."""
    found: dict[str, Count] = {}
    for row in rows:
        if row.token == PROCESS:
            continue
        before = found.get(row.element, Count())
        found[row.element] = Count(
            before.active + (row.state == ACTIVE),
            before.canceled + (row.state == TERMINATED),
            before.incidents + (row.incident_id is not None),
            before.completed + (row.state == COMPLETED),
        )
    return found
