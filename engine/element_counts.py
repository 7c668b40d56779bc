"""Element instances of many instances counted by the database: by element, nothing loaded, no page.

Ended ones are counted from history. Those that go on are counted where something waits: a task, a job, a
timer, a subscription, a call, an incident. A sub-process or a loop is counted once for each instance that has
something waiting in it; `elements.count` tells exactly for one instance (decisions/0013).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TypeAlias

from sqlalchemy import ColumnElement, Select, func, select, union
from sqlalchemy.orm import Session, aliased

from engine.bpmn.model import SUB_PROCESSES, Element, Process
from engine.elements import Count
from engine.spiff import state
from engine.tables import HistoryEvent, Incident, Job, ProcessInstance, Subscription, Timer, UserTask

_COMPLETED = ("element.completed", "loop.completed")
_CANCELLED = "element.cancelled"
_Waiting: TypeAlias = UserTask | Job | Timer | Subscription | Incident


def count(session: Session, process: Process, condition: ColumnElement[bool]) -> dict[str, Count]:
    """Return the counts by element over the instances of one process that meet a condition on them."""
    chosen = select(ProcessInstance.id).where(condition)
    completed, canceled = _ended(session, chosen)
    active, incidents = _active(session, process, chosen), _with_incidents(session, chosen)
    found = {*completed, *canceled, *active, *incidents}
    return {
        element: Count(active[element], canceled[element], incidents[element], completed[element])
        for element in process.elements
        if element in found
    }


def _ended(session: Session, chosen: Select[int]) -> tuple[Counter[str], Counter[str]]:
    query = (
        select(HistoryEvent.element, HistoryEvent.kind, func.count())
        .where(HistoryEvent.instance_id.in_(chosen), HistoryEvent.kind.in_((*_COMPLETED, _CANCELLED)))
        .group_by(HistoryEvent.element, HistoryEvent.kind)
    )
    completed, canceled = Counter[str](), Counter[str]()
    for element, kind, number in session.execute(query):
        (canceled if kind == _CANCELLED else completed)[str(element)] += number
    return completed, canceled


def _with_incidents(session: Session, chosen: Select[int]) -> Counter[str]:
    query = select(Incident.element, func.count()).where(
        Incident.instance_id.in_(chosen), Incident.status == "open", Incident.token > 0
    )
    rows = session.execute(query.group_by(Incident.element)).all()
    return Counter({row[0]: row[1] for row in rows})


def _active(session: Session, process: Process, chosen: Select[int]) -> Counter[str]:
    """Count the tokens that wait, then what lies around them once for each instance."""
    places = union(
        *(
            select(row.instance_id, row.token, row.element).where(row.instance_id.in_(chosen), waits)
            for row, waits in _waiting()
        )
    ).subquery()
    query = select(places.c.element, func.count(), func.count(places.c.instance_id.distinct())).group_by(
        places.c.element
    )
    found = Counter[str]()
    for name, tokens, instances in session.execute(query):
        element = process.elements.get(name)
        if element is not None and not _listens(element):
            found[name] += instances if len(element.event_definitions) > 1 else tokens
    found += _calling(session, process, chosen)
    for container, inner in _containers(process):
        around = select(func.count(places.c.instance_id.distinct())).where(places.c.element.in_(inner))
        found[container] += session.scalar(around) or 0
    return found


def _waiting() -> Iterable[
    tuple[type[UserTask | Job | Timer | Subscription | Incident], ColumnElement[bool]]
]:
    return (
        (UserTask, UserTask.status == "open"),
        (Job, Job.status.in_(("open", "failed"))),
        (Timer, (Timer.status == "waiting") & Timer.task_id.is_(None)),
        (Subscription, Subscription.token.is_not(None)),
        (Incident, (Incident.status == "open") & (Incident.token > 0)),
    )


def _listens(element: Element) -> bool:
    """Tell whether a token there waits beside an activity, or for a scope, and is no element instance yet."""
    return element.kind in ("boundaryEvent", "startEvent")


def _calling(session: Session, process: Process, chosen: Select[int]) -> Counter[str]:
    """Count the call activities that wait for an instance; only these ask the state where a token is."""
    if all(element.kind != "callActivity" for element in process.elements.values()):
        return Counter()
    called = aliased(ProcessInstance)
    query = (
        select(ProcessInstance.id, ProcessInstance.state, called.parent_token)
        .join(called, called.parent_id == ProcessInstance.id)
        .where(ProcessInstance.id.in_(chosen), ProcessInstance.status == "active", called.status == "active")
    )
    found = Counter[str]()
    for _instance, text, token in session.execute(query):
        element = state.elements(text).get(token or 0)
        found.update([element] if element is not None else [])
    return found


def _containers(process: Process) -> Iterable[tuple[str, list[str]]]:
    """Return each sub-process and each loop with the ids of everything that can wait in it."""
    for element in process.elements.values():
        inner = _inside(process, element) if element.kind in SUB_PROCESSES else [element.id]
        if element.kind in SUB_PROCESSES:
            yield element.id, inner
        if element.loop is not None:
            yield element.id, inner


def _inside(process: Process, container: Element) -> list[str]:
    """Return what lies in a sub-process, however deep; what listens beside something counts, too."""
    found: list[str] = []
    todo = [container.id]
    while todo:
        for element in process.inside(todo.pop()):
            if not (element.triggered_by_event or element.kind == "startEvent"):
                found.append(element.id)
            todo.append(element.id)
    return found
