"""The database that tests run on: SQLite, or PostgreSQL with BANGVANG_TEST_DATABASE=postgresql.

url = databases.make(tmp_path)              # empty, gone after the test
url = databases.copy(template, tmp_path)    # of one that nobody is connected to
settings = databases.settings(tmp_path)     # what the environment of `bangvang` must say
"""

from __future__ import annotations

import functools
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, Table, create_engine, func, make_url, select

from engine.tables import Base
from tests import postgresql

IN_USE = os.environ.get("BANGVANG_TEST_DATABASE", "sqlite")
if IN_USE not in ("sqlite", "postgresql"):
    raise ValueError(f"BANGVANG_TEST_DATABASE is {IN_USE}: sqlite or postgresql")

ON_POSTGRESQL = IN_USE == "postgresql"
# The name of the file is the one that `bangvang` itself makes in its folder.
FILE = "bangvang.sqlite3"
only_sqlite = pytest.mark.skipif(
    ON_POSTGRESQL, reason="about the file of SQLite: nothing of it on PostgreSQL"
)


def make(folder: Path, kind: str = IN_USE) -> str:
    """Return the URL of an empty database: a file of the folder that is made when used, or a new database."""
    return postgresql.make_database() if kind == "postgresql" else f"sqlite:///{folder / FILE}"


def copy(template: str, folder: Path) -> str:
    """Return the URL of a copy of a database that nobody is connected to."""
    source = make_url(template).database or ""
    if make_url(template).get_backend_name() == "postgresql":
        return postgresql.make_database(source)
    return f"sqlite:///{shutil.copy(source, folder / FILE)}"


@contextmanager
def with_tables() -> Iterator[Engine]:
    """Give a database with empty tables: of SQLite in memory, of PostgreSQL a copy of one made once."""
    engine = create_engine(postgresql.make_database(_tables()) if ON_POSTGRESQL else "sqlite://")
    if not ON_POSTGRESQL:
        Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


@functools.cache
def _tables() -> str:
    """Make a database with empty tables on PostgreSQL, return its name."""
    url = keep(postgresql.make_database())
    engine = create_engine(url)
    Base.metadata.create_all(engine)
    engine.dispose()
    return str(make_url(url).database)


def keep(url: str) -> str:
    """Keep a database beyond the test that made it, and return its URL: others are copied from it."""
    if make_url(url).get_backend_name() == "postgresql":
        postgresql.keep(url)
    return url


def settings(folder: Path, url: str | None = None) -> dict[str, str]:
    """Return the settings of an application in a folder, on a database of its own unless one is named."""
    return {"BANGVANG_INSTANCE": str(folder), "BANGVANG_DATABASE_URL": url or make(folder)}


def number_on(connection: Connection, tables: Sequence[Table]) -> None:
    """Let PostgreSQL number new rows behind those that came with numbers; SQLite does so by itself."""
    if connection.dialect.name != "postgresql":
        return
    for table in tables:
        if "id" in table.c and table.c.id.type.python_type is int:
            highest = select(func.max(table.c.id)).scalar_subquery()
            sequence = func.pg_get_serial_sequence(table.name, "id")
            connection.execute(select(func.setval(sequence, highest)))
