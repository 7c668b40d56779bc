"""Variables of running and ended instances as rows, for whoever searches them: `keep` follows each step.

The scopes of the state are what counts; a row tells the last value that a scope had. What a secret task's
form posts is in no scope, so it is in no row.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from hashlib import blake2b
from typing import Any, cast

from sqlalchemy import ColumnElement, Connection, Select, Table, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from engine.errors import NotFound
from engine.handlers import Json
from engine.spiff import shape, state
from engine.spiff.scopes import PROCESS, Change
from engine.tables import ProcessInstance
from engine.variable_tables import Variable

BATCH = 500
encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def keep(session: Session, instance: ProcessInstance, changes: Iterable[Change]) -> None:
    """Write the last value of everything that a step changed, in one statement; no change costs none."""
    last = {(change.owner or PROCESS, change.name): change.after for change in changes}
    if last:
        rows = [_row(instance.id, scope, name, value) for (scope, name), value in last.items()]
        session.execute(_writing(session.get_bind().dialect.name), rows)


def _row(instance_id: int, scope: int, name: str, value: Json) -> dict[str, Any]:
    text = encode(value)
    return {
        "instance_id": instance_id,
        "scope": scope,
        "name": name,
        "value": text,
        "fingerprint": fingerprint(text),
    }


@cache
def _writing(dialect: str) -> Any:
    """Return the statement that adds a row or gives it another value."""
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    adding: Any = insert(cast(Table, Variable.__table__))
    new = {"value": adding.excluded.value, "fingerprint": adding.excluded.fingerprint}
    return adding.on_conflict_do_update(index_elements=["instance_id", "scope", "name"], set_=new)


def fingerprint(text: str) -> int:
    """Return the number that stands for a value's JSON text in the index, 64 bits with sign."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), signed=True)


def equals(text: str) -> ColumnElement[bool]:
    """Return the condition on variables that the value is exactly this JSON text; answered by an index."""
    return (Variable.fingerprint == fingerprint(text)) & (Variable.value == text)


def holders(name: str, condition: ColumnElement[bool] | None = None) -> Select[int]:
    """Return the ids of the instances that have a variable, in any scope, for an `IN`."""
    query = select(Variable.instance_id).where(Variable.name == name)
    return query if condition is None else query.where(condition)


def of_scope(session: Session, instance_id: int, scope: int = PROCESS) -> dict[str, Json]:
    """Return the variables of one scope by name, of the process unless a token's number is given."""
    query = select(Variable.name, Variable.value).where(
        Variable.instance_id == instance_id, Variable.scope == scope
    )
    return {name: json.loads(value) for name, value in session.execute(query.order_by(Variable.id))}


def get(session: Session, variable_id: int) -> Variable:
    """Return one variable; raises NotFound."""
    found = session.get(Variable, variable_id)
    if found is None:
        raise NotFound(kind="variable", key=variable_id)
    return found


def erase(session: Session, instance_id: int, values: Iterable[tuple[str, Json]]) -> None:
    """Delete the rows of an instance that still hold values erased from its history: name and value each."""
    for name, value in values:
        session.execute(
            delete(Variable).where(
                Variable.instance_id == instance_id, Variable.name == name, equals(encode(value))
            )
        )


def copy_states(connection: Connection) -> int:
    """Write the rows of the instances that are older than the table, in batches; return how many instances.

    Run once by the migration that makes the table, while nobody else writes. It can be repeated. An instance
    whose state cannot be read is left out: it has no scopes either.
    """
    table = ProcessInstance.__table__
    last, count = 0, 0
    while True:
        query = select(table.c.id, table.c.state).where(table.c.id > last).order_by(table.c.id).limit(BATCH)
        found = connection.execute(query).all()
        if not found:
            return count
        rows = [row for instance_id, text in found for row in _rows_of_state(instance_id, text)]
        if rows:
            connection.execute(_writing(connection.dialect.name), rows)
        last, count = found[-1].id, count + len(found)


def _rows_of_state(instance_id: int, text: str) -> Iterator[Mapping[str, Any]]:
    try:
        scopes = shape.read(text, state.FORMAT)["scopes"]
    except shape.Damaged:
        return
    for _number, _parent, owner, values in scopes:
        for name, value in values.items():
            yield _row(instance_id, owner or PROCESS, name, value)
