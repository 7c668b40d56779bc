"""Make an SQLite engine safe under many threads and processes; on another database nothing changes.

Readers get a snapshot that cannot write (PRAGMA query_only). Writers, connections with the execution option
write=True, BEGIN IMMEDIATE after waiting on a side file: SQLite's own busy handler sleeps up to 100 ms and
starves, and a transaction that reads first and writes later fails at once.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "busy_timeout=30000",
    "foreign_keys=ON",
    "recursive_triggers=ON",  # else INSERT OR REPLACE goes past the triggers of append-only tables
)
WRITE = "write"

# One writing view per engine: a fresh one each call is a new bind, a second connection, and a deadlock.
_writing: dict[Engine, Engine] = {}


def prepare(engine: Engine) -> Engine:
    """Attach the recipe to an engine on an SQLite file and return it; no-op on another database."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _connect)
        event.listen(engine, "begin", _begin)
        event.listen(engine, "checkin", _leave_queue)
        event.listen(engine, "close", _close)
    return engine


def writing(engine: Engine) -> Engine:
    """Return the view of `engine` whose transactions may write; always the same object for one engine."""
    if engine.dialect.name != "sqlite":
        return engine
    if engine not in _writing:  # setdefault alone would build a view at every call, 22 times per completion
        _writing.setdefault(engine, engine.execution_options(**{WRITE: True}))
    return _writing[engine]


def forget(engine: Engine) -> None:
    """Drop the writing view and the connections of an engine that is not needed any more."""
    _writing.pop(engine, None)
    engine.dispose()


@contextmanager
def references_unchecked(connection: Connection) -> Iterator[None]:
    """Leave references unchecked between transactions: SQLite changes a column by copying its table.

    It can be switched only while no transaction is open; on another database nothing changes.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    connection.connection.cursor().execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        connection.invalidate()  # nobody else gets a connection that does not check


def ensure_references(connection: Connection) -> None:
    """Refuse to go on when a row refers to one that is not there; raises RuntimeError naming the tables."""
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if broken:
            tables = sorted({str(row[0]) for row in broken})
            raise RuntimeError(f"{len(broken)} rows of {', '.join(tables)} refer to rows that are not there")


def _connect(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # SQLAlchemy sends BEGIN, not the sqlite3 module
    # SQLite's own lower() knows ASCII only: "đề nghị" would not find "Đề nghị".
    connection.create_function("lower", 1, _lower, deterministic=True)
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _begin(connection: Connection) -> None:
    writes = bool(connection.get_execution_options().get(WRITE, False))
    if writes:
        _enter_queue(connection)
    connection.exec_driver_sql(f"PRAGMA query_only={'OFF' if writes else 'ON'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _enter_queue(connection: Connection) -> None:
    info = connection.connection.info
    if "queue" not in info:
        path = f"{connection.engine.url.database}.writer"
        try:
            info["queue"] = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:  # a full or read-only disk is the database being away, not our mistake
            raise OperationalError("the queue of writers", None, error) from error
    fcntl.flock(info["queue"], fcntl.LOCK_EX)


def _leave_queue(_connection: DBAPIConnection | None, record: ConnectionPoolEntry) -> None:
    if "queue" in record.info:
        fcntl.flock(record.info["queue"], fcntl.LOCK_UN)


def _close(_connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
    queue = record.info.pop("queue", None)
    if queue is not None:
        os.close(queue)
