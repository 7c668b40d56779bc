"""Multiply real cases by bulk insert: what the engine wrote for one case is copied for a million.

Every row of the case (its instance, tasks, groups, timers, history) is copied with new keys by one INSERT …
SELECT per table, so that rows have the sizes and the shapes of real ones. The hashes of copied events are
those of their pattern: what proves a history is measured on real events (`tests.bench.audit`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Engine,
    Select,
    Table,
    cast,
    func,
    insert,
    literal,
    select,
    text,
)

from engine.tables import Base, CandidateGroup, HistoryEvent, ProcessInstance, UserTask

BATCH = 100_000  # cases per statement
Changes = Mapping[str, Mapping[str, Callable[[Any], ColumnElement[Any]]]]
_OF_CASE = ("user_task", "timer", "job", "subscription", "incident", "history_event", "element_instance")


def numbers(first: int, last: int) -> Any:
    """Return the numbers first … last as a table of one column `n`, on either database."""
    counted = select(cast(literal(first), BigInteger).label("n")).cte("numbers", recursive=True)
    return counted.union_all(select(counted.c.n + 1).where(counted.c.n < last))


def multiply(engine: Engine, instance: int, times: int, changes: Changes | None = None) -> int:
    """Copy one case so many times; return the id of the first copy, the others follow it.

    `changes` says by table and column what differs: a function of the number of the copy, from 1.
    """
    changes = changes or {}
    with engine.begin() as connection:
        base = _highest(connection, Base.metadata.tables["process_instance"])
        strides = {name: _stride(connection, name, instance) for name in _tables()}
        heights = {name: _highest(connection, Base.metadata.tables[name]) for name in _tables()}
    for first in range(1, times + 1, BATCH):
        span = numbers(first, min(first + BATCH - 1, times))
        with engine.begin() as connection:
            _copy(connection, "process_instance", span, {"id": lambda n: n + base}, instance, changes)
            for name, (lowest, stride) in strides.items():
                if stride:
                    keys = {"instance_id": lambda n: n + base}
                    height = heights[name]
                    table = Base.metadata.tables[name]
                    keys["id"] = lambda n, t=table, h=height, s=stride, w=lowest: (  # type: ignore[misc]
                        t.c.id - w + 1 + h + (n - 1) * s
                    )
                    _copy(connection, name, span, keys, instance, changes)
            _copy_groups(connection, span, instance, strides, heights, changes)
    settle(engine)
    return base + 1


def _tables() -> Iterator[str]:
    return (name for name in _OF_CASE if name in Base.metadata.tables)


def _highest(connection: Connection, table: Table) -> int:
    return connection.scalar(select(func.max(table.c.id))) or 0


def _stride(connection: Connection, name: str, instance: int) -> tuple[int, int]:
    """Return the lowest key of the case's rows in a table and how many keys they span; zeros without rows."""
    table = Base.metadata.tables[name]
    low, high = connection.execute(
        select(func.min(table.c.id), func.max(table.c.id)).where(table.c.instance_id == instance)
    ).one()
    return (0, 0) if low is None else (low, high - low + 1)


def _copy(
    connection: Connection,
    name: str,
    span: Any,
    keys: Mapping[str, Callable[[Any], ColumnElement[Any]]],
    instance: int,
    changes: Changes,
) -> None:
    table = Base.metadata.tables[name]
    owner = table.c.id if name == "process_instance" else table.c.instance_id
    new = {**keys, **changes.get(name, {})}
    columns = [new[c.name](span.c.n).label(c.name) if c.name in new else c for c in table.columns]
    source = select(*columns).select_from(table.join(span, literal(True))).where(owner == instance)
    connection.execute(insert(table).from_select([c.name for c in table.columns], source))


def _copy_groups(
    connection: Connection,
    span: Any,
    instance: int,
    strides: Mapping[str, tuple[int, int]],
    heights: Mapping[str, int],
    changes: Changes,
) -> None:
    """Copy the groups that open tasks are offered to."""
    groups, tasks = Base.metadata.tables["candidate_group"], Base.metadata.tables["user_task"]
    lowest, stride = strides["user_task"]
    new = {
        "task_id": lambda n: groups.c.task_id - lowest + 1 + heights["user_task"] + (n - 1) * stride,
        **changes.get("candidate_group", {}),
    }
    columns = [new[c.name](span.c.n).label(c.name) if c.name in new else c for c in groups.columns]
    source: Select[Any] = (
        select(*columns)
        .select_from(groups.join(tasks, tasks.c.id == groups.c.task_id).join(span, literal(True)))
        .where(tasks.c.instance_id == instance)
    )
    connection.execute(insert(groups).from_select([c.name for c in groups.columns], source))


def settle(engine: Engine) -> None:
    """Let PostgreSQL know what it holds now, and begin new keys behind the copied ones."""
    if engine.dialect.name != "postgresql":
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for name in ("process_instance", "candidate_group", *_tables()):
            connection.execute(text(f"VACUUM ANALYZE {name}"))
            table = Base.metadata.tables[name]
            if "id" in table.columns:
                top = select(func.max(table.c.id)).scalar_subquery()
                key = func.pg_get_serial_sequence(name, "id")
                connection.execute(select(func.setval(key, func.coalesce(top, 1))))


def count(engine: Engine, status: str) -> dict[str, int]:
    """Return how many instances of a status, events and open tasks there are."""
    with engine.connect() as connection:
        found = {
            "instances": select(func.count()).where(ProcessInstance.status == status),
            "events": select(func.count()).select_from(HistoryEvent),
            "tasks": select(func.count()).where(UserTask.status == "open"),
            "groups": select(func.count()).select_from(CandidateGroup),
        }
        return {name: connection.scalar(query) or 0 for name, query in found.items()}
