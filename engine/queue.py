"""Put timers and jobs into the queue, inside the transaction of whoever asks.

    opened = queue.open_queue(url_or_engine)       # once per process
    queue.create_schema(opened)                    # idempotent; on PostgreSQL Procrastinate's own schema
    queue.drop_schema(opened)                      # its opposite; types and functions go too
    session.info["queue"] = opened                 # web and worker do this; without it nothing is deferred
    queue.defer_timer(session, timer.id, timer.due_at)
    queue.cancel_timer(session, timer.id)
    timer_id = queue.take_timer(session)           # a due one, in the transaction that fires it
    queue.defer_job(session, job.id, instance.id, retries=job.retries)
    queue.cancel_job(session, job.id)

A job is there if and only if the caller's transaction commits. The queue's engine is Procrastinate 3.10.0, on
PostgreSQL natively and on SQLite through `engine.sqlite_queue`. Rules that the code below keeps:

* a timer carries no instance lock: a job that waits for next week would block every later job with its
  lock. The same holds for a job with a moment: until then a wake-up without a lock waits in its place;
* timers have priority -10, so that looking for a due job does not walk over all that are not due;
* a duplicate under a queueing lock would abort the whole PostgreSQL transaction, and COMMIT would then roll
  back in silence: each insert stands in a savepoint of its own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from procrastinate.connector import BaseConnector
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.manager import JobManager
from procrastinate.schema import SchemaManager
from procrastinate.sync_psycopg_connector import SyncPsycopgConnector
from procrastinate.tasks import configure_task
from procrastinate.types import JSONValue
from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, func, inspect, make_url, select
from sqlalchemy.orm import Session

from engine import clock, pg_queue, queue_tables, sqlite_queue

logger = logging.getLogger(__name__)

NAME = "engine"
TIMER, JOB, WAKE = "timer", "job", "wake"
TIMER_PRIORITY = -10
RETRIES = 3  # attempts of a job whose element names no number, as in Zeebe
SCHEMA_LOCK = 7_211_620  # any number that nobody else locks: two processes may create the schema at once


@dataclass(frozen=True)
class Pace:
    """How often a worker shows that it lives and looks for work; seconds.

    A worker silent for `stall` is given up. Refuses a heartbeat above a third of that: living jobs would
    run twice.
    """

    heartbeat: float = 5.0
    stall: float = 30.0
    poll: float = 1.0
    rescue: int = 15  # seconds between two looks for jobs of lost workers; divides a minute

    def __post_init__(self) -> None:
        if self.heartbeat * 3 > self.stall:
            raise ValueError(
                f"heartbeat {self.heartbeat} s is more than a third of the stall time {self.stall} s"
            )
        if not 0 < self.rescue <= 60 or 60 % self.rescue:
            raise ValueError(f"rescue interval {self.rescue} s does not divide a minute")


@dataclass(frozen=True)
class Queue:
    """An opened queue: where it is, how jobs are put into it, and by which clock they are due."""

    engine: Engine
    manager: JobManager
    clock: Callable[[], datetime]
    pace: Pace


def open_queue(
    place: str | URL | Engine, *, clock: Callable[[], datetime] = clock.now, pace: Pace | None = None
) -> Queue:
    """Open the queue of a database: an SQLite file or PostgreSQL; connects only when used.

    The queue keeps connections of its own; only deferring uses the caller's. Raises ValueError for another
    database and for SQLite in memory.
    """
    url = place.url if isinstance(place, Engine) else make_url(place)
    connector: BaseConnector
    match url.get_backend_name():
        case "sqlite":
            engine = sqlite_queue.open_engine(url)
            connector = sqlite_queue.SqliteConnector(engine, clock)
        case "postgresql":
            engine = create_engine(url.set(drivername="postgresql+psycopg"), poolclass=NullPool)
            connector = SyncPsycopgConnector(
                conninfo=pg_queue.conninfo(url)
            )  # never opened: callers bring theirs
        case name:
            raise ValueError(f"the job queue needs SQLite or PostgreSQL, not {name}")
    return Queue(engine, JobManager(connector), clock, pace or Pace())


def close_queue(queue: Queue) -> None:
    """Give the queue's connections back."""
    queue.engine.dispose()


def open_connector(queue: Queue) -> sqlite_queue.SqliteConnector | pg_queue.PgConnector:
    """Return a fresh connector for one run of a worker."""
    if queue.engine.dialect.name == "sqlite":
        return sqlite_queue.SqliteConnector(sqlite_queue.open_engine(queue.engine.url), queue.clock)
    return pg_queue.PgConnector(queue.engine.url, queue.clock, queue.pace.stall)


def create_schema(queue: Queue) -> None:
    """Create the queue's tables where they do not exist yet."""
    if queue.engine.dialect.name == "sqlite":
        with sqlite_queue.writing(queue.engine) as connection:
            queue_tables.METADATA.create_all(connection)
            _create_indices(connection)
        return
    with queue.engine.begin() as connection:
        connection.execute(select(func.pg_advisory_xact_lock(SCHEMA_LOCK)))
        if not inspect(connection).has_table(queue_tables.JOBS.name):
            _driver(connection).execute(SchemaManager.get_schema())
        _create_indices(connection)


def _create_indices(connection: Connection) -> None:
    """Create what finds a due job where it is missing; an older release made the tables without it."""
    for index in queue_tables.DUE_INDICES:
        index.create(connection, checkfirst=True)


def drop_schema(queue: Queue) -> None:
    """Remove the queue's tables with everything that waits; on PostgreSQL types and functions too."""
    if queue.engine.dialect.name == "sqlite":
        with sqlite_queue.writing(queue.engine) as connection:
            queue_tables.METADATA.drop_all(connection)
        return
    with queue.engine.begin() as connection:
        pg_queue.drop_schema(_driver(connection))


def defer_timer(session: Session, timer_id: int, due_at: datetime, *, failures: int = 0) -> None:
    """Have a timer fire at `due_at` (aware); a timer that waits already is moved to that moment."""
    arguments: dict[str, JSONValue] = {"timer_id": timer_id, "failures": failures}
    _defer(session, _Order(TIMER, f"timer:{timer_id}", at=due_at), arguments)


def cancel_timer(session: Session, timer_id: int) -> None:
    """Take a waiting timer out of the queue; one that fires at this moment finds itself unwanted."""
    _forget(session, f"timer:{timer_id}")


def take_timer(session: Session) -> int | None:
    """Take the timer that has been due longest out of the queue; None when another job is to run first.

    It is back as soon as the transaction is rolled back. One that failed is left to `defer_timer`'s job.
    """
    queue: Queue | None = session.info.get("queue")
    if queue is None:
        return None
    taken = session.connection().execute(queue_tables.take(TIMER), {"now": queue.clock()}).scalar()
    return None if taken is None else int(taken["timer_id"])


def defer_job(
    session: Session,
    job_id: int,
    instance_id: int,
    *,
    at: datetime | None = None,
    retries: int = RETRIES,
    failures: int = 0,
) -> None:
    """Have a job run now, or at `at` (aware), never beside another job of its instance.

    `retries` is the number of attempts before an incident, as in Zeebe; `failures` those that went wrong
    already.
    """
    arguments: dict[str, JSONValue] = {
        "job_id": job_id,
        "instance_id": instance_id,
        "retries": retries,
        "failures": failures,
    }
    _forget(session, f"wake:{job_id}")
    if at is not None and _is_later(session, at):
        _defer(session, _Order(WAKE, f"wake:{job_id}", at=at), arguments)
    else:
        _defer(session, _Order(JOB, f"job:{job_id}", lock=f"instance:{instance_id}"), arguments)


def cancel_job(session: Session, job_id: int) -> None:
    """Take a waiting job out of the queue; one that runs at this moment finds itself unwanted."""
    _forget(session, f"job:{job_id}", f"wake:{job_id}")


@dataclass(frozen=True)
class _Order:
    """How one job waits: what waits for a moment stands behind everything that is due."""

    task: str
    queueing_lock: str
    lock: str | None = None
    at: datetime | None = None


def _defer(session: Session, order: _Order, arguments: dict[str, JSONValue]) -> None:
    queue: Queue | None = session.info.get("queue")
    if queue is None:
        return
    try:
        with session.begin_nested():
            # Asked for inside the block: the savepoint begins with the first use of the connection.
            connection = session.connection()
            connection.execute(queue_tables.forget(order.queueing_lock))
            configure_task(
                name=order.task,
                job_manager=queue.manager,
                connection=connection if queue.engine.dialect.name == "sqlite" else _driver(connection),
                queue=NAME,
                lock=order.lock,
                queueing_lock=order.queueing_lock,
                schedule_at=order.at,
                priority=TIMER_PRIORITY if order.at else 0,
            ).defer(**arguments)
    except AlreadyEnqueued:
        logger.debug("%s waits already, put there by another transaction", order.queueing_lock)


def _forget(session: Session, *queueing_locks: str) -> None:
    if session.info.get("queue") is not None:
        session.connection().execute(queue_tables.forget(*queueing_locks))


def _is_later(session: Session, at: datetime) -> bool:
    queue: Queue | None = session.info.get("queue")
    return queue is not None and at > queue.clock()


def _driver(connection: Connection) -> Any:
    """Return psycopg's own connection, which Procrastinate writes to."""
    return connection.connection.driver_connection
