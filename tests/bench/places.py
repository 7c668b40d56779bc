"""Places to measure in: an application on SQLite or on a PostgreSQL of its own, both with fsync on."""

from __future__ import annotations

import functools
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from psycopg.sql import SQL, Identifier
from sqlalchemy import Engine, make_url

from engine import queue
from tests import postgresql
from tests.bench import plain
from tests.site import PASSWORD, close
from web import create_app, db, people, sqlite

DATABASES = ("sqlite", "postgresql")
NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
# what a distribution's package leaves to the administrator, for a machine with a few GB
SERVER = {"shared_buffers": "512MB", "max_wal_size": "8GB", "max_connections": "60", "work_mem": "16MB"}


def available() -> tuple[str, ...]:
    """Return the databases that can be measured on this machine."""
    try:
        _server()
    except pytest.skip.Exception:
        return DATABASES[:1]
    return DATABASES


@functools.cache
def _server() -> str:
    """Start a PostgreSQL with fsync on; it ends with this process."""
    home = Path(tempfile.mkdtemp(prefix="bangvang-bench-pg-"))
    return postgresql.start_server_in(home, postgresql.find_binaries(), SERVER)[1]


@contextmanager
def open_url(database: str, folder: Path) -> Iterator[str]:
    """Give the URL of an empty database, dropped at the end."""
    if database == "sqlite":
        yield f"sqlite:///{folder / 'bangvang.sqlite3'}"
        return
    name = f"bench_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(_server(), autocommit=True) as connection:
        connection.execute(SQL("create database {}").format(Identifier(name)))
    try:
        url = make_url(_server()).set(drivername="postgresql+psycopg", database=name)
        yield url.render_as_string(hide_password=False)
    finally:
        with psycopg.connect(_server(), autocommit=True) as connection:
            connection.execute(SQL("drop database {} with (force)").format(Identifier(name)))


@contextmanager
def open_app(database: str, folder: Path) -> Iterator[Flask]:
    """Give an application with its tables, the demonstration's people and the measured process."""
    with open_url(database, folder) as url:
        settings = {"BANGVANG_INSTANCE": str(folder), "BANGVANG_DATABASE_URL": url}
        app = create_app({**settings, "BANGVANG_TEST_CLOCK": "1"})
        with app.app_context():
            db.db.metadata.create_all(writing(app))
            queue.create_schema(db.current_queue())
            with db.transaction() as session:
                people.load_demo(session, PASSWORD)
        plain.deploy(app)
        try:
            yield app
        finally:
            close(app)


def writing(app: Flask) -> Engine:
    """Return the engine of an application that may write."""
    with app.app_context():
        return sqlite.writing(db.db.engine)
