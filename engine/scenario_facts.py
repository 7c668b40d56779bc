"""What a scenario can expect of the engine: lists of facts, and how an entry of a scenario matches one.

An entry holds when as many facts as its `count` (without it at least one) have every value that it names.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeAlias

from sqlalchemy import Date, LargeBinary, insert, select
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from engine import clock
from engine.spiff import state
from engine.tables import Base, HistoryEvent, Incident, Message, ProcessInstance, Timer, UserTask, UtcDateTime

Fact: TypeAlias = Mapping[str, Any]
ROWS = "rows"
REFERENCE = "$row"
CONTAINS = "contains"


@dataclass(frozen=True)
class Kind:
    """One kind of fact: the names of its values, and how all facts of that kind are read."""

    fields: Sequence[str]
    read: Callable[[Session], Iterator[Fact]]


def columns(table: str) -> Sequence[str]:
    """Return the columns of a table, none for one that there is not."""
    found = Base.metadata.tables.get(table)
    return [] if found is None else [column.name for column in found.columns]


def read_table(session: Session, table: str) -> Iterator[Fact]:
    """Yield the rows of a table, oldest first."""
    source = Base.metadata.tables[table]
    for row in session.execute(select(source).order_by(*source.primary_key.columns)).mappings():
        yield {name: plain(value) for name, value in row.items()}


def add_row(session: Session, table: str, row: Fact) -> None:
    """Add a row as a scenario writes it: days and moments as text, the zone of the people."""
    target = Base.metadata.tables[table]
    kinds = {column.name: column.type for column in target.columns}
    session.execute(insert(target).values({name: _read(kinds[name], value) for name, value in row.items()}))


def _read(kind: TypeEngine[Any], value: Any) -> Any:
    if isinstance(kind, Date) and value is not None:
        return date.fromisoformat(value)
    if isinstance(kind, UtcDateTime) and value is not None:
        return datetime.fromisoformat(value).replace(tzinfo=clock.ZONE)
    return value.encode() if isinstance(kind, LargeBinary) else value


def plain(value: Any) -> Any:
    """Return a value as a scenario writes it: moments in the zone of the people, to the minute."""
    if isinstance(value, datetime):
        return clock.local(value).strftime("%Y-%m-%d %H:%M")
    return value.isoformat() if isinstance(value, date) else value


def matches(entry: Fact, fact: Fact) -> bool:
    """Tell whether a fact has every value that the entry names; `table` and `count` are no values."""
    wanted = {name: value for name, value in entry.items() if name not in ("table", "count")}
    return all(_fits(value, fact.get(name)) for name, value in wanted.items())


def _fits(wanted: Any, found: Any) -> bool:
    if isinstance(wanted, dict) and set(wanted) == {CONTAINS}:
        text = found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)
        return str(wanted[CONTAINS]) in text
    if isinstance(found, list) and not isinstance(wanted, list):
        return wanted in found
    if isinstance(wanted, bool) or isinstance(found, bool):
        return wanted is found
    return bool(wanted == found)


def closest(entry: Fact, facts: Sequence[Fact]) -> list[Fact]:
    """Return up to five facts that fit an entry best, with the values that it names."""
    names = [name for name in entry if name not in ("table", "count")]
    ranked = sorted(facts, key=lambda fact: -sum(_fits(entry[name], fact.get(name)) for name in names))
    return [{name: fact.get(name) for name in names} for fact in ranked[:5]]


def _tasks(session: Session) -> Iterator[Fact]:
    query = select(UserTask).where(UserTask.status == "open").order_by(UserTask.id)
    for task in session.scalars(query):
        yield {
            "element": task.element,
            "process": task.process_id,
            "key": task.business_key,
            "name": task.name,
            "subject": task.subject,
            "assignee": task.assignee,
            "groups": sorted(group.group_name for group in task.candidate_groups),
            "due": plain(task.due_at),
            "priority": task.priority,
        }


def _instances(session: Session) -> Iterator[Fact]:
    for row in session.scalars(select(ProcessInstance).order_by(ProcessInstance.id)):
        suspended = row.suspended_at is not None
        yield {
            **_place(row),
            "status": row.status,
            "started_by": row.started_by,
            "suspended": suspended,
            "called": row.parent_id is not None,
        }


def _place(instance: ProcessInstance | None) -> Fact:
    if instance is None:
        return {"process": None, "key": None}
    return {"process": instance.process_id, "key": instance.business_key}


def _variables(session: Session) -> Iterator[Fact]:
    for row in session.scalars(select(ProcessInstance).order_by(ProcessInstance.id)):
        for name, value in state.variables(row.state).items():
            yield {**_place(row), "name": name, "value": value}


def _events(session: Session) -> Iterator[Fact]:
    query = select(HistoryEvent, ProcessInstance).order_by(HistoryEvent.id)
    query = query.join(ProcessInstance, ProcessInstance.id == HistoryEvent.instance_id)
    for event, instance in session.execute(query):
        yield {
            **_place(instance),
            "kind": event.kind,
            "element": event.element,
            "at": plain(event.at),
            "actor": event.actor,
            "data": event.data,
        }


def _incidents(session: Session) -> Iterator[Fact]:
    query = select(Incident).where(Incident.status == "open").order_by(Incident.id)
    for row in session.scalars(query):
        place = _place(session.get(ProcessInstance, row.instance_id))
        yield {**place, "element": row.element, "kind": row.kind, "text": row.vi}


def _timers(session: Session) -> Iterator[Fact]:
    for row in session.scalars(select(Timer).where(Timer.status == "waiting").order_by(Timer.id)):
        place = _place(session.get(ProcessInstance, row.instance_id or 0))
        yield {**place, "element": row.element, "due": plain(row.due_at), "of_task": row.task_id is not None}


def _messages(session: Session) -> Iterator[Fact]:
    for row in session.scalars(select(Message).order_by(Message.id)):
        yield {
            "name": row.name,
            "key": row.correlation_key,
            "status": row.status,
            "variables": row.variables,
        }


def _no_rows(_session: Session) -> Iterator[Fact]:
    """Read nothing: the table is named by the entry."""
    return iter(())


_HERE = ("process", "key", "element")
KINDS: Mapping[str, Kind] = {
    "tasks": Kind((*_HERE, "name", "subject", "assignee", "groups", "due", "priority"), _tasks),
    "instances": Kind(("process", "key", "status", "started_by", "suspended", "called"), _instances),
    "variables": Kind(("process", "key", "name", "value"), _variables),
    "events": Kind((*_HERE, "kind", "at", "actor", "data"), _events),
    "incidents": Kind((*_HERE, "kind", "text"), _incidents),
    "timers": Kind((*_HERE, "due", "of_task"), _timers),
    "messages": Kind(("name", "key", "status", "variables"), _messages),
    ROWS: Kind((), _no_rows),
}
