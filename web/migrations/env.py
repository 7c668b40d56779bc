"""Run Alembic on the application's database: the tables of all three rooms hang on one metadata."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context

import web.tables  # noqa: F401  its tables hang on the same metadata
import workflows.tables  # noqa: F401  its tables hang on the same metadata
from engine.tables import Base
from web import sqlite
from web.db import db


def render_type(kind: str, found: Any, autogen_context: Any) -> str | Literal[False]:
    """Write our own column types by their module, so that a migration imports what it names."""
    module = type(found).__module__
    if kind == "type" and module == "engine.tables":
        autogen_context.imports.add("import engine.tables")
        return f"engine.tables.{type(found).__name__}()"
    return False


def run() -> None:
    """Bring the database up or down inside one transaction, its references checked at the end."""
    with sqlite.writing(db.engine).connect() as connection, sqlite.references_unchecked(connection):
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=True,
            render_item=render_type,
            compare_type=True,
            include_name=lambda name, kind, _parents: kind != "table" or name in Base.metadata.tables,
        )
        with context.begin_transaction():
            context.run_migrations()
        sqlite.ensure_references(connection)
        connection.commit()


run()
