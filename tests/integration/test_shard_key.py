"""Every table carries the key it would be sharded by, and pays nothing for it."""

from __future__ import annotations

from sqlalchemy import Table, Text, create_engine, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool
from sqlalchemy.schema import CreateTable

import web.tables  # noqa: F401  its tables hang on the same metadata
import workflows.tables  # noqa: F401  its tables hang on the same metadata
from engine import clock, queue_tables, sharding
from engine.tables import Base, Deployment, HistoryEvent

# Procrastinate's tables are emptied as jobs end; every installation has its own (engine/decisions/0017).
NOT_OURS = frozenset(queue_tables.METADATA.tables)


def test_every_table_carries_the_key_it_would_be_sharded_by() -> None:
    tables = Base.metadata.tables

    without = [name for name, table in tables.items() if not _carries(table)]

    assert without == []
    assert not NOT_OURS & tables.keys()


def _carries(table: Table) -> bool:
    key = table.columns.get(sharding.KEY)
    return key is not None and not key.nullable and key.server_default is not None and type(key.type) is Text


def test_the_database_itself_knows_whose_a_row_is() -> None:
    table = Base.metadata.tables["history_event"]

    embedded = str(CreateTable(table).compile(dialect=sqlite.dialect()))  # type: ignore[no-untyped-call]
    served = str(CreateTable(table).compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]

    assert "tenant TEXT DEFAULT 'default' NOT NULL" in embedded
    assert "tenant TEXT DEFAULT coalesce(nullif(current_setting('bangvang.tenant', true), '')" in served


def test_no_statement_of_ours_names_the_key() -> None:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    Base.metadata.create_all(engine, tables=[Base.metadata.tables["deployment"]])
    seen: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda _c, _k, statement, *_: seen.append(statement))

    with Session(engine) as session:
        session.add(Deployment(at=clock.now(), actor="nora"))
        session.flush()
        session.expire_all()
        found = session.query(Deployment).one()
        stored = session.scalar(text("SELECT tenant FROM deployment"))
    engine.dispose()

    assert (found.actor, stored) == ("nora", sharding.NOBODY)
    assert len(seen) == 3
    assert not any(sharding.KEY in statement for statement in seen[:2])
    assert not hasattr(HistoryEvent, sharding.KEY)
