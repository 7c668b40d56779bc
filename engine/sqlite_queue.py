"""Connect Procrastinate to SQLite: same tasks, worker, locks, retries and heartbeats as on PostgreSQL.

Procrastinate 3.10.0 hands its connector the text of a named query. The text is looked up by name and
answered with SQLAlchemy statements; raw SQL stands only here and in the queries that Procrastinate itself
owns. A release with another text fails at once with KeyError, therefore the version is pinned exactly.

Two clocks: `clock` (the engine's, which can be pinned) decides which job is due; heartbeats and the age of
finished jobs are real time, because a clock that jumps must not make living workers look dead.

Every transaction of its own is BEGIN IMMEDIATE behind the writers' queue: a lock on `<database>.writer`,
the same side file that every other writer of the database takes. A job deferred through a session uses the
session's connection and takes no lock of its own.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeAlias

from procrastinate import exceptions
from procrastinate.connector import BaseAsyncConnector, BaseConnector, Notify
from sqlalchemy import URL, Connection, Delete, Engine, Update, create_engine, event, select
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from engine import queue_tables, sqlite_answers
from engine.queue_tables import JOBS
from engine.sqlite_answers import Rows

BUSY_TIMEOUT_MS = 30_000
WATCH_INTERVAL = 0.1  # seconds between two looks at whether another connection has committed
Clock: TypeAlias = Callable[[], datetime]


def open_engine(url: URL) -> Engine:
    """Return an engine of the queue's own on an SQLite file; raise ValueError for a database in memory."""
    if url.database in (None, "", ":memory:"):
        raise ValueError("the job queue needs an SQLite file: a database in memory belongs to one connection")
    engine = create_engine(url)

    @event.listens_for(engine, "connect")
    def prepare(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # SQLAlchemy sends BEGIN, not the sqlite3 module
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Give a connection inside a write transaction, after waiting in the writers' queue."""
    # One descriptor per turn: the lock belongs to the opened file, so threads exclude each other too.
    turn = os.open(f"{engine.url.database}.writer", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(turn, fcntl.LOCK_EX)
        with engine.connect().execution_options(write=True) as connection, connection.begin():
            yield connection
    finally:
        os.close(turn)


class SqliteConnector(BaseAsyncConnector):
    """Procrastinate's connector over one SQLite file; see the module for clocks and locks."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._threads: ThreadPoolExecutor | None = None

    def get_sync_connector(self) -> BaseConnector:
        """Return itself: its synchronous calls need no event loop."""
        return self

    def open(self, pool: Any = None) -> None:
        """Do nothing: the engine connects when asked."""

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    async def open_async(self, pool: Any = None) -> None:
        """Start the two threads that wait for the database: busy job threads must not delay a heartbeat."""
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="queue")

    async def close_async(self) -> None:
        """Stop the threads and give the connections back."""
        if self._threads is not None:
            self._threads.shutdown()
        self._threads = None
        self.close()

    def execute_query(self, query: str, **arguments: Any) -> None:
        """Run a query without a result."""
        self._run(query, arguments)

    def execute_query_one(self, query: str, **arguments: Any) -> dict[str, Any]:
        """Run a query with one row."""
        return self._run(query, arguments)[0]

    def execute_query_all(self, query: str, **arguments: Any) -> Rows:
        """Run a query with rows."""
        return self._run(query, arguments)

    def execute_query_one_with_connection(
        self, connection: Any, query: str, **arguments: Any
    ) -> dict[str, Any]:
        """Run a query with one row in the caller's transaction."""
        return self._answer(connection, query, arguments)[0]

    def execute_query_all_with_connection(self, connection: Any, query: str, **arguments: Any) -> Rows:
        """Run a query with rows in the caller's transaction."""
        return self._answer(connection, query, arguments)

    async def execute_query_async(self, query: str, **arguments: Any) -> None:
        """Run a query without a result, off the loop."""
        await self._off_loop(self._run, query, arguments)

    async def execute_query_one_async(self, query: str, **arguments: Any) -> dict[str, Any]:
        """Run a query with one row, off the loop."""
        rows: Rows = await self._off_loop(self._run, query, arguments)
        return rows[0]

    async def execute_query_all_async(self, query: str, **arguments: Any) -> Rows:
        """Run a query with rows, off the loop."""
        rows: Rows = await self._off_loop(self._run, query, arguments)
        return rows

    def end_values(self) -> dict[str, object]:
        """Return what an ended job stores besides its status: the moment, in real time."""
        return {"ended_at": datetime.now(UTC)}

    async def execute_statement(self, statement: Update | Delete) -> int:
        """Run a statement in a transaction of its own, off the loop; return how many rows it met."""
        count: int = await self._off_loop(self._execute, statement)
        return count

    async def listen_notify(self, on_notification: Notify, channels: Iterable[str]) -> None:
        """Report a commit of any other connection: SQLite has no LISTEN, but its data version changes."""
        connection = self._engine.raw_connection()
        names = list(channels)
        last = None
        try:
            while True:
                cursor = connection.cursor()
                version = cursor.execute("PRAGMA data_version").fetchone()
                cursor.close()
                if version != last:
                    last = version
                    for name in names:
                        await on_notification(channel=name, payload='{"type": "job_inserted", "job_id": 0}')
                await asyncio.sleep(WATCH_INTERVAL)
        finally:
            connection.close()

    async def _off_loop(self, function: Callable[..., Any], *arguments: Any) -> Any:
        if self._threads is None:
            raise exceptions.AppNotOpen
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)

    def _run(self, query: str, arguments: dict[str, Any]) -> Rows:
        name = sqlite_answers.NAMES[query]
        with sqlite_answers.translated():
            if name == "fetch_job" and not self._anything_due(arguments["queues"]):
                return [{"id": None}]
            with (
                self._engine.connect()
                if name in sqlite_answers.READS
                else writing(self._engine) as connection
            ):
                return self._answer(connection, query, arguments)

    def _answer(self, connection: Connection, query: str, arguments: dict[str, Any]) -> Rows:
        name = sqlite_answers.NAMES[query]
        if name in sqlite_answers.READS:
            return sqlite_answers.READS[name](connection, **arguments)
        return sqlite_answers.WRITES[name](connection, self._clock(), **arguments)

    def _anything_due(self, queues: Iterable[str] | None) -> bool:
        # An idle worker looks often: it must not stand in the writers' queue to find nothing.
        with self._engine.connect() as connection:
            found = connection.execute(
                select(JOBS.c.id).where(queue_tables.due(self._clock(), queues)).limit(1)
            )
            return found.first() is not None

    def _execute(self, statement: Update | Delete) -> int:
        with sqlite_answers.translated(), writing(self._engine) as connection:
            return connection.execute(statement).rowcount
