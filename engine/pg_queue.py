"""Procrastinate's own PostgreSQL connector, with the engine's clock deciding which job is due.

Everything else is Procrastinate's: its schema, its queries, LISTEN and NOTIFY. The one replaced query is
`fetch_job`, whose `now()` would not see a pinned clock. Heartbeats stay the database's real time.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, LiteralString

from procrastinate import sql
from procrastinate.psycopg_connector import PsycopgConnector
from psycopg import Connection
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import URL, Delete, Update
from sqlalchemy.dialects.postgresql import psycopg

from engine import queue_tables

DIALECT = psycopg.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped
# What Procrastinate's schema.sql made, by kind, in an order in which it can be dropped.
CATALOGUE: dict[LiteralString, LiteralString] = {
    "table": "select relname from pg_class where relkind = 'r' and relname like 'procrastinate\\_%'",
    "function": "select distinct proname from pg_proc where proname like 'procrastinate\\_%'",
    "type": "select typname from pg_type where typname like 'procrastinate\\_%'",
}
OPEN_TIMEOUT = 3.0  # seconds to wait for a connection before the worker is started again


class HastyPool(AsyncConnectionPool[Any]):
    """A pool that gives up soon without a database: its own pauses grow to minutes, the worker's do not."""

    async def open(self, wait: bool = False, timeout: float = OPEN_TIMEOUT) -> None:
        """Connect within OPEN_TIMEOUT seconds, else raise PoolTimeout."""
        await super().open(wait, min(timeout, OPEN_TIMEOUT))


class PgConnector(PsycopgConnector):
    """Procrastinate's asynchronous connector for one worker, on a pool of its own."""

    def __init__(self, url: URL, clock: Callable[[], datetime], idle_limit: float) -> None:
        # A worker paused inside a transaction would hold its locks, and with them every other worker, until
        # it wakes up; after `idle_limit` seconds the server ends that transaction.
        limit = f"-c idle_in_transaction_session_timeout={int(idle_limit * 1000)}"
        options = f"{url.query.get('options', '')} {limit}".strip()
        place = make_conninfo(conninfo(url), options=options)
        super().__init__(pool_factory=HastyPool, conninfo=place, min_size=1, max_size=4, timeout=OPEN_TIMEOUT)
        self._clock = clock

    async def execute_query_one_async(self, query: LiteralString, **arguments: Any) -> dict[str, Any]:
        """Run a query with one row; a job is fetched by the engine's clock."""
        if query != sql.queries["fetch_job"]:
            row: dict[str, Any] = await super().execute_query_one_async(query, **arguments)
            return row
        text, values = _compiled(
            queue_tables.fetch(arguments["worker_id"], self._clock(), arguments["queues"])
        )
        rows = await self.execute_query_all_async(text, **values)
        return rows[0] if rows else {"id": None}

    def end_values(self) -> dict[str, object]:
        """Return what an ended job stores besides its status: nothing, Procrastinate keeps events."""
        return {}

    async def execute_statement(self, statement: Update | Delete) -> int:
        """Run a statement in a transaction of its own; return how many rows it met."""
        text, values = _compiled(statement.returning(queue_tables.JOBS.c.id))
        return len(await self.execute_query_all_async(text, **values))


def drop_schema(connection: Connection[Any]) -> None:
    """Remove all that Procrastinate's schema.sql made; does not commit."""
    for kind, names in CATALOGUE.items():
        for (name,) in connection.execute(names).fetchall():
            drop = SQL("drop {} if exists {} cascade").format(SQL(kind), Identifier(name))
            connection.execute(drop)


def conninfo(url: URL) -> str:
    """Return what psycopg connects with; not the URL's own text, whose `+` for a space PostgreSQL refuses."""
    parts = url.translate_connect_args(username="user", database="dbname")
    return make_conninfo(**{**parts, **url.query})


def _compiled(statement: Update | Delete) -> tuple[Any, dict[str, Any]]:
    compiled = statement.compile(dialect=DIALECT, compile_kwargs={"render_postcompile": True})
    # SQLAlchemy built the text from our own constructs; values travel beside it.
    return compiled.string, dict(compiled.construct_params())
