"""Rows that are written once: whoever comes second at the same moment writes nothing and is told so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from engine.tables import Base

# The one statement both databases have, but each in its own dialect.
INSERTS: dict[str, Callable[[type[Base]], Any]] = {
    "postgresql": postgresql.insert,
    "sqlite": sqlite.insert,
}


def add_once(session: Session, table: type[Base], **values: object) -> bool:
    """Insert a row unless one with the same key is there or is just being written; tell whether it was.

    Reading first and inserting then would fail for the second of two transactions; this one waits for the
    first to end and then does nothing.
    """
    session.flush()
    insert = INSERTS[session.connection().dialect.name](table)
    statement = insert.values(**values).on_conflict_do_nothing().returning(*table.__table__.primary_key)
    return session.execute(statement).first() is not None


def add_all_once(session: Session, table: type[Base], rows: Sequence[Mapping[str, object]]) -> None:
    """Insert many rows by one statement, leaving out those whose key is there or is just being written."""
    if not rows:
        return
    session.flush()
    insert = INSERTS[session.connection().dialect.name](table)
    session.execute(insert.on_conflict_do_nothing(), rows)
