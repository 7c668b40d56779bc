"""Give every table the key it would be sharded by: `tenant`, the installation that a row belongs to.

The database itself fills the column in (engine/decisions/0017): no statement of ours names it, so an insert
sends and returns nothing more, and no class maps it. On PostgreSQL a role or a database is told whose it is
(`ALTER ROLE province_48 SET bangvang.tenant = '48'`); an SQLite file belongs to one office.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Table, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import ColumnElement

KEY = "tenant"
PARAMETER = "bangvang.tenant"  # of the PostgreSQL role, database or connection
NOBODY = "default"  # Camunda's <default>: an installation that was told nothing


class Owner(ColumnElement[str]):
    """The installation that the connection writes for, as the default of a column."""

    inherit_cache = True
    type = Text()


@compiles(Owner)
def _write_literal(_element: Owner, _compiler: SQLCompiler, **_options: Any) -> str:
    return f"'{NOBODY}'"


@compiles(Owner, "postgresql")
def _write_parameter(_element: Owner, _compiler: SQLCompiler, **_options: Any) -> str:
    return f"coalesce(nullif(current_setting('{PARAMETER}', true), ''), '{NOBODY}')"


def carry(table: Table) -> None:
    """Add the key to a table whose class is mapped already: objects neither load nor write it."""
    table.append_column(Column(KEY, Text, nullable=False, server_default=Owner()))
