"""Carry the rows of an SQLite file into the same schema on PostgreSQL, as a growing office would."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Boolean, Engine, LargeBinary, MetaData, Table, text

from tests import databases

ASIDE = ("alembic_version", "procrastinate_")  # each database has its own


def read_revision(path: Path) -> str:
    """Return the revision of the schema of a file."""
    with closing(sqlite3.connect(path)) as connection:
        return str(connection.execute("select version_num from alembic_version").fetchone()[0])


def carry(path: Path, engine: Engine) -> None:
    """Copy every row; numbers go on behind the highest one."""
    tables = MetaData()
    tables.reflect(engine)
    with closing(sqlite3.connect(path)) as source, engine.begin() as target:
        source.row_factory = sqlite3.Row
        target.execute(text("set local timezone to 'UTC'"))  # SQLite keeps moments as UTC without saying so
        target.execute(text("set local session_replication_role to replica"))  # rows come in any order
        for table in tables.sorted_tables:
            if table.name.startswith(ASIDE):
                continue
            rows = [_read(table, row) for row in source.execute(f'select * from "{table.name}"')]  # noqa: S608
            if rows:
                names = ", ".join(f'"{name}"' for name in rows[0])
                values = ", ".join(f":{name}" for name in rows[0])
                target.execute(text(f'insert into "{table.name}" ({names}) values ({values})'), rows)  # noqa: S608
        databases.number_on(target, tables.sorted_tables)


def _read(table: Table, row: sqlite3.Row) -> dict[str, Any]:
    """Return a row with truth values and bytes as PostgreSQL wants them; it reads all else from text."""
    found = dict(row)
    for name, value in found.items():
        if value is not None and isinstance(table.c[name].type, Boolean):
            found[name] = bool(value)
        elif isinstance(value, str) and isinstance(table.c[name].type, LargeBinary):
            found[name] = value.encode()
    return found
