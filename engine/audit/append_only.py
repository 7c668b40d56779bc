"""Tables that are only added to: the database itself refuses to change or delete their rows.

The triggers come with the table wherever it is made; a migration makes them with the same statements. They
stop mistakes, not the owner of the database: for that there is the chain.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import DDL, Table, event

from engine import sharding

SQLITE, POSTGRESQL = "sqlite", "postgresql"


def protect(table: Table, erasable: Sequence[str] = ()) -> None:
    """Make the triggers of a table with it; `erasable` columns may change, but only all of them together."""
    # whose installation a row is, is no fact of it: it may move with its office, and no hash covers it
    kept = [column.name for column in table.columns if column.name not in (*erasable, sharding.KEY)]
    for dialect in (SQLITE, POSTGRESQL):
        for statement in triggers(dialect, table.name, kept, erasable):
            ddl = DDL(statement).execute_if(dialect=dialect)  # type: ignore[no-untyped-call]
            event.listen(table, "after_create", ddl)


def triggers(dialect: str, table: str, kept: Sequence[str], erasable: Sequence[str] = ()) -> list[str]:
    """Return the statements that protect a table which exists."""
    return (_sqlite if dialect == SQLITE else _postgresql)(table, kept, erasable)


def _sqlite(table: str, kept: Sequence[str], erasable: Sequence[str]) -> list[str]:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    statements = [
        f"CREATE TRIGGER {table}_kept BEFORE UPDATE OF {', '.join(kept)} ON {table} {refuse}",
        f"CREATE TRIGGER {table}_deleted BEFORE DELETE ON {table} {refuse}",
    ]
    if erasable:
        same = " OR ".join(f"NEW.{name} IS OLD.{name}" for name in erasable)
        columns = ", ".join(erasable)
        statements.append(
            f"CREATE TRIGGER {table}_erased BEFORE UPDATE OF {columns} ON {table} WHEN {same} {refuse}"
        )
    return statements


def _postgresql(table: str, kept: Sequence[str], erasable: Sequence[str]) -> list[str]:
    function = f"{table}_append_only()"
    call = f"EXECUTE FUNCTION {function}"
    statements = [
        f"CREATE OR REPLACE FUNCTION {function} RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$",
        f"CREATE TRIGGER {table}_kept BEFORE UPDATE OF {', '.join(kept)} ON {table} FOR EACH ROW {call}",
        f"CREATE TRIGGER {table}_deleted BEFORE DELETE ON {table} FOR EACH ROW {call}",
        f"CREATE TRIGGER {table}_emptied BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {call}",
    ]
    if erasable:
        same = " OR ".join(f"NEW.{name} IS NOT DISTINCT FROM OLD.{name}" for name in erasable)
        statements.append(
            f"CREATE TRIGGER {table}_erased BEFORE UPDATE OF {', '.join(erasable)} ON {table} "
            f"FOR EACH ROW WHEN ({same}) {call}"
        )
    return statements
